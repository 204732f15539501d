using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>An IP network: an address whose host bits are zero, and a prefix length. <c>default</c> is 0.0.0.0/0.</summary>
/// <remarks>Order: by address, then the shorter prefix first.</remarks>
[JsonConverter(typeof(ValueTextJsonConverter<IpPrefix>))]
public readonly record struct IpPrefix : IValueText<IpPrefix>
{
    private readonly byte _length;

    /// <summary>Makes the network; a bad length or host bits are an <see cref="ArgumentException"/>.</summary>
    public IpPrefix(IpAddr address, int length)
    {
        if (!TryCreate(address, length, out var made, out var error))
        {
            throw new ArgumentException(error, nameof(length));
        }

        this = made;
    }

    private IpPrefix(IpAddr address, byte length)
    {
        Address = address;
        _length = length;
    }

    /// <summary>The network address.</summary>
    public IpAddr Address { get; }

    /// <summary>The prefix length, 0..32 or 0..128.</summary>
    public int Length => _length;

    /// <summary>IPv4 or IPv6.</summary>
    public IpFamily Family => Address.Family;

    /// <summary>Whether the prefix holds exactly one address.</summary>
    public bool IsHost => _length == Address.BitLength;

    /// <summary>The highest address of the network (the broadcast address of an IPv4 subnet).</summary>
    public IpAddr LastAddress => IpAddr.FromNumber(Family, Address.Number | HostMask(Family, _length));

    /// <summary>How many addresses the network has; 0 stands for 2^128.</summary>
    public UInt128 AddressCount => unchecked(HostMask(Family, _length) + 1);

    /// <summary>Makes the network; never throws.</summary>
    public static bool TryCreate(IpAddr address, int length, out IpPrefix value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        if (length < 0 || length > address.BitLength)
        {
            error = $"a prefix length of {(address.IsV4 ? "IPv4" : "IPv6")} is 0..{address.BitLength}, got {length}";
            return false;
        }

        var network = Of(address, length);
        if (network.Address != address)
        {
            error = $"{address}/{length} has host bits set; the network is {network}";
            return false;
        }

        value = network;
        error = null;
        return true;
    }

    /// <summary>The network of this length that holds the address.</summary>
    public static IpPrefix Of(IpAddr address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.BitLength);
        return new(IpAddr.FromNumber(address.Family, address.Number & ~HostMask(address.Family, length)), (byte)length);
    }

    /// <summary>The prefix of one address, /32 or /128.</summary>
    public static IpPrefix Host(IpAddr address) => new(address, (byte)address.BitLength);

    /// <summary>Whether the address lies in this network.</summary>
    public bool Contains(IpAddr address) => address.Family == Family && Of(address, _length).Address == Address;

    /// <summary>Whether the other network lies wholly in this one (or is this one).</summary>
    public bool Contains(IpPrefix other) => other._length >= _length && Contains(other.Address);

    /// <summary>Whether the two networks share an address.</summary>
    public bool Overlaps(IpPrefix other) => Contains(other) || other.Contains(this);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out IpPrefix value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        return TrySplit(text, "a prefix is written like 10.0.1.0/24 or 2001:db8::/64", out var address, out var length, out error)
            && TryCreate(address, length, out value, out error);
    }

    /// <inheritdoc/>
    public int CompareTo(IpPrefix other)
    {
        var byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : _length.CompareTo(other._length);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{_length}";

    internal static bool TrySplit(ReadOnlySpan<char> text, string form, out IpAddr address, out int length, [NotNullWhen(false)] out string? error)
    {
        address = default;
        length = 0;
        var slash = text.IndexOf('/');
        if (slash < 0 || !IpAddr.TryParse(text[..slash], out address, out _) || !ValueText.TryDigits(text[(slash + 1)..], int.MaxValue, out var digits))
        {
            error = $"{form}, got {ValueText.Quote(text)}";
            return false;
        }

        length = (int)digits;
        error = null;
        return true;
    }

    private static UInt128 HostMask(IpFamily family, int length)
    {
        var hostBits = (family == IpFamily.V4 ? 32 : 128) - length;
        return hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
    }

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static IpPrefix Parse(string s) => ValueText.Parse<IpPrefix>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static IpPrefix Parse(string s, IFormatProvider? provider) => ValueText.Parse<IpPrefix>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static IpPrefix Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<IpPrefix>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out IpPrefix result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out IpPrefix)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out IpPrefix result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out IpPrefix)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out IpPrefix result) => TryParse(s, out result, out _);

    public static bool operator <(IpPrefix left, IpPrefix right) => left.CompareTo(right) < 0;

    public static bool operator >(IpPrefix left, IpPrefix right) => left.CompareTo(right) > 0;

    public static bool operator <=(IpPrefix left, IpPrefix right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IpPrefix left, IpPrefix right) => left.CompareTo(right) >= 0;
}
