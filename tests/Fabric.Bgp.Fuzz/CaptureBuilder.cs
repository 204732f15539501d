using System.Buffers.Binary;

namespace Fabric.Bgp.Fuzz;

/// <summary>Makes capture files out of TCP payloads.</summary>
/// <param name="linkType">LINKTYPE number of the packets: 0, 1, 101, 108, 113 or 276.</param>
public sealed class CaptureBuilder(int linkType = 1)
{
    private const uint FirstSecond = 1_700_000_000;

    private readonly List<byte[]> _packets = [];

    /// <summary>Whether addresses are IPv6.</summary>
    public bool Ipv6 { get; init; }

    /// <summary>VLAN tags before the IP header, where the link type has room for them.</summary>
    public int Tags { get; init; }

    /// <summary>Most octets that are captured of a packet.</summary>
    public int Snap { get; init; } = int.MaxValue;

    /// <summary>The port of the side that listens.</summary>
    public ushort Port { get; init; } = 179;

    /// <summary>Adds a segment.</summary>
    /// <param name="fromListener">Whether the listening side sends it.</param>
    /// <param name="sequence">Sequence number.</param>
    /// <param name="payload">Payload.</param>
    /// <param name="syn">Whether a connection begins.</param>
    public CaptureBuilder Add(bool fromListener, uint sequence, ReadOnlySpan<byte> payload, bool syn = false)
    {
        const ushort Client = 50000;
        var tcp = new byte[20 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, fromListener ? Port : Client);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), fromListener ? Client : Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), sequence);
        tcp[12] = 0x50;
        tcp[13] = (byte)(syn ? 0x02 : 0x10);
        payload.CopyTo(tcp.AsSpan(20));
        _packets.Add([.. Link(), .. Ip(fromListener, tcp.Length), .. tcp]);
        return this;
    }

    /// <summary>A classic file.</summary>
    public byte[] Pcap(bool bigEndian = false, bool nanoseconds = false)
    {
        var file = new List<byte>();
        U32(file, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, bigEndian);
        U16(file, 2, bigEndian);
        U16(file, 4, bigEndian);
        file.AddRange(new byte[8]);
        U32(file, 262144, bigEndian);
        U32(file, (uint)linkType, bigEndian);
        for (var i = 0; i < _packets.Count; i++)
        {
            var captured = Captured(i);
            U32(file, FirstSecond, bigEndian);
            U32(file, (uint)i, bigEndian);
            U32(file, (uint)captured.Length, bigEndian);
            U32(file, (uint)_packets[i].Length, bigEndian);
            file.AddRange(captured);
        }

        return [.. file];
    }

    /// <summary>A pcapng file: a section, an interface, a block of an unknown kind, the packets.</summary>
    public byte[] Pcapng(bool bigEndian = false)
    {
        var file = new List<byte>();
        Block(file, 0x0a0d0d0a, bigEndian, body =>
        {
            U32(body, 0x1a2b3c4d, bigEndian);
            U16(body, 1, bigEndian);
            U16(body, 0, bigEndian);
            body.AddRange(Enumerable.Repeat((byte)0xff, 8));
        });
        Block(file, 1, bigEndian, body =>
        {
            U16(body, (ushort)linkType, bigEndian);
            U16(body, 0, bigEndian);
            U32(body, 0, bigEndian);
            U16(body, 9, bigEndian); // time in nanoseconds
            U16(body, 1, bigEndian);
            body.AddRange([9, 0, 0, 0]);
            U32(body, 0, bigEndian);
        });
        Block(file, 0x0bad, bigEndian, static body => body.AddRange([1, 2, 3]));
        for (var i = 0; i < _packets.Count; i++)
        {
            var (captured, length, time) = (Captured(i), _packets[i].Length, (FirstSecond * 1_000_000_000UL) + ((ulong)i * 1000));
            Block(file, 6, bigEndian, body =>
            {
                U32(body, 0, bigEndian);
                U32(body, (uint)(time >> 32), bigEndian);
                U32(body, (uint)time, bigEndian);
                U32(body, (uint)captured.Length, bigEndian);
                U32(body, (uint)length, bigEndian);
                body.AddRange(captured);
            });
        }

        return [.. file];
    }

    private static void Block(List<byte> file, uint type, bool bigEndian, Action<List<byte>> write)
    {
        var body = new List<byte>();
        write(body);
        body.AddRange(new byte[-body.Count & 3]);
        U32(file, type, bigEndian);
        U32(file, (uint)body.Count + 12, bigEndian);
        file.AddRange(body);
        U32(file, (uint)body.Count + 12, bigEndian);
    }

    private static void U32(List<byte> into, uint value, bool bigEndian)
    {
        Span<byte> octets = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(octets, bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        into.AddRange(octets);
    }

    private static void U16(List<byte> into, ushort value, bool bigEndian)
    {
        Span<byte> octets = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(octets, bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        into.AddRange(octets);
    }

    private byte[] Captured(int packet) => _packets[packet][..Math.Min(Snap, _packets[packet].Length)];

    private byte[] Link()
    {
        byte[] type = Ipv6 ? [0x86, 0xdd] : [0x08, 0x00];
        var tags = Enumerable.Range(0, Tags).SelectMany(static i => (byte[])[0x81, 0x00, 0x00, (byte)(i + 1)]);
        return linkType switch
        {
            0 or 108 => [0, 0, 0, 2],
            1 => [.. new byte[12], .. tags, .. type],
            113 => [.. new byte[14], .. tags, .. type],
            276 => [.. type, .. new byte[18]],
            _ => [],
        };
    }

    private byte[] Ip(bool fromListener, int length)
    {
        var (source, destination) = fromListener ? ((byte)1, (byte)2) : ((byte)2, (byte)1);
        if (Ipv6)
        {
            byte[] prefix = [0x20, 0x01, 0x0d, 0xb8, .. new byte[11]];
            return [0x60, 0, 0, 0, (byte)(length >> 8), (byte)length, 6, 64, .. prefix, source, .. prefix, destination];
        }

        var total = length + 20;
        return [0x45, 0, (byte)(total >> 8), (byte)total, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, source, 10, 0, 0, destination];
    }
}
