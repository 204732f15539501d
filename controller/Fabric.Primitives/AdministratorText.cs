using System.Globalization;

namespace Fabric.Primitives;

/// <summary>The text "administrator:number" that route distinguishers and route targets share; 48 bits and a type 0, 1 or 2.</summary>
internal static class AdministratorText
{
    public static ulong IpBits(IpAddr administrator, ushort number) =>
        administrator.IsV4
            ? ((ulong)administrator.V4Number << 16) | number
            : throw new ArgumentException("the administrator must be an IPv4 address", nameof(administrator));

    public static bool TryParse(ReadOnlySpan<char> text, out byte type, out ulong bits)
    {
        type = 0;
        bits = 0;
        var colon = text.IndexOf(':');
        if (colon < 1 || !ValueText.TryDigits(text[(colon + 1)..], uint.MaxValue, out var number))
        {
            return false;
        }

        var administrator = text[..colon];
        if (IpText.TryParseV4(administrator, out var v4))
        {
            type = 1;
            bits = ((ulong)v4 << 16) | number;
            return number <= ushort.MaxValue;
        }

        var isLong = administrator[^1] is 'L' or 'l';
        if (!ValueText.TryDigits(isLong ? administrator[..^1] : administrator, uint.MaxValue, out var asn))
        {
            return false;
        }

        if (isLong || asn > ushort.MaxValue)
        {
            type = 2;
            bits = (asn << 16) | number;
            return number <= ushort.MaxValue;
        }

        bits = (asn << 32) | number;
        return true;
    }

    public static string Format(byte type, ulong bits) => type switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{bits >> 32}:{(uint)bits}"),
        1 => string.Create(CultureInfo.InvariantCulture, $"{IpText.FormatV4((uint)(bits >> 16))}:{(ushort)bits}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bits >> 16}{(bits >> 16 <= ushort.MaxValue ? "L" : "")}:{(ushort)bits}"),
    };

    public static bool TryParseRaw(ReadOnlySpan<char> text, out ulong bits)
    {
        bits = 0;
        return text.Length == 18
            && text[0] == '0'
            && text[1] == 'x'
            && ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits);
    }

    public static string FormatRaw(ulong bits) => string.Create(CultureInfo.InvariantCulture, $"0x{bits:x16}");
}
