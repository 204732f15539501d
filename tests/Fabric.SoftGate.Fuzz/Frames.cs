using System.Buffers.Binary;
using Fabric.Primitives;

namespace Fabric.SoftGate.Fuzz;

/// <summary>Makes frames, from the inside out, with right lengths and checksums.</summary>
public static class Frames
{
    /// <summary>Protocol numbers.</summary>
    public const byte Icmp4 = 1, TcpNumber = 6, UdpNumber = 17, Icmp6 = 58;

    /// <summary>EtherTypes.</summary>
    public const ushort Ipv4Type = 0x0800, ArpType = 0x0806, Ipv6Type = 0x86dd;

    /// <summary>An Ethernet frame, tagged where a VLAN is given.</summary>
    public static byte[] Ethernet(MacAddress destination, MacAddress source, ushort type, byte[] payload, ushort vlan = 0)
    {
        var head = new byte[vlan == 0 ? 14 : 18];
        destination.WriteTo(head);
        source.WriteTo(head.AsSpan(6));
        if (vlan != 0)
        {
            Put16(head, 12, 0x8100);
            Put16(head, 14, vlan);
        }

        Put16(head, head.Length - 2, type);
        return [.. head, .. payload];
    }

    /// <summary>A frame with an IP packet of either family.</summary>
    public static byte[] Ethernet(MacAddress destination, MacAddress source, byte[] ip, ushort vlan = 0) =>
        Ethernet(destination, source, ip[0] >> 4 == 4 ? Ipv4Type : Ipv6Type, ip, vlan);

    /// <summary>An IP packet; with an offset or more to come, a fragment.</summary>
    /// <param name="source">Source; its family is the packet's.</param>
    /// <param name="destination">Destination.</param>
    /// <param name="protocol">Protocol of the payload.</param>
    /// <param name="payload">Payload, or a part of it.</param>
    /// <param name="ttl">TTL or hop limit.</param>
    /// <param name="dontFragment">IPv4 only.</param>
    /// <param name="id">Identification.</param>
    /// <param name="offset">Of the fragment, octets.</param>
    /// <param name="more">Whether more fragments follow.</param>
    public static byte[] Ip(
        IpAddr source, IpAddr destination, byte protocol, byte[] payload, byte ttl = 64, bool dontFragment = false, uint id = 1, int offset = 0, bool more = false)
    {
        if (source.IsV4)
        {
            var head = new byte[20];
            head[0] = 0x45;
            Put16(head, 2, (ushort)(20 + payload.Length));
            Put16(head, 4, (ushort)id);
            Put16(head, 6, (ushort)((dontFragment ? 0x4000 : 0) | (more ? 0x2000 : 0) | (offset / 8)));
            head[8] = ttl;
            head[9] = protocol;
            source.WriteTo(head.AsSpan(12));
            destination.WriteTo(head.AsSpan(16));
            Put16(head, 10, (ushort)~Octets.Sum(head));
            return [.. head, .. payload];
        }

        byte[] fragment = [];
        if (more || offset != 0)
        {
            fragment = new byte[8];
            fragment[0] = protocol;
            Put16(fragment, 2, (ushort)(offset | (more ? 1 : 0)));
            BinaryPrimitives.WriteUInt32BigEndian(fragment.AsSpan(4), id);
        }

        return Ip6(source, destination, fragment.Length == 0 ? protocol : (byte)44, [.. fragment, .. payload], ttl);
    }

    /// <summary>An IPv6 packet whose payload begins with extension headers, if the caller says so.</summary>
    public static byte[] Ip6(IpAddr source, IpAddr destination, byte next, byte[] payload, byte hops = 64)
    {
        var head = new byte[40];
        head[0] = 0x60;
        Put16(head, 4, (ushort)payload.Length);
        head[6] = next;
        head[7] = hops;
        source.WriteTo(head.AsSpan(8));
        destination.WriteTo(head.AsSpan(24));
        return [.. head, .. payload];
    }

    /// <summary>A UDP datagram.</summary>
    public static byte[] Udp(IpAddr source, IpAddr destination, ushort from, ushort to, byte[] payload, bool checksum = true)
    {
        var data = (byte[])[.. new byte[8], .. payload];
        Put16(data, 0, from);
        Put16(data, 2, to);
        Put16(data, 4, (ushort)data.Length);
        if (checksum)
        {
            var sum = (ushort)~WithPseudoHeader(source, destination, UdpNumber, data);
            Put16(data, 6, sum == 0 ? (ushort)0xffff : sum);
        }

        return data;
    }

    /// <summary>A TCP segment.</summary>
    public static byte[] Tcp(IpAddr source, IpAddr destination, ushort from, ushort to, byte flags, byte[] payload, byte[]? options = null)
    {
        options ??= [];
        var data = (byte[])[.. new byte[20], .. options, .. payload];
        Put16(data, 0, from);
        Put16(data, 2, to);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), 0x01020304);
        data[12] = (byte)((5 + (options.Length / 4)) << 4);
        data[13] = flags;
        Put16(data, 14, 0xffff);
        Put16(data, 16, (ushort)~WithPseudoHeader(source, destination, TcpNumber, data));
        return data;
    }

    /// <summary>An ICMP message of the family of the addresses.</summary>
    /// <param name="source">Source.</param>
    /// <param name="destination">Destination.</param>
    /// <param name="type">Type.</param>
    /// <param name="code">Code.</param>
    /// <param name="second">The second word: identifier and sequence number, MTU, or nothing.</param>
    /// <param name="payload">What follows.</param>
    public static byte[] Icmp(IpAddr source, IpAddr destination, byte type, byte code, uint second, byte[] payload)
    {
        var data = (byte[])[type, code, 0, 0, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), second);
        Put16(data, 2, (ushort)~(source.IsV4 ? Octets.Sum(data) : WithPseudoHeader(source, destination, Icmp6, data)));
        return data;
    }

    /// <summary>An ARP packet.</summary>
    public static byte[] Arp(ushort operation, MacAddress senderMac, IpAddr sender, MacAddress targetMac, IpAddr target)
    {
        var data = new byte[28];
        Put16(data, 0, 1);
        Put16(data, 2, Ipv4Type);
        (data[4], data[5]) = (6, 4);
        Put16(data, 6, operation);
        senderMac.WriteTo(data.AsSpan(8));
        sender.WriteTo(data.AsSpan(14));
        targetMac.WriteTo(data.AsSpan(18));
        target.WriteTo(data.AsSpan(24));
        return data;
    }

    /// <summary>A message of neighbour discovery about a target, with one option where a MAC is given.</summary>
    public static byte[] Neighbor(
        IpAddr source, IpAddr destination, byte type, uint flags, IpAddr target, MacAddress? mac = null, byte option = 1, byte hops = 255)
    {
        var body = new byte[mac is null ? 16 : 24];
        target.WriteTo(body);
        if (mac is { } address)
        {
            (body[16], body[17]) = (option, 1);
            address.WriteTo(body.AsSpan(18));
        }

        return Ip(source, destination, Icmp6, Icmp(source, destination, type, 0, flags, body), hops);
    }

    /// <summary>A frame in VXLAN.</summary>
    public static byte[] Vxlan(
        MacAddress destinationMac, MacAddress sourceMac, IpAddr source, IpAddr destination, uint vni, byte[] frame, ushort port = 50000)
    {
        var vxlan = new byte[8];
        vxlan[0] = 8;
        BinaryPrimitives.WriteUInt32BigEndian(vxlan.AsSpan(4), vni << 8);
        var udp = Udp(source, destination, port, 4789, [.. vxlan, .. frame], checksum: false);
        return Ethernet(destinationMac, sourceMac, Ip(source, destination, UdpNumber, udp));
    }

    /// <summary>The multicast address that neighbours of an address listen to.</summary>
    public static IpAddr SolicitedNode(IpAddr address) =>
        IpAddr.V6(IpAddr.Parse("ff02::1:ff00:0").Number | (address.Number & 0xffffff));

    private static ushort WithPseudoHeader(IpAddr source, IpAddr destination, byte protocol, byte[] data)
    {
        Span<byte> addresses = stackalloc byte[32];
        var length = source.WriteTo(addresses);
        destination.WriteTo(addresses[length..]);
        return Octets.SumWithPseudoHeader(addresses[..length], addresses[length..(2 * length)], protocol, data);
    }

    private static void Put16(byte[] data, int at, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(at), value);
}
