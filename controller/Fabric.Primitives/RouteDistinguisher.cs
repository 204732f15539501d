using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>A route distinguisher, RFC 4364 section 4.2: types 0 (ASN:number), 1 (IPv4:number) and 2 (four-octet ASN:number).</summary>
/// <remarks>Text of type 2 whose ASN would fit type 0 carries an L ("65000L:100"), so that text and value are one to one;
/// an unknown type is written as 0x and 16 hex digits. Order is the order of the octets.</remarks>
[JsonConverter(typeof(ValueTextJsonConverter<RouteDistinguisher>))]
public readonly record struct RouteDistinguisher : IValueText<RouteDistinguisher>
{
    private RouteDistinguisher(ulong bits) => Bits = bits;

    /// <summary>The eight octets as one number, first octet highest.</summary>
    public ulong Bits { get; }

    /// <summary>The type field: 0, 1 or 2; others come from the wire only and are kept as they are.</summary>
    public ushort Type => (ushort)(Bits >> 48);

    /// <summary>Any eight octets from the wire.</summary>
    public static RouteDistinguisher FromBits(ulong bits) => new(bits);

    /// <summary>Type 0: two-octet ASN (or other two-octet administrator number) and a 32-bit number.</summary>
    public static RouteDistinguisher Type0(ushort administrator, uint number) => new(((ulong)administrator << 32) | number);

    /// <summary>Type 1: IPv4 address and a 16-bit number.</summary>
    public static RouteDistinguisher Type1(IpAddr administrator, ushort number) => new(AdministratorText.IpBits(administrator, number) | 1UL << 48);

    /// <summary>Type 2: four-octet ASN and a 16-bit number.</summary>
    public static RouteDistinguisher Type2(uint administrator, ushort number) => new(2UL << 48 | (ulong)administrator << 16 | number);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out RouteDistinguisher value, [NotNullWhen(false)] out string? error)
    {
        if (AdministratorText.TryParseRaw(text, out var bits) && bits >> 48 > 2)
        {
            value = new(bits);
            error = null;
            return true;
        }

        if (AdministratorText.TryParse(text, out var type, out bits))
        {
            value = new((ulong)type << 48 | bits);
            error = null;
            return true;
        }

        value = default;
        error = $"a route distinguisher is written like 65000:100, 10.0.0.1:100 or 4200000000:100, got {ValueText.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public int CompareTo(RouteDistinguisher other) => Bits.CompareTo(other.Bits);

    /// <inheritdoc/>
    public override string ToString() => Type <= 2 ? AdministratorText.Format((byte)Type, Bits & 0xffff_ffff_ffff) : AdministratorText.FormatRaw(Bits);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static RouteDistinguisher Parse(string s) => ValueText.Parse<RouteDistinguisher>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static RouteDistinguisher Parse(string s, IFormatProvider? provider) => ValueText.Parse<RouteDistinguisher>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static RouteDistinguisher Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<RouteDistinguisher>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out RouteDistinguisher result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out RouteDistinguisher)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out RouteDistinguisher result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out RouteDistinguisher)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out RouteDistinguisher result) => TryParse(s, out result, out _);

    public static bool operator <(RouteDistinguisher left, RouteDistinguisher right) => left.CompareTo(right) < 0;

    public static bool operator >(RouteDistinguisher left, RouteDistinguisher right) => left.CompareTo(right) > 0;

    public static bool operator <=(RouteDistinguisher left, RouteDistinguisher right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RouteDistinguisher left, RouteDistinguisher right) => left.CompareTo(right) >= 0;
}
