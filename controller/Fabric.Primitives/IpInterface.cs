using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Fabric.Primitives;

/// <summary>An address of an interface with its prefix length, e.g. a gateway 10.0.1.1/24; host bits are allowed.</summary>
/// <remarks>Order: by address, then the shorter prefix first.</remarks>
[JsonConverter(typeof(ValueTextJsonConverter<IpInterface>))]
public readonly record struct IpInterface : IValueText<IpInterface>
{
    private readonly byte _length;

    /// <summary>Makes the value; a bad length is an <see cref="ArgumentException"/>.</summary>
    public IpInterface(IpAddr address, int length)
    {
        if (!TryCreate(address, length, out var made, out var error))
        {
            throw new ArgumentException(error, nameof(length));
        }

        this = made;
    }

    private IpInterface(IpAddr address, byte length)
    {
        Address = address;
        _length = length;
    }

    /// <summary>The address.</summary>
    public IpAddr Address { get; }

    /// <summary>The prefix length, 0..32 or 0..128.</summary>
    public int Length => _length;

    /// <summary>IPv4 or IPv6.</summary>
    public IpFamily Family => Address.Family;

    /// <summary>The network the address lies in.</summary>
    public IpPrefix Network => IpPrefix.Of(Address, _length);

    /// <summary>Makes the value; never throws.</summary>
    public static bool TryCreate(IpAddr address, int length, out IpInterface value, [NotNullWhen(false)] out string? error)
    {
        if (length < 0 || length > address.BitLength)
        {
            value = default;
            error = $"a prefix length of {(address.IsV4 ? "IPv4" : "IPv6")} is 0..{address.BitLength}, got {length}";
            return false;
        }

        value = new(address, (byte)length);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> text, out IpInterface value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        return IpPrefix.TrySplit(text, "an interface address is written like 10.0.1.1/24 or 2001:db8::1/64", out var address, out var length, out error)
            && TryCreate(address, length, out value, out error);
    }

    /// <inheritdoc/>
    public int CompareTo(IpInterface other)
    {
        var byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : _length.CompareTo(other._length);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{_length}";

    /// <summary>Parses the text form; <see cref="FormatException"/> says what is wrong with it.</summary>
    public static IpInterface Parse(string s) => ValueText.Parse<IpInterface>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static IpInterface Parse(string s, IFormatProvider? provider) => ValueText.Parse<IpInterface>(s);

    /// <inheritdoc cref="Parse(string)"/>
    public static IpInterface Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => ValueText.Parse<IpInterface>(s);

    /// <summary>Parses the text form; never throws.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out IpInterface result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out IpInterface)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out IpInterface result) => TryParse(s.AsSpan(), out result, out _);

    /// <inheritdoc cref="TryParse(string?, out IpInterface)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out IpInterface result) => TryParse(s, out result, out _);

    public static bool operator <(IpInterface left, IpInterface right) => left.CompareTo(right) < 0;

    public static bool operator >(IpInterface left, IpInterface right) => left.CompareTo(right) > 0;

    public static bool operator <=(IpInterface left, IpInterface right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IpInterface left, IpInterface right) => left.CompareTo(right) >= 0;
}
