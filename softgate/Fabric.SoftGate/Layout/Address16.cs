using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Primitives;

namespace Fabric.SoftGate.Layout;

/// <summary><c>struct address</c>: 16 octets in network order, IPv4 as ::ffff:a.b.c.d.</summary>
[InlineArray(2)]
internal struct Address16 : IEquatable<Address16>
{
    private ulong _half;

    /// <summary>The address as maps have it.</summary>
    internal static Address16 Of(IpAddr address)
    {
        var result = default(Address16);
        Span<byte> octets = stackalloc byte[16];
        if (address.IsV4)
        {
            octets[10] = octets[11] = 0xff;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(octets[12..], address.V4Number);
        }
        else
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(octets, address.Number);
        }

        octets.CopyTo(MemoryMarshal.AsBytes((Span<ulong>)result));
        return result;
    }

    /// <summary>The address of a prefix, and its length counted in 128 bits.</summary>
    internal static (Address16 Address, byte Length) Of(IpPrefix prefix) =>
        (Of(prefix.Address), (byte)(prefix.Address.IsV4 ? prefix.Length + 96 : prefix.Length));

    /// <summary>The address as the rest of the program has it.</summary>
    internal readonly IpAddr ToIpAddr()
    {
        var copy = this;
        ReadOnlySpan<byte> octets = MemoryMarshal.AsBytes((Span<ulong>)copy);
        return copy[0] == 0 && octets[8..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0xff, 0xff])
            ? IpAddr.FromBytes(octets[12..])
            : IpAddr.FromBytes(octets);
    }

    /// <inheritdoc/>
    public readonly bool Equals(Address16 other) => this[0] == other[0] && this[1] == other[1];

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Address16 other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(this[0], this[1]);

    /// <inheritdoc/>
    public override readonly string ToString() => ToIpAddr().ToString();
}

/// <summary>Six octets of a MAC address.</summary>
[InlineArray(6)]
internal struct Mac6
{
    private byte _octet;

    internal static Mac6 Of(MacAddress mac)
    {
        var result = default(Mac6);
        mac.WriteTo(result);
        return result;
    }

    internal readonly MacAddress ToMacAddress()
    {
        var copy = this;
        return MacAddress.FromBytes(copy);
    }

    /// <inheritdoc/>
    public override readonly string ToString() => ToMacAddress().ToString();
}

/// <summary>Three words of 64 bits: one bit for each prefix length 0..128.</summary>
[InlineArray(3)]
internal struct Lengths6
{
    private ulong _word;
}
