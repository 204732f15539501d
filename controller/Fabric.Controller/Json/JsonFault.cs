using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fabric.Controller.Contracts;

namespace Fabric.Controller.Json;

/// <summary>Says in the user's terms what the serializer found wrong. The only place that knows its wording.</summary>
public static partial class JsonFault
{
    private const int LongestName = 64;

    /// <summary>The error with its place.</summary>
    /// <param name="error">What the serializer threw.</param>
    /// <param name="root">JSON pointer of what was being read.</param>
    public static FieldError Of(JsonException error, string root)
    {
        var pointer = root + Pointer(error.Path ?? "$");
        var text = WithoutPath(error.Message);
        if (UnmappedPattern.Match(text) is { Success: true } unmapped)
        {
            return new FieldError(pointer, $"unknown field '{Shorten(unmapped.Groups["name"].Value)}'");
        }

        if (MissingPattern.Match(text) is { Success: true } missing)
        {
            return new FieldError(pointer, $"required but missing: {missing.Groups["names"].Value.Replace("'", "", StringComparison.Ordinal).TrimEnd('.')}");
        }

        if (NullPattern.IsMatch(text))
        {
            return new FieldError(pointer, "must not be null");
        }

        return ConversionPattern.Match(text) is { Success: true } conversion
            ? new FieldError(pointer, $"must be {Expected(conversion.Groups["type"].Value)}")
            : new FieldError(pointer, text);
    }

    /// <summary>The serializer's message without the place that it appends.</summary>
    public static string WithoutPath(string message)
    {
        foreach (var mark in (ReadOnlySpan<string>)[" Path: $", " LineNumber: "])
        {
            var index = message.IndexOf(mark, StringComparison.Ordinal);
            if (index >= 0)
            {
                message = message[..index];
            }
        }

        return message.TrimEnd('.', ' ', '|');
    }

    /// <summary>A segment of a JSON pointer (RFC 6901 section 3).</summary>
    public static string Escape(string segment) => segment.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static string Expected(string type)
    {
        var name = type.Split('.')[^1];
        if (typeof(Intent.IntentSnapshot).Assembly.GetType(type) is { IsEnum: true } choice)
        {
            return "one of " + string.Join(", ", Enum.GetNames(choice).Select(JsonNamingPolicy.CamelCase.ConvertName));
        }

        return type switch
        {
            _ when type.Contains("List", StringComparison.Ordinal) || type.Contains("[]", StringComparison.Ordinal) => "a list",
            _ when type.Contains("Int32", StringComparison.Ordinal) || type.Contains("Int64", StringComparison.Ordinal) => "a whole number",
            _ when type.Contains("Boolean", StringComparison.Ordinal) => "true or false",
            _ when name == "String" => "a string",
            _ when type.Contains("Nullable", StringComparison.Ordinal) => "a value",
            _ => "an object",
        };
    }

    private static string Pointer(string path)
    {
        var pointer = new StringBuilder();
        for (var i = 1; i < path.Length;)
        {
            string segment;
            if (path[i] == '[' && i + 1 < path.Length && path[i + 1] == '\'')
            {
                var end = path.IndexOf("']", i + 2, StringComparison.Ordinal);
                end = end < 0 ? path.Length : end;
                segment = path[(i + 2)..end];
                i = end + 2;
            }
            else if (path[i] == '[')
            {
                var end = path.IndexOf(']', i);
                end = end < 0 ? path.Length : end;
                segment = path[(i + 1)..end];
                i = end + 1;
            }
            else
            {
                var end = path.AsSpan(i + 1).IndexOfAny('.', '[');
                end = end < 0 ? path.Length : end + i + 1;
                segment = path[(i + 1)..end];
                i = end;
            }

            pointer.Append('/').Append(Escape(Shorten(segment)));
        }

        return pointer.ToString();
    }

    private static string Shorten(string name) => name.Length > LongestName ? name[..LongestName] + "…" : name;

    [GeneratedRegex("^The JSON property '(?<name>.*)' could not be mapped to any", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex UnmappedPattern { get; }

    [GeneratedRegex("missing required properties including: (?<names>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex MissingPattern { get; }

    [GeneratedRegex("(doesn't allow setting null|doesn't allow null|constructor parameter .* null)", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex NullPattern { get; }

    [GeneratedRegex("could not be converted to (?<type>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex ConversionPattern { get; }
}
