using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>A route target extended community, RFC 4360 section 4 and RFC 5668: types 0 (ASN:number), 1 (IPv4:number) and 2 (four-octet ASN:number).</summary>
/// <remarks>Text as for <see cref="RouteDistinguisher"/>. Order is the order of the octets.</remarks>
[JsonConverter(typeof(ValueTextJsonConverter<RouteTarget>))]
public readonly record struct RouteTarget : IValueText<RouteTarget>
{
    private const ulong SubType = 0x02UL << 48;

    private RouteTarget(byte type, ulong bits) => Bits = (ulong)type << 56 | SubType | bits;

    /// <summary>The extended community as eight octets, first octet highest: type 0x00, 0x01 or 0x02, subtype 0x02. 0 only in <c>default</c>.</summary>
    public ulong Bits { get; }

    /// <summary>0 (two-octet ASN), 1 (IPv4) or 2 (four-octet ASN).</summary>
    public byte Type => (byte)(Bits >> 56);

    /// <summary>The 32-bit (type 0) or 16-bit number after the administrator. For type 0 in EVPN it commonly holds the VNI.</summary>
    public uint Number => Type == 0 ? (uint)Bits : (ushort)Bits;

    /// <summary>Reads an extended community; false when it is not a route target.</summary>
    public static bool TryFromCommunity(ulong bits, out RouteTarget value)
    {
        var type = (byte)(bits >> 56);
        var good = type <= 2 && (bits >> 48 & 0xff) == 0x02;
        value = good ? new(type, bits & 0xffff_ffff_ffff) : default;
        return good;
    }

    /// <summary>Type 0: two-octet administrator and a 32-bit number.</summary>
    public static RouteTarget Type0(ushort administrator, uint number) => new(0, ((ulong)administrator << 32) | number);

    /// <summary>Type 1: IPv4 address and a 16-bit number.</summary>
    public static RouteTarget Type1(IpAddr administrator, ushort number) => new(1, AdministratorText.IpBits(administrator, number));

    /// <summary>Type 2: four-octet ASN and a 16-bit number.</summary>
    public static RouteTarget Type2(uint administrator, ushort number) => new(2, ((ulong)administrator << 16) | number);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out RouteTarget value, [NotNullWhen(false)] out string? error)
    {
        if (AdministratorText.TryParse(text, out var type, out var bits))
        {
            value = new(type, bits);
            error = null;
            return true;
        }

        value = default;
        error = $"a route target is written like 65000:100, 10.0.0.1:100 or 4200000000:100, got {ValueText.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public int CompareTo(RouteTarget other) => Bits.CompareTo(other.Bits);

    /// <inheritdoc/>
    public override string ToString() => AdministratorText.Format(Type, Bits & 0xffff_ffff_ffff);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static RouteTarget Parse(string s) => ValueText.Parse<RouteTarget>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static RouteTarget Parse(string s, IFormatProvider? provider) => ValueText.Parse<RouteTarget>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static RouteTarget Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<RouteTarget>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out RouteTarget result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out RouteTarget)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out RouteTarget result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out RouteTarget)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out RouteTarget result) => TryParse(s, out result, out _);

    public static bool operator <(RouteTarget left, RouteTarget right) => left.CompareTo(right) < 0;

    public static bool operator >(RouteTarget left, RouteTarget right) => left.CompareTo(right) > 0;

    public static bool operator <=(RouteTarget left, RouteTarget right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RouteTarget left, RouteTarget right) => left.CompareTo(right) >= 0;
}
