using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>YAML text as a tree and back. One document; no anchors, aliases or tags; keys are texts, each once.</summary>
internal static partial class ConfigYaml
{
    private const int MaxDepth = 32;

    /// <summary>Reads a document; null when its syntax is broken. Never throws; every fault is noted with its line.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">What the text is called in messages.</param>
    /// <param name="faults">Takes what is wrong.</param>
    public static ConfigMap? Read(string text, string source, ConfigFaults faults)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return new ConfigMap(source, []);
            }

            parser.Consume<DocumentStart>();
            var root = new Reader(parser, source, faults).Node("", 0);
            parser.Consume<DocumentEnd>();
            if (parser.Current is DocumentStart second)
            {
                faults.Add($"{source}:{second.Start.Line}", "", "a second document begins here; one file has one");
            }

            switch (root)
            {
                case ConfigMap map:
                    return map;
                case ConfigText { Text: null }:
                    return new ConfigMap(source, []);
                default:
                    faults.Add(root.Place, "", "the file must hold keys with values, such as asn: 65000");
                    return null;
            }
        }
        catch (TooDeepException e)
        {
            faults.Add($"{source}:{e.Line}", "", $"nested deeper than {MaxDepth} levels");
        }
        catch (YamlException e)
        {
            faults.Add($"{source}:{e.Start.Line}", "", $"this is not YAML: {Reason(e)}");
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The library's parser fails so on some broken texts, such as an empty tag.
            faults.Add($"{source}:{parser.Current?.End.Line ?? 1}", "", "this is not YAML from here on");
        }

        return null;
    }

    /// <summary>The tree as text. What it writes, <see cref="Read"/> reads as the same tree, but for places.</summary>
    public static string Write(ConfigMap root)
    {
        var text = new StringBuilder();
        WriteBlock(text, root, 0, atStart: true);
        return text.ToString();
    }

    private static void WriteBlock(StringBuilder text, ConfigNode node, int indent, bool atStart)
    {
        switch (node)
        {
            case ConfigMap map:
                foreach (var entry in map.Entries)
                {
                    text.Append(' ', atStart ? 0 : indent).Append(Quote(entry.Key)).Append(':');
                    WriteValue(text, entry.Value, indent, afterDash: false);
                    atStart = false;
                }

                break;
            case ConfigList list:
                foreach (var item in list.Items)
                {
                    text.Append(' ', atStart ? 0 : indent).Append('-');
                    WriteValue(text, item, indent, afterDash: true);
                    atStart = false;
                }

                break;
        }
    }

    private static void WriteValue(StringBuilder text, ConfigNode node, int indent, bool afterDash)
    {
        var inline = node switch
        {
            ConfigText { Text: { } value } => Quote(value),
            ConfigText => "null",
            ConfigMap { Entries.IsEmpty: true } => "{}",
            ConfigList { Items: [] } => "[]",
            ConfigList list when list.Items.All(i => i is ConfigText { Text: not null }) => $"[{string.Join(", ", list.Items.Select(i => Quote(((ConfigText)i).Text!)))}]",
            _ => null,
        };
        if (inline is not null)
        {
            text.Append(' ').Append(inline).Append('\n');
            return;
        }

        text.Append(afterDash ? " " : "\n");
        WriteBlock(text, node, indent + 2, atStart: afterDash);
    }

    private static string Quote(string text)
    {
        if (Plain().IsMatch(text) && text is not ("null" or "Null" or "NULL"))
        {
            return text;
        }

        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                < ' ' or (>= '\u007f' and < '\u00a0') or '\u2028' or '\u2029' or '\ufeff' => quoted.Append($"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    // The library's message begins with the position, which we say ourselves.
    private static string Reason(YamlException e)
    {
        var message = e.InnerException is YamlException inner ? inner.Message : e.Message;
        var colon = message.StartsWith('(') ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        return (colon < 0 ? message : message[(colon + 3)..]).ReplaceLineEndings(" ");
    }

    [GeneratedRegex(@"^[A-Za-z0-9/+][A-Za-z0-9._/+-]*(:[A-Za-z0-9._/+-]+)*\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Plain();

    private sealed class Reader(Parser parser, string source, ConfigFaults faults)
    {
        public ConfigNode Node(string path, int depth)
        {
            var current = parser.Current!;
            if (depth > MaxDepth)
            {
                throw new TooDeepException(current.Start.Line);
            }

            var place = Place(current);
            if (current is NodeEvent { Anchor.IsEmpty: false })
            {
                faults.Add(place, path, "anchors are not supported; write the value out where it is needed");
            }

            if (current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } tag })
            {
                faults.Add(place, path, $"tag {Quoted.Of(tag.Value)} is not supported; leave it out");
            }

            if (parser.TryConsume<AnchorAlias>(out _))
            {
                faults.Add(place, path, "aliases are not supported; put a text that begins with * in quotes");
                return new ConfigText(place, "*");
            }

            if (parser.TryConsume<Scalar>(out var scalar))
            {
                var nothing = scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" };
                return new ConfigText(place, nothing ? null : scalar.Value);
            }

            if (parser.TryConsume<SequenceStart>(out _))
            {
                var items = ImmutableArray.CreateBuilder<ConfigNode>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(Node($"{path}[{items.Count}]", depth + 1));
                }

                return new ConfigList(place, items.ToImmutable());
            }

            parser.Consume<MappingStart>();
            return new ConfigMap(place, Entries(path, depth));
        }

        private ImmutableArray<ConfigEntry> Entries(string path, int depth)
        {
            var entries = ImmutableArray.CreateBuilder<ConfigEntry>();
            var keys = new Dictionary<string, string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var place = Place(parser.Current!);
                if (Node(path, depth + 1) is not ConfigText { Text: { } key })
                {
                    faults.Add(place, path, "a key must be a text");
                    Node(path, depth + 1);
                    continue;
                }

                var value = Node(path.Length == 0 ? key : $"{path}.{key}", depth + 1);
                if (keys.TryGetValue(key, out var first))
                {
                    faults.Add(place, path.Length == 0 ? key : $"{path}.{key}", $"is there twice, first at {first}; remove one");
                }
                else
                {
                    keys.Add(key, place);
                    entries.Add(new ConfigEntry(place, key, value));
                }
            }

            return entries.ToImmutable();
        }

        private string Place(ParsingEvent e) => $"{source}:{e.Start.Line}";
    }

    private sealed class TooDeepException(long line) : Exception
    {
        public long Line { get; } = line;
    }
}
