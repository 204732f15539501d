using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fabric.Ctl.Documents;

/// <summary>
/// YAML text as JSON, by the core schema of YAML 1.2: <c>no</c> and <c>0b1</c> are strings, <c>"1"</c> stays a string, integers
/// keep all their digits. Anchors, aliases, foreign tags, duplicate keys and keys that are not strings are errors, and so is what
/// JSON cannot say (infinity, not-a-number).
/// </summary>
public static partial class YamlReader
{
    private const int MaxDepth = 64;

    /// <summary>Every document of the text that is not empty, with the line where it begins, from 1.</summary>
    /// <exception cref="DocumentException">The text is not such YAML; the message says where.</exception>
    public static IReadOnlyList<(long Line, JsonNode Node)> Read(string text)
    {
        var documents = new List<(long, JsonNode)>();
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            while (parser.TryConsume<DocumentStart>(out _))
            {
                var line = parser.Current!.Start.Line;
                if (ReadNode(parser, 0) is { } node)
                {
                    documents.Add((line, node));
                }

                parser.Consume<DocumentEnd>();
            }

            return documents;
        }
        catch (YamlException e)
        {
            throw new DocumentException(e.Start.Line, e.Start.Column, Reason(e));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The library's parser fails so on some broken texts, such as "... a" or an empty tag.
            throw new DocumentException(parser.Current?.End.Line ?? 1, parser.Current?.End.Column ?? 1, "this is not YAML from here on");
        }
    }

    private static JsonNode? ReadNode(Parser parser, int depth)
    {
        var current = parser.Current!;
        if (depth > MaxDepth)
        {
            throw At(current, $"nested deeper than {MaxDepth} levels");
        }

        if (current is AnchorAlias)
        {
            throw At(current, "aliases are not supported; write the value out");
        }

        if (current is NodeEvent { Anchor.IsEmpty: false })
        {
            throw At(current, "anchors are not supported; write the value out");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return ReadScalar(scalar);
        }

        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            CheckTag(sequence, sequence.Tag, "tag:yaml.org,2002:seq");
            var array = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                array.Add(ReadNode(parser, depth + 1));
            }

            return array;
        }

        var mapping = parser.Consume<MappingStart>();
        CheckTag(mapping, mapping.Tag, "tag:yaml.org,2002:map");
        var map = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (parser.Current is not Scalar { Anchor.IsEmpty: true } key)
            {
                throw At(parser.Current!, "a key must be a plain text");
            }

            parser.MoveNext();
            if (map.ContainsKey(key.Value))
            {
                throw At(key, $"key '{key.Value}' is there twice");
            }

            map.Add(key.Value, ReadNode(parser, depth + 1));
        }

        return map;
    }

    private static JsonNode? ReadScalar(Scalar scalar)
    {
        var text = scalar.Value;
        if (!scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific && scalar.Tag.Value != "tag:yaml.org,2002:str")
        {
            throw At(scalar, $"tag {scalar.Tag.Value} is not supported");
        }

        if (scalar.Style != ScalarStyle.Plain || !scalar.Tag.IsEmpty)
        {
            return JsonValue.Create(text);
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE":
                return JsonValue.Create(false);
        }

        if (Decimal().IsMatch(text))
        {
            return Number(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        }

        if (Hexadecimal().IsMatch(text))
        {
            return Number(BigInteger.Parse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        }

        if (Octal().IsMatch(text))
        {
            return Number(text[2..].Aggregate(BigInteger.Zero, (sum, digit) => (sum * 8) + (digit - '0')));
        }

        if (Float().IsMatch(text))
        {
            var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
            return double.IsFinite(value) ? JsonValue.Create(value) : throw At(scalar, $"number {text} is too large");
        }

        return Endless().IsMatch(text) ? throw At(scalar, $"number {text} cannot be said in JSON") : JsonValue.Create(text);
    }

    private static JsonNode Number(BigInteger number) => JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture))!;

    private static void CheckTag(NodeEvent node, TagName tag, string own)
    {
        if (!tag.IsEmpty && !tag.IsNonSpecific && tag.Value != own)
        {
            throw At(node, $"tag {tag.Value} is not supported");
        }
    }

    private static DocumentException At(ParsingEvent at, string reason) => new(at.Start.Line, at.Start.Column, reason);

    // The library's message begins with the position, which we say ourselves.
    private static string Reason(YamlException e)
    {
        var message = e.InnerException is YamlException inner ? inner.Message : e.Message;
        var colon = message.StartsWith('(') ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        return colon < 0 ? message : message[(colon + 3)..];
    }

    [GeneratedRegex("^[-+]?[0-9]{1,400}$", RegexOptions.None, 1000)]
    private static partial Regex Decimal();

    [GeneratedRegex("^0x[0-9a-fA-F]{1,400}$", RegexOptions.None, 1000)]
    private static partial Regex Hexadecimal();

    [GeneratedRegex("^0o[0-7]{1,400}$", RegexOptions.None, 1000)]
    private static partial Regex Octal();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Float();

    [GeneratedRegex(@"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Endless();
}

/// <summary>A document cannot be read.</summary>
/// <param name="line">Line, from 1.</param>
/// <param name="column">Column, from 1.</param>
/// <param name="reason">What is wrong.</param>
public sealed class DocumentException(long line, long column, string reason) : Exception($"line {line}, column {column}: {reason}")
{
    /// <summary>Line, from 1.</summary>
    public long Line { get; } = line;

    /// <summary>Column, from 1.</summary>
    public long Column { get; } = column;
}
