using System.Buffers.Binary;
using Fabric.Primitives;

namespace Fabric.SoftGate.Tests.Packets;

/// <summary>Headers in front of an IP packet.</summary>
internal static class Frame
{
    /// <summary>Ethernet, with an 802.1Q tag unless that is 0.</summary>
    internal static byte[] Ethernet(MacAddress destination, MacAddress source, ReadOnlySpan<byte> packet, int vlan = 0)
    {
        var type = packet[0] >> 4 == 4 ? 0x0800 : 0x86dd;
        var result = new byte[(vlan == 0 ? 14 : 18) + packet.Length];
        destination.WriteTo(result);
        source.WriteTo(result.AsSpan(6));
        var at = 12;
        if (vlan != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(result.AsSpan(at), 0x8100);
            BinaryPrimitives.WriteUInt16BigEndian(result.AsSpan(at + 2), (ushort)vlan);
            at += 4;
        }

        BinaryPrimitives.WriteUInt16BigEndian(result.AsSpan(at), (ushort)type);
        packet.CopyTo(result.AsSpan(at + 2));
        return result;
    }

    /// <summary>VXLAN around a frame, as an outer IP packet.</summary>
    internal static byte[] Vxlan(IpAddr source, IpAddr destination, int vni, ReadOnlySpan<byte> frame, ushort port = 4789) => new Packet
    {
        Source = source,
        Destination = destination,
        SourcePort = 50000,
        DestinationPort = port,
        WithoutChecksum = true,
        Payload = [8, 0, 0, 0, (byte)(vni >> 16), (byte)(vni >> 8), (byte)vni, 0, .. frame],
    }.ToBytes();

    /// <summary>What is in a frame: the IP packet, and around it VXLAN or nothing.</summary>
    internal static Sent Read(ReadOnlySpan<byte> frame)
    {
        var destination = MacAddress.FromBytes(frame[..6]);
        var source = MacAddress.FromBytes(frame[6..12]);
        var at = 12;
        var vlan = 0;
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[at..]) == 0x8100)
        {
            vlan = BinaryPrimitives.ReadUInt16BigEndian(frame[(at + 2)..]);
            at += 4;
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(frame[at..]);
        Assert.Equal(type, frame[at + 2] >> 4 == 4 ? 0x0800 : 0x86dd);
        var packet = Packet.Read(frame[(at + 2)..]);
        if (packet is { Protocol: Packet.Udp, DestinationPort: 4789 })
        {
            Assert.Equal(8, packet.Payload[0]);
            var inner = Read(packet.Payload.AsSpan(8));
            return inner with { Outer = packet, Vni = BinaryPrimitives.ReadInt32BigEndian(packet.Payload.AsSpan(4)) >> 8 };
        }

        return new(packet, destination, source, vlan);
    }
}

/// <summary>A frame that was sent.</summary>
/// <param name="Packet">The IP packet; with VXLAN the inner one.</param>
/// <param name="To">Destination MAC; with VXLAN the inner one.</param>
/// <param name="From">Source MAC; with VXLAN the inner one.</param>
/// <param name="Vlan">802.1Q tag; 0: none.</param>
internal sealed record Sent(Packet Packet, MacAddress To, MacAddress From, int Vlan)
{
    /// <summary>The outer packet of VXLAN.</summary>
    internal Packet? Outer { get; init; }

    /// <summary>The VNI of VXLAN.</summary>
    internal int Vni { get; init; }
}
