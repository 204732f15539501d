using System.Text;

namespace Fabric.Primitives;

/// <summary>What the text forms of all values share.</summary>
internal static class ValueText
{
    private const int LongestQuote = 64;

    public static T Parse<T>(ReadOnlySpan<char> text)
        where T : struct, IValueText<T> =>
        T.TryParse(text, out var value, out var error) ? value : throw new FormatException(error);

    /// <summary>Quotes hostile text for a message: bounded, without control characters.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var cut = text.Length > LongestQuote;
        var builder = new StringBuilder("\"");
        foreach (var c in cut ? text[..LongestQuote] : text)
        {
            builder.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        }

        return builder.Append(cut ? "…\"" : "\"").ToString();
    }

    /// <summary>Decimal digits only, no sign, no blanks, no superfluous zeros.</summary>
    public static bool TryDigits(ReadOnlySpan<char> text, ulong max, out ulong value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > 20 || (text.Length > 1 && text[0] == '0'))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || value > (ulong.MaxValue - 9) / 10)
            {
                return false;
            }

            value = (value * 10) + (ulong)(c - '0');
        }

        return value <= max;
    }
}
