using System.Globalization;
using System.Text;

namespace Fabric.Primitives;

/// <summary>The text forms of IPv4 and IPv6 addresses, strict on input and canonical on output.</summary>
internal static class IpText
{
    public static bool TryParseV4(ReadOnlySpan<char> text, out uint number)
    {
        number = 0;
        for (var i = 0; i < 4; i++)
        {
            var end = i < 3 ? text.IndexOf('.') : text.Length;
            if (end < 1 || !ValueText.TryDigits(text[..end], 255, out var octet))
            {
                number = 0;
                return false;
            }

            number = (number << 8) | (uint)octet;
            text = i < 3 ? text[(end + 1)..] : default;
        }

        return true;
    }

    /// <summary>RFC 4291 section 2.2, all three forms; no zone, no brackets.</summary>
    public static bool TryParseV6(ReadOnlySpan<char> text, out UInt128 number)
    {
        number = default;
        if (text.Length is < 2 or > 45)
        {
            return false;
        }

        Span<ushort> groups = stackalloc ushort[8];
        var count = 0;
        var gap = -1;
        if (text[0] == ':')
        {
            if (text[1] != ':')
            {
                return false;
            }

            gap = 0;
            text = text[2..];
        }

        while (!text.IsEmpty)
        {
            var colon = text.IndexOf(':');
            var part = colon < 0 ? text : text[..colon];
            if (colon < 0 && part.Contains('.'))
            {
                if (count > 6 || !TryParseV4(part, out var v4))
                {
                    return false;
                }

                groups[count++] = (ushort)(v4 >> 16);
                groups[count++] = (ushort)v4;
                break;
            }

            if (count == 8 || part.Length is 0 or > 4 || !TryHex(part, out groups[count]))
            {
                return false;
            }

            count++;
            if (colon < 0)
            {
                break;
            }

            text = text[(colon + 1)..];
            if (text.IsEmpty)
            {
                return false;
            }

            if (text[0] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                gap = count;
                text = text[1..];
            }
        }

        if (gap < 0 ? count != 8 : count > 7)
        {
            return false;
        }

        for (var i = 0; i < 8; i++)
        {
            var fromEnd = 8 - i;
            ushort group = gap < 0 || i < gap ? groups[i] : fromEnd <= count - gap ? groups[count - fromEnd] : (ushort)0;
            number = (number << 16) | group;
        }

        return true;
    }

    public static string FormatV4(uint number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}");

    /// <summary>RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::".</summary>
    public static string FormatV6(UInt128 number)
    {
        if (number >> 32 == 0xffff)
        {
            return "::ffff:" + FormatV4((uint)number);
        }

        var (runStart, runLength) = (-1, 1);
        for (var i = 0; i < 8; i++)
        {
            var length = 0;
            while (i + length < 8 && Group(number, i + length) == 0)
            {
                length++;
            }

            if (length > runLength)
            {
                (runStart, runLength) = (i, length);
            }

            i += length;
        }

        var builder = new StringBuilder(39);
        for (var i = 0; i < 8; i++)
        {
            if (i == runStart)
            {
                builder.Append("::");
                i += runLength - 1;
                continue;
            }

            if (i > 0 && builder[^1] != ':')
            {
                builder.Append(':');
            }

            builder.Append(Group(number, i).ToString("x", CultureInfo.InvariantCulture));
        }

        return builder.ToString();
    }

    private static ushort Group(UInt128 number, int index) => (ushort)(number >> (112 - (16 * index)));

    private static bool TryHex(ReadOnlySpan<char> text, out ushort value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }

            value = (ushort)((value << 4) | (char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10));
        }

        return true;
    }
}
