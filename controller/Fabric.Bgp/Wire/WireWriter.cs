using System.Buffers.Binary;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>Writes big-endian fields into a caller's span. Overflow is sticky: later writes do nothing and <see cref="Failed"/> is set.</summary>
public ref struct WireWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Octets written.</summary>
    public int Position { get; private set; }

    /// <summary>Whether something did not fit.</summary>
    public bool Failed { get; private set; }

    /// <summary>Octets that still fit.</summary>
    public readonly int Free => _buffer.Length - Position;

    /// <summary>What was written.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Position];

    /// <summary>Room for <paramref name="count"/> octets, to be filled by the caller; empty on overflow.</summary>
    public Span<byte> Reserve(int count)
    {
        if (Failed || count > Free)
        {
            Failed = true;
            return default;
        }

        var room = _buffer.Slice(Position, count);
        Position += count;
        return room;
    }

    /// <summary>One octet.</summary>
    public void U8(byte value)
    {
        var room = Reserve(1);
        if (!room.IsEmpty)
        {
            room[0] = value;
        }
    }

    /// <summary>Two octets.</summary>
    public void U16(ushort value)
    {
        var room = Reserve(2);
        if (!room.IsEmpty)
        {
            BinaryPrimitives.WriteUInt16BigEndian(room, value);
        }
    }

    /// <summary>Three octets.</summary>
    public void U24(uint value)
    {
        U8((byte)(value >> 16));
        U16((ushort)value);
    }

    /// <summary>Four octets.</summary>
    public void U32(uint value)
    {
        var room = Reserve(4);
        if (!room.IsEmpty)
        {
            BinaryPrimitives.WriteUInt32BigEndian(room, value);
        }
    }

    /// <summary>Eight octets.</summary>
    public void U64(ulong value)
    {
        var room = Reserve(8);
        if (!room.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64BigEndian(room, value);
        }
    }

    /// <summary>The octets as they are.</summary>
    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        var room = Reserve(value.Length);
        if (!room.IsEmpty)
        {
            value.CopyTo(room);
        }
    }

    /// <summary>Six octets.</summary>
    public void Mac(MacAddress value)
    {
        var room = Reserve(6);
        if (!room.IsEmpty)
        {
            value.WriteTo(room);
        }
    }

    /// <summary>Ten octets.</summary>
    public void Esi(EthernetSegmentId value)
    {
        var room = Reserve(10);
        if (!room.IsEmpty)
        {
            value.WriteTo(room);
        }
    }

    /// <summary>4 or 16 octets.</summary>
    public void Ip(IpAddr value)
    {
        var room = Reserve(value.ByteLength);
        if (!room.IsEmpty)
        {
            value.WriteTo(room);
        }
    }

    /// <summary>Overwrites one octet written before.</summary>
    public readonly void PatchU8(int position, int value)
    {
        if (!Failed)
        {
            _buffer[position] = checked((byte)value);
        }
    }

    /// <summary>Overwrites two octets written before.</summary>
    public readonly void PatchU16(int position, int value)
    {
        if (!Failed)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer[position..], checked((ushort)value));
        }
    }

    /// <summary>Opens a gap of one octet at a place written before, moving what follows.</summary>
    public void Insert(int position)
    {
        var length = Position - position;
        if (!Reserve(1).IsEmpty)
        {
            _buffer.Slice(position, length).CopyTo(_buffer[(position + 1)..]);
        }
    }

    /// <summary>Forgets everything written after a place.</summary>
    public void Rewind(int position)
    {
        Position = position;
        Failed = false;
    }
}
