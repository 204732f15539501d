using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Fabric.Bgp.Policy;

/// <summary>The numbers that community patterns are made of: decimal without superfluous zeros, or <c>*</c> for any.</summary>
internal static class PatternPart
{
    public static bool TryParse(ReadOnlySpan<char> text, uint max, out uint? part)
    {
        part = null;
        if (text is "*")
        {
            return true;
        }

        if (text.IsEmpty || (text.Length > 1 && text[0] == '0')
            || !uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > max)
        {
            return false;
        }

        part = number;
        return true;
    }

    public static string Format(uint? part) => part?.ToString(CultureInfo.InvariantCulture) ?? "*";

    /// <summary>Quotes hostile text for a message: bounded, without control characters.</summary>
    [return: NotNull]
    public static string Quote(string text)
    {
        var cut = text.Length > 64;
        return $"\"{string.Concat((cut ? text[..64] : text).Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}{(cut ? "…" : "")}\"";
    }
}
