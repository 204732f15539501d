using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>An IPv4 or IPv6 address as a value, without zone. <c>default</c> is 0.0.0.0.</summary>
/// <remarks>Text: dotted quad without superfluous zeros, or RFC 5952. An IPv4-mapped IPv6 address stays IPv6. Order: IPv4 before IPv6, then by number.</remarks>
[JsonConverter(typeof(ValueTextJsonConverter<IpAddr>))]
public readonly record struct IpAddr : IValueText<IpAddr>
{
    private readonly ulong _high;
    private readonly ulong _low;

    private IpAddr(IpFamily family, ulong high, ulong low)
    {
        Family = family;
        _high = high;
        _low = low;
    }

    /// <summary>Whether this is IPv4 or IPv6.</summary>
    public IpFamily Family { get; }

    /// <summary>Whether this is IPv4.</summary>
    public bool IsV4 => Family == IpFamily.V4;

    /// <summary>Whether this is IPv6.</summary>
    public bool IsV6 => Family == IpFamily.V6;

    /// <summary>The width of the address: 32 or 128.</summary>
    public int BitLength => IsV4 ? 32 : 128;

    /// <summary>The length on the wire: 4 or 16 octets.</summary>
    public int ByteLength => IsV4 ? 4 : 16;

    /// <summary>The address as a number, right-aligned (an IPv4 address is below 2^32).</summary>
    public UInt128 Number => new(_high, _low);

    /// <summary>The IPv4 address as a 32-bit number; 0 for IPv6.</summary>
    public uint V4Number => IsV4 ? (uint)_low : 0;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => (_high | _low) == 0;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsV4 ? (_low >> 24) == 127 : _high == 0 && _low == 1;

    /// <summary>224.0.0.0/4 or ff00::/8.</summary>
    public bool IsMulticast => IsV4 ? (_low >> 28) == 14 : (_high >> 56) == 0xff;

    /// <summary>169.254.0.0/16 or fe80::/10.</summary>
    public bool IsLinkLocal => IsV4 ? (_low >> 16) == 0xa9fe : (_high >> 54) == 0x3fa;

    /// <summary>An IPv4 address from its 32-bit number.</summary>
    public static IpAddr V4(uint number) => new(IpFamily.V4, 0, number);

    /// <summary>An IPv6 address from its 128-bit number.</summary>
    public static IpAddr V6(UInt128 number) => new(IpFamily.V6, (ulong)(number >> 64), (ulong)number);

    /// <summary>An address from its family and number; more bits than the family has are an <see cref="ArgumentOutOfRangeException"/>.</summary>
    public static IpAddr FromNumber(IpFamily family, UInt128 number)
    {
        if (family == IpFamily.V6)
        {
            return V6(number);
        }

        if (number > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(number), "an IPv4 address has 32 bits");
        }

        return V4((uint)number);
    }

    /// <summary>Reads 4 or 16 octets.</summary>
    public static IpAddr FromBytes(ReadOnlySpan<byte> octets) => octets.Length switch
    {
        4 => V4(BinaryPrimitives.ReadUInt32BigEndian(octets)),
        16 => new(IpFamily.V6, BinaryPrimitives.ReadUInt64BigEndian(octets), BinaryPrimitives.ReadUInt64BigEndian(octets[8..])),
        _ => throw new ArgumentException("an IP address has 4 or 16 octets", nameof(octets)),
    };

    /// <summary>Converts from the class of the runtime; the zone is dropped.</summary>
    public static IpAddr From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out var written);
        return FromBytes(octets[..written]);
    }

    /// <summary>Converts to the class of the runtime.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> octets = stackalloc byte[16];
        return new IPAddress(octets[..WriteTo(octets)]);
    }

    /// <summary>Writes 4 or 16 octets and returns how many.</summary>
    public int WriteTo(Span<byte> octets)
    {
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(octets, (uint)_low);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(octets, _high);
        BinaryPrimitives.WriteUInt64BigEndian(octets[8..], _low);
        return 16;
    }

    /// <summary>The address <paramref name="offset"/> further on; false when that leaves the family's range.</summary>
    public bool TryAdd(UInt128 offset, out IpAddr result)
    {
        var sum = unchecked(Number + offset);
        var fits = sum >= offset && (IsV6 || sum <= uint.MaxValue);
        result = fits ? FromNumber(Family, sum) : default;
        return fits;
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out IpAddr value, [NotNullWhen(false)] out string? error)
    {
        if (IpText.TryParseV4(text, out var v4))
        {
            value = V4(v4);
            error = null;
            return true;
        }

        if (IpText.TryParseV6(text, out var v6))
        {
            value = V6(v6);
            error = null;
            return true;
        }

        value = default;
        error = $"an IP address is written like 10.0.0.1 or 2001:db8::1, got {ValueText.Quote(text)}";
        return false;
    }

    /// <inheritdoc/>
    public int CompareTo(IpAddr other)
    {
        var byFamily = ((byte)Family).CompareTo((byte)other.Family);
        if (byFamily != 0)
        {
            return byFamily;
        }

        var byHigh = _high.CompareTo(other._high);
        return byHigh != 0 ? byHigh : _low.CompareTo(other._low);
    }

    /// <inheritdoc/>
    public override string ToString() => IsV4 ? IpText.FormatV4((uint)_low) : IpText.FormatV6(Number);

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static IpAddr Parse(string s) => ValueText.Parse<IpAddr>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static IpAddr Parse(string s, IFormatProvider? provider) => ValueText.Parse<IpAddr>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static IpAddr Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<IpAddr>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out IpAddr result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out IpAddr)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out IpAddr result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out IpAddr)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out IpAddr result) => TryParse(s, out result, out _);

    public static bool operator <(IpAddr left, IpAddr right) => left.CompareTo(right) < 0;

    public static bool operator >(IpAddr left, IpAddr right) => left.CompareTo(right) > 0;

    public static bool operator <=(IpAddr left, IpAddr right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IpAddr left, IpAddr right) => left.CompareTo(right) >= 0;
}
