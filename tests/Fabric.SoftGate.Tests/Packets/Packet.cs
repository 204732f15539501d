using System.Buffers.Binary;
using Fabric.Primitives;

namespace Fabric.SoftGate.Tests.Packets;

/// <summary>An IP packet with a header of layer 4, written and read with all checksums.</summary>
internal sealed record Packet
{
    internal const byte Icmp = 1;
    internal const byte Tcp = 6;
    internal const byte Udp = 17;
    internal const byte IcmpV6 = 58;
    internal const byte Fin = 1;
    internal const byte Syn = 2;
    internal const byte Rst = 4;
    internal const byte Ack = 16;

    internal required IpAddr Source { get; init; }

    internal required IpAddr Destination { get; init; }

    internal byte Protocol { get; init; } = Udp;

    internal ushort SourcePort { get; init; }

    internal ushort DestinationPort { get; init; }

    /// <summary>TCP flags, or ICMP type.</summary>
    internal byte Kind { get; init; }

    internal byte Ttl { get; init; } = 64;

    internal byte Tos { get; init; }

    internal bool DontFragment { get; init; } = true;

    /// <summary>TCP: offered segment size, after a no-operation that moves it to an odd offset.</summary>
    internal ushort? Mss { get; init; }

    /// <summary>UDP: sent without a checksum.</summary>
    internal bool WithoutChecksum { get; init; }

    internal byte[] Payload { get; init; } = [];

    /// <summary>IPv4 options, a multiple of 4 octets; IPv6: extension headers, the last one's next header is filled in.</summary>
    internal byte[] Options { get; init; } = [];

    internal static Packet UdpOf(string source, ushort sourcePort, string destination, ushort destinationPort, string payload = "hello") => new()
    {
        Source = IpAddr.Parse(source),
        Destination = IpAddr.Parse(destination),
        SourcePort = sourcePort,
        DestinationPort = destinationPort,
        Payload = System.Text.Encoding.ASCII.GetBytes(payload),
    };

    internal static Packet TcpOf(string source, ushort sourcePort, string destination, ushort destinationPort, byte flags) =>
        UdpOf(source, sourcePort, destination, destinationPort) with { Protocol = Tcp, Kind = flags };

    internal static Packet EchoOf(string source, string destination, ushort id, bool reply = false)
    {
        var from = IpAddr.Parse(source);
        return new()
        {
            Source = from,
            Destination = IpAddr.Parse(destination),
            Protocol = from.IsV4 ? Icmp : IcmpV6,
            Kind = (byte)(from.IsV4 ? (reply ? 0 : 8) : (reply ? 129 : 128)),
            SourcePort = id,
            DestinationPort = id,
            Payload = [1, 2, 3],
        };
    }

    /// <summary>The answer that a well-behaved peer gives.</summary>
    internal Packet Reply(byte? kind = null) => this with
    {
        Source = Destination,
        Destination = Source,
        SourcePort = DestinationPort,
        DestinationPort = SourcePort,
        Kind = kind ?? (Protocol switch { Icmp => (byte)0, IcmpV6 => 129, _ => Kind }),
        Ttl = 64,
    };

    /// <summary>The packet in octets.</summary>
    internal byte[] ToBytes()
    {
        var transport = Transport();
        byte[] header;
        if (Source.IsV4)
        {
            header = new byte[20 + Options.Length];
            header[0] = (byte)(0x40 | (header.Length / 4));
            header[1] = Tos;
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + transport.Length));
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), 0x1234);
            header[6] = (byte)(DontFragment ? 0x40 : 0);
            header[8] = Ttl;
            header[9] = Protocol;
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), Source.V4Number);
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(16), Destination.V4Number);
            Options.CopyTo(header, 20);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), Checksum.Of(header));
        }
        else
        {
            header = new byte[40 + Options.Length];
            header[0] = (byte)(0x60 | (Tos >> 4));
            header[1] = (byte)(Tos << 4);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(Options.Length + transport.Length));
            header[6] = Options.Length > 0 ? (byte)60 : Protocol;
            header[7] = Ttl;
            BinaryPrimitives.WriteUInt128BigEndian(header.AsSpan(8), Source.Number);
            BinaryPrimitives.WriteUInt128BigEndian(header.AsSpan(24), Destination.Number);
            Options.CopyTo(header, 40);
            if (Options.Length > 0)
            {
                header[40] = Protocol;
            }
        }

        return [.. header, .. transport];
    }

    /// <summary>Reads a packet; every checksum must be right.</summary>
    internal static Packet Read(ReadOnlySpan<byte> bytes)
    {
        IpAddr source, destination;
        byte protocol, ttl, tos;
        var dontFragment = true;
        ReadOnlySpan<byte> transport;
        byte[] options = [];
        if (bytes[0] >> 4 == 4)
        {
            var length = (bytes[0] & 15) * 4;
            Assert.Equal(0, Checksum.Of(bytes[..length]));
            source = IpAddr.V4(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]));
            destination = IpAddr.V4(BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));
            (protocol, ttl, tos) = (bytes[9], bytes[8], bytes[1]);
            dontFragment = (bytes[6] & 0x40) != 0;
            options = bytes[20..length].ToArray();
            transport = bytes[length..BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])];
        }
        else
        {
            Assert.Equal(6, bytes[0] >> 4);
            source = IpAddr.V6(BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]));
            destination = IpAddr.V6(BinaryPrimitives.ReadUInt128BigEndian(bytes[24..]));
            (protocol, ttl, tos) = (bytes[6], bytes[7], (byte)((bytes[0] << 4) | (bytes[1] >> 4)));
            var end = 40 + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
            var start = 40;
            if (protocol == 60)
            {
                protocol = bytes[40];
                start += (bytes[41] + 1) * 8;
                options = bytes[40..start].ToArray();
            }

            transport = bytes[start..end];
        }

        var packet = new Packet
        {
            Source = source,
            Destination = destination,
            Protocol = protocol,
            Ttl = ttl,
            Tos = tos,
            DontFragment = dontFragment,
            Options = options,
        };
        var pseudo = protocol == Icmp ? [] : packet.Pseudo(transport.Length);
        switch (protocol)
        {
            case Tcp:
                Assert.Equal(0, Checksum.Of(pseudo, transport));
                var data = (transport[12] >> 4) * 4;
                return packet with
                {
                    SourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport),
                    DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]),
                    Kind = transport[13],
                    Mss = data > 20 ? BinaryPrimitives.ReadUInt16BigEndian(transport[23..]) : null,
                    Payload = transport[data..].ToArray(),
                };
            case Udp:
                var without = transport[6] == 0 && transport[7] == 0;
                Assert.True(without || Checksum.Of(pseudo, transport) == 0);
                return packet with
                {
                    SourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport),
                    DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]),
                    WithoutChecksum = without,
                    Payload = transport[8..].ToArray(),
                };
            case Icmp or IcmpV6:
                Assert.Equal(0, Checksum.Of(pseudo, transport));
                var id = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
                return packet with { Kind = transport[0], SourcePort = id, DestinationPort = id, Payload = transport[8..].ToArray() };
            default:
                return packet with { Payload = transport.ToArray() };
        }
    }

    private byte[] Transport()
    {
        byte[] bytes;
        int at;
        switch (Protocol)
        {
            case Tcp:
                byte[] options = Mss is { } mss ? [1, 1, 4, 2, 4, (byte)(mss >> 8), (byte)mss, 0] : [];
                if (Mss is not null)
                {
                    // No-operation, then the segment size at an odd offset, then the end.
                    options = [1, 2, 4, (byte)(Mss.Value >> 8), (byte)Mss.Value, 0, 0, 0];
                }

                bytes = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, (byte)((20 + options.Length) / 4 << 4), Kind, 0xff, 0xff, 0, 0, 0, 0, .. options, .. Payload];
                at = 16;
                break;
            case Udp:
                bytes = [0, 0, 0, 0, (byte)((8 + Payload.Length) >> 8), (byte)(8 + Payload.Length), 0, 0, .. Payload];
                at = 6;
                break;
            case Icmp or IcmpV6:
                bytes = [Kind, 0, 0, 0, (byte)(SourcePort >> 8), (byte)SourcePort, 0, 7, .. Payload];
                at = 2;
                break;
            default:
                return Payload;
        }

        if (Protocol is Tcp or Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, SourcePort);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), DestinationPort);
        }

        if (!WithoutChecksum)
        {
            var sum = Checksum.Of(Protocol == Icmp ? [] : Pseudo(bytes.Length), bytes);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), Protocol == Udp && sum == 0 ? (ushort)0xffff : sum);
        }

        return bytes;
    }

    private byte[] Pseudo(int length)
    {
        if (Source.IsV4)
        {
            var bytes = new byte[12];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, Source.V4Number);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), Destination.V4Number);
            bytes[9] = Protocol;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), (ushort)length);
            return bytes;
        }
        else
        {
            var bytes = new byte[40];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, Source.Number);
            BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), Destination.Number);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(32), (uint)length);
            bytes[39] = Protocol;
            return bytes;
        }
    }
}

/// <summary>RFC 1071.</summary>
internal static class Checksum
{
    internal static ushort Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        var sum = Sum(first) + Sum(second);
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0ul;
        for (var i = 0; i < bytes.Length; i += 2)
        {
            sum += (ulong)((bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
        }

        return sum;
    }
}
