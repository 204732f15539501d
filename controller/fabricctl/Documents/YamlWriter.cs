using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Fabric.Ctl.Documents;

/// <summary>JSON as YAML in block style. What it writes, <see cref="YamlReader"/> reads as the same JSON.</summary>
public static partial class YamlWriter
{
    /// <summary>The node as a YAML document without <c>---</c>, with a line feed at its end.</summary>
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        if (Inline(node) is { } inline)
        {
            return text.Append(inline).Append('\n').ToString();
        }

        WriteBlock(text, node!, 0, atStart: true);
        return text.ToString();
    }

    // The first line of a block that follows "- " is already indented.
    private static void WriteBlock(StringBuilder text, JsonNode node, int indent, bool atStart)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (key, value) in map)
                {
                    Indent(text, indent, ref atStart);
                    text.Append(Quote(key)).Append(':');
                    if (Inline(value) is { } inline)
                    {
                        text.Append(' ').Append(inline).Append('\n');
                    }
                    else
                    {
                        text.Append('\n');
                        WriteBlock(text, value!, indent + 2, atStart: false);
                    }
                }

                break;
            case JsonArray array:
                foreach (var item in array)
                {
                    Indent(text, indent, ref atStart);
                    text.Append("- ");
                    if (Inline(item) is { } inline)
                    {
                        text.Append(inline).Append('\n');
                    }
                    else
                    {
                        WriteBlock(text, item!, indent + 2, atStart: true);
                    }
                }

                break;
        }
    }

    private static void Indent(StringBuilder text, int indent, ref bool atStart)
    {
        if (!atStart)
        {
            text.Append(' ', indent);
        }

        atStart = false;
    }

    private static string? Inline(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject { Count: 0 } => "{}",
        JsonArray { Count: 0 } => "[]",
        JsonObject or JsonArray => null,
        _ when node.GetValueKind() == JsonValueKind.String => Quote(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    private static string Quote(string text)
    {
        if (Harmless().IsMatch(text) && (!Meaningful().IsMatch(text) || Ipv4().IsMatch(text)))
        {
            return text;
        }

        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                // Control characters, line breaks of Unicode, byte order mark: never raw in a text file.
                < 0x20 or (>= 0x7F and < 0xA0) or 0x2028 or 0x2029 or 0xFEFF => quoted.Append($"\\u{rune.Value:x4}"),
                _ => quoted.Append(rune.ToString()),
            };
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"^[0-9]{1,3}(\.[0-9]{1,3}){3}\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Ipv4();

    [GeneratedRegex(@"^[A-Za-z0-9_./][A-Za-z0-9_./@+-]*(:[A-Za-z0-9_./@+-]+| [A-Za-z0-9_.('/][A-Za-z0-9_./@+(),;'-]*)*\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Harmless();

    // What some reader of YAML 1.1 or 1.2 takes for something other than a string. A leading digit, dot or sign may begin a number.
    [GeneratedRegex(@"^([0-9.][-+0-9_.,:eExXoOa-fA-F]*|\.(inf|nan)|~|null|true|false|yes|no|on|off|y|n|---|\.\.\.)\z", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Meaningful();
}
