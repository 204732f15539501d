using System.Buffers.Binary;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>Reads big-endian fields in wire order. The error is sticky: after a failure every read gives zero, so callers read on and check once.</summary>
public ref struct WireReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>Why reading failed; null while everything fitted.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether a read went beyond the end or a value was refused.</summary>
    public readonly bool Failed => Error is not null;

    /// <summary>Octets not yet read.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Whether all octets are read (or reading failed).</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Records the first reason and drops what is left.</summary>
    public void Fail(string why)
    {
        Error ??= why;
        _rest = default;
    }

    /// <summary>The next <paramref name="count"/> octets; empty after a failure.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            Fail("too short");
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    /// <summary>Everything that is left.</summary>
    public ReadOnlySpan<byte> TakeRest() => Take(_rest.Length);

    /// <summary>A reader bounded by the next <paramref name="count"/> octets; what fails in it is its own affair.</summary>
    public WireReader Sub(int count) => new(Take(count)) { Error = Error };

    /// <summary>One octet.</summary>
    public byte U8()
    {
        var s = Take(1);
        return s.IsEmpty ? (byte)0 : s[0];
    }

    /// <summary>Two octets.</summary>
    public ushort U16()
    {
        var s = Take(2);
        return s.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(s);
    }

    /// <summary>Three octets.</summary>
    public uint U24()
    {
        var s = Take(3);
        return s.IsEmpty ? 0 : ((uint)s[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(s[1..]);
    }

    /// <summary>Four octets.</summary>
    public uint U32()
    {
        var s = Take(4);
        return s.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32BigEndian(s);
    }

    /// <summary>Eight octets.</summary>
    public ulong U64()
    {
        var s = Take(8);
        return s.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64BigEndian(s);
    }

    /// <summary>Six octets as a MAC address.</summary>
    public MacAddress Mac()
    {
        var s = Take(6);
        return s.IsEmpty ? default : MacAddress.FromBytes(s);
    }

    /// <summary>Ten octets as an Ethernet segment identifier.</summary>
    public EthernetSegmentId Esi()
    {
        var s = Take(10);
        return s.IsEmpty ? default : EthernetSegmentId.FromBytes(s);
    }

    /// <summary>An address of 4 or 16 octets.</summary>
    public IpAddr Ip(int octets)
    {
        var s = Take(octets);
        return s.IsEmpty ? default : IpAddr.FromBytes(s);
    }
}
