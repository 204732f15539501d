using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Fabric.Hosting;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Parses a text from outside; false with a reason for people when it is refused.</summary>
internal delegate bool TextParser<T>(string text, out T value, [NotNullWhen(false)] out string? error);

/// <summary>Reads the keys of a map by what they must be; what is wrong is noted and read as absent. Keys that nobody has asked for are unknown.</summary>
internal sealed class ConfigSection(ConfigMap map, string path, ConfigFaults faults)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Where the section begins.</summary>
    public string Place => map.Place;

    /// <summary>Path of keys from the top.</summary>
    public string Path => path;

    /// <summary>Takes what is wrong.</summary>
    public ConfigFaults Faults => faults;

    /// <summary>The value of a key as it stands.</summary>
    public ConfigNode? Node(string key)
    {
        _asked.Add(key);
        foreach (var entry in map.Entries)
        {
            if (entry.Key == key)
            {
                if (entry.Value is ConfigText { Text: null })
                {
                    faults.Add(entry.Place, PathOf(key), "has no value; give one or remove the key");
                    return null;
                }

                return entry.Value;
            }
        }

        return null;
    }

    /// <summary>Whether the key is there.</summary>
    public bool Has(string key) => map.Entries.Any(e => e.Key == key);

    /// <summary>Notes a fault of a key.</summary>
    public void Fault(string key, string text)
    {
        var entry = map.Entries.FirstOrDefault(e => e.Key == key);
        faults.Add(entry?.Value.Place ?? map.Place, PathOf(key), text);
    }

    /// <summary>A text that is parsed.</summary>
    public T? Value<T>(string key, TextParser<T> parse)
        where T : struct =>
        TryRead(Node(key), PathOf(key), parse, out var value) ? value : null;

    /// <summary>A value of the primitives, such as an ASN or an address.</summary>
    public T? Value<T>(string key)
        where T : struct, IValueText<T> => Value<T>(key, Primitive);

    /// <summary>A whole number.</summary>
    public long? Number(string key, long min, long max) => Value(key, Numbers(min, max));

    /// <summary>Whole seconds.</summary>
    public TimeSpan? Seconds(string key, int min, int max) => Number(key, min, max) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>true or false.</summary>
    public bool? Flag(string key) => Value(key, (string text, out bool value, [NotNullWhen(false)] out string? error) =>
    {
        value = text == "true";
        error = text is "true" or "false" ? null : $"give true or false, not {Quoted.Of(text)}";
        return error is null;
    });

    /// <summary>A text of 1 to 255 characters, none of them a control character.</summary>
    public string? Text(string key) => TryRead<string>(Node(key), PathOf(key), PlainText, out var text) ? text : null;

    /// <summary>Texts that are parsed, none twice: a list, or one alone.</summary>
    public ValueList<T>? List<T>(string key, TextParser<T> parse)
        where T : notnull
    {
        if (Node(key) is not { } node)
        {
            return null;
        }

        if (node is ConfigMap)
        {
            faults.Add(node.Place, PathOf(key), "must be a list, such as [a, b]");
            return null;
        }

        var items = node is ConfigList list ? list.Items : [node];
        var values = ImmutableArray.CreateBuilder<T>(items.Length);
        var seen = new HashSet<T>();
        for (var i = 0; i < items.Length; i++)
        {
            var at = node is ConfigList ? $"{PathOf(key)}[{i}]" : PathOf(key);
            if (!TryRead(items[i], at, parse, out var value))
            {
                continue;
            }

            if (seen.Add(value))
            {
                values.Add(value);
            }
            else
            {
                faults.Add(items[i].Place, at, $"{value} is there twice; remove one");
            }
        }

        return new ValueList<T>(values.ToImmutable());
    }

    /// <summary>Values of the primitives, none twice.</summary>
    public ValueList<T>? List<T>(string key)
        where T : struct, IValueText<T> => List<T>(key, Primitive);

    /// <summary>Values of the primitives, at least one, none twice.</summary>
    public ValueList<T>? NonEmptyList<T>(string key)
        where T : struct, IValueText<T> => NonEmptyList<T>(key, Primitive);

    /// <summary>Texts that are parsed, at least one, none twice.</summary>
    public ValueList<T>? NonEmptyList<T>(string key, TextParser<T> parse)
        where T : notnull
    {
        if (List(key, parse) is not { } values)
        {
            return null;
        }

        if (Node(key) is ConfigList { Items: [] })
        {
            Fault(key, "is empty; give at least one, or remove the key");
        }

        return values;
    }

    /// <summary>A section below a key.</summary>
    public ConfigSection? Section(string key) => Node(key) is { } node ? AsSection(node, PathOf(key)) : null;

    /// <summary>A list of sections below a key.</summary>
    public IEnumerable<ConfigSection> Sections(string key)
    {
        if (Node(key) is not { } node)
        {
            yield break;
        }

        if (node is not ConfigList list)
        {
            faults.Add(node.Place, PathOf(key), "must be a list, each item with a dash before it");
            yield break;
        }

        for (var i = 0; i < list.Items.Length; i++)
        {
            if (AsSection(list.Items[i], $"{PathOf(key)}[{i}]") is { } section)
            {
                yield return section;
            }
        }
    }

    /// <summary>Named things below a key, with names that are well formed.</summary>
    public IEnumerable<(string Name, ConfigNode Node, string Path)> Named(string key)
    {
        if (Node(key) is not { } node)
        {
            yield break;
        }

        if (node is not ConfigMap named)
        {
            faults.Add(node.Place, PathOf(key), "must be names with something below each");
            yield break;
        }

        foreach (var entry in named.Entries)
        {
            var at = $"{PathOf(key)}.{entry.Key}";
            if (!ConfigName.IsGood(entry.Key))
            {
                faults.Add(entry.Place, PathOf(key), $"{Quoted.Of(entry.Key)} is no name; {ConfigName.Rule}");
            }
            else if (entry.Value is ConfigText { Text: null })
            {
                faults.Add(entry.Place, at, "has nothing below it; remove it or write {}");
            }
            else
            {
                yield return (entry.Key, entry.Value, at);
            }
        }
    }

    /// <summary>A node as section; null, and noted, when it is none.</summary>
    public ConfigSection? AsSection(ConfigNode node, string at)
    {
        if (node is ConfigMap section)
        {
            return new ConfigSection(section, at, faults);
        }

        faults.Add(node.Place, at, "must be keys with values");
        return null;
    }

    /// <summary>Notes the keys that nobody has asked for. To be called last.</summary>
    public void RefuseOthers()
    {
        foreach (var entry in map.Entries.Where(e => !_asked.Contains(e.Key)))
        {
            faults.Add(entry.Place, path, $"unknown key {Quoted.Of(entry.Key)}; known here: {string.Join(", ", _asked)}");
        }
    }

    /// <summary>Parses a node that must be a text.</summary>
    public bool TryRead<T>(ConfigNode? node, string at, TextParser<T> parse, [NotNullWhen(true)] out T? value)
    {
        value = default;
        switch (node)
        {
            case null:
                return false;
            case ConfigText { Text: { } text }:
                if (parse(text, out var parsed, out var error))
                {
                    value = parsed!;
                    return true;
                }

                faults.Add(node.Place, at, error);
                return false;
            default:
                faults.Add(node.Place, at, "counts once; give one value");
                return false;
        }
    }

    /// <summary>A parser of whole numbers in a range.</summary>
    public static TextParser<long> Numbers(long min, long max) => (string text, out long value, [NotNullWhen(false)] out string? error) =>
    {
        var good = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max;
        error = good ? null : $"give a whole number {min}..{max}, not {Quoted.Of(text)}";
        return good;
    };

    /// <summary>A parser of an address with a port, IPv6 in brackets.</summary>
    public static bool EndPoint(string text, out IPEndPoint value, [NotNullWhen(false)] out string? error)
    {
        if (ListenAddress.Parse(text) is { } endPoint)
        {
            value = endPoint;
            error = null;
            return true;
        }

        value = null!;
        error = $"give an IP address and a port, such as 127.0.0.1:179 or [::1]:179, not {Quoted.Of(text)}";
        return false;
    }

    /// <summary>A parser of texts of 1 to 255 characters.</summary>
    public static bool PlainText(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = text.Length is >= 1 and <= 255 && !text.Any(char.IsControl) ? null : "give 1 to 255 characters, none of them a control character";
        return error is null;
    }

    /// <summary>A parser of a value of the primitives.</summary>
    public static bool Primitive<T>(string text, out T value, [NotNullWhen(false)] out string? error)
        where T : struct, IValueText<T> => T.TryParse(text, out value, out error);

    private string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";
}
