using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Ctl.Capture;

/// <summary>A TCP segment in a captured frame.</summary>
/// <param name="Source">Sender's address.</param>
/// <param name="SourcePort">Sender's port.</param>
/// <param name="Destination">Receiver's address.</param>
/// <param name="DestinationPort">Receiver's port.</param>
/// <param name="Sequence">Sequence number of the first octet (of the SYN, when there is one).</param>
/// <param name="IsSyn">Whether a connection begins with it.</param>
/// <param name="Payload">What was captured of the payload.</param>
/// <param name="Missing">Octets of payload behind it that were sent and not captured.</param>
public readonly record struct TcpSegment(
    IpAddr Source, ushort SourcePort, IpAddr Destination, ushort DestinationPort, uint Sequence, bool IsSyn, ReadOnlyMemory<byte> Payload, int Missing)
{
    private const int Ethernet = 1;
    private const int Null = 0;
    private const int Loop = 108;
    private const int LinuxCooked = 113;
    private const int LinuxCooked2 = 276;
    private const int MaxTags = 4;
    private const int MaxExtensions = 8;
    private const byte TcpProtocol = 6;
    private const byte SynFlag = 0x02;

    /// <summary>Finds the segment in a frame; false for everything that is none, is cut before its payload, or is a fragment. Never throws.</summary>
    /// <remarks>Link types: Ethernet with VLAN tags, Linux cooked 1 and 2, raw IP, BSD loopback.</remarks>
    public static bool TryParse(int linkType, ReadOnlyMemory<byte> frame, out TcpSegment segment)
    {
        segment = default;
        var reader = new WireReader(frame.Span);
        switch (linkType)
        {
            case Ethernet:
                reader.Take(12);
                SkipTags(ref reader);
                break;
            case LinuxCooked:
                reader.Take(14);
                SkipTags(ref reader);
                break;
            case LinuxCooked2:
                var protocol = reader.U16();
                reader.Take(18);
                if (IsTag(protocol))
                {
                    reader.U16();
                    SkipTags(ref reader);
                }

                break;
            case Null or Loop:
                reader.Take(4);
                break;
            case 12 or 14 or 101 or 228 or 229:
                break;
            default:
                return false;
        }

        return !reader.Failed && TryParseIp(frame[^reader.Remaining..], out segment);
    }

    // The version in the first octet says which IP it is; what is no IP fails one of the checks below.
    private static bool TryParseIp(ReadOnlyMemory<byte> packet, out TcpSegment segment)
    {
        segment = default;
        var reader = new WireReader(packet.Span);
        int first = reader.U8();
        return (first >> 4) switch
        {
            4 => TryParseIpv4(packet, ref reader, (first & 15) * 4, out segment),
            6 => TryParseIpv6(packet, ref reader, out segment),
            _ => false,
        };
    }

    private static bool TryParseIpv4(ReadOnlyMemory<byte> packet, ref WireReader reader, int headerLength, out TcpSegment segment)
    {
        segment = default;
        reader.U8();
        int total = reader.U16();
        reader.U16();
        var fragment = reader.U16() & 0x3fff;
        reader.U8();
        var protocol = reader.U8();
        reader.U16();
        var (source, destination) = (reader.Ip(4), reader.Ip(4));
        if (reader.Failed || headerLength < 20 || packet.Length < headerLength || fragment != 0 || protocol != TcpProtocol)
        {
            return false;
        }

        // A total length of 0 is what captures before segmentation offload show.
        total = total == 0 ? packet.Length : total;
        return total >= headerLength && TryParseTcp(source, destination, packet[headerLength..], total - headerLength, out segment);
    }

    private static bool TryParseIpv6(ReadOnlyMemory<byte> packet, ref WireReader reader, out TcpSegment segment)
    {
        segment = default;
        reader.Take(3);
        int total = reader.U16();
        int next = reader.U8();
        reader.U8();
        var (source, destination) = (reader.Ip(16), reader.Ip(16));
        total = total == 0 ? reader.Remaining : total;
        for (var i = 0; next != TcpProtocol; i++)
        {
            int following = reader.U8();
            int units = reader.U8();
            var length = next switch
            {
                0 or 43 or 60 => (units + 1) * 8,
                51 => (units + 2) * 4,
                _ => -1,
            };
            if (i == MaxExtensions || length < 0)
            {
                return false;
            }

            reader.Take(length - 2);
            total -= length;
            next = following;
        }

        return !reader.Failed && total >= 0 && TryParseTcp(source, destination, packet[^reader.Remaining..], total, out segment);
    }

    private static bool TryParseTcp(IpAddr source, IpAddr destination, ReadOnlyMemory<byte> octets, int length, out TcpSegment segment)
    {
        // Ethernet pads short packets: what is behind the IP length is not part of the segment.
        octets = octets.Length > length ? octets[..length] : octets;
        var reader = new WireReader(octets.Span);
        var (sourcePort, destinationPort, sequence) = (reader.U16(), reader.U16(), reader.U32());
        reader.U32();
        var headerLength = (reader.U8() >> 4) * 4;
        var flags = reader.U8();
        if (reader.Failed || headerLength < 20 || headerLength > octets.Length)
        {
            segment = default;
            return false;
        }

        segment = new(
            source, sourcePort, destination, destinationPort, sequence, (flags & SynFlag) != 0, octets[headerLength..], length - octets.Length);
        return true;
    }

    private static void SkipTags(ref WireReader reader)
    {
        for (var i = 0; i < MaxTags && IsTag(reader.U16()); i++)
        {
            reader.U16();
        }
    }

    private static bool IsTag(ushort etherType) => etherType is 0x8100 or 0x88a8 or 0x9100;
}
