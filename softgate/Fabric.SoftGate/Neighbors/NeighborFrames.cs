using System.Buffers.Binary;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.SoftGate.Neighbors;

/// <summary>Frames that a gateway sends by itself.</summary>
internal static class NeighborFrames
{
    private const byte HopLimit = 255; // RFC 4861 section 7.1: what was routed is not believed
    private const byte IcmpV6 = 58;
    private const int Ipv6HeaderLength = 40;
    private const int EthernetHeaderLength = 14;
    private const int ChecksumOffset = EthernetHeaderLength + Ipv6HeaderLength + 2;

    private static readonly IpAddr AllNodes = IpAddr.Parse("ff02::1");

    /// <summary>The link-local address that a MAC gives (RFC 4291 appendix A): what a V-Net's gateway advertises itself by.</summary>
    internal static IpAddr LinkLocal(MacAddress mac)
    {
        var bits = mac.Bits ^ (1UL << 41);
        var identifier = (bits >> 24 << 40) | (0xfffeUL << 24) | (bits & 0xffffff);
        return IpAddr.V6(new UInt128(0xfe80_0000_0000_0000, identifier));
    }

    /// <summary>Asks who has an address: ARP, or a neighbour solicitation.</summary>
    /// <param name="gateway">Own address in the V-Net, of the same family.</param>
    /// <param name="gatewayMac">Own MAC.</param>
    /// <param name="target">The address.</param>
    /// <param name="known">Whom to ask: who has had it last; null: everybody.</param>
    internal static byte[] Solicitation(IpAddr gateway, MacAddress gatewayMac, IpAddr target, MacAddress? known) =>
        target.IsV4 ? ArpRequest(gateway, gatewayMac, target, known) : NeighborSolicitation(gateway, gatewayMac, target, known);

    /// <summary>A router advertisement.</summary>
    /// <remarks>RFC 4861 sections 4.2, 4.6.2 and 4.6.4. Hosts form their own addresses in prefixes of length 64 (RFC 4862).
    /// <code>
    /// | type 134 | code 0 | checksum 2 | hop limit 1 | flags 1 | router lifetime 2 | reachable time 4 | retransmit timer 4 | options ... |
    /// </code></remarks>
    /// <param name="gatewayMac">Own MAC.</param>
    /// <param name="prefixes">Prefixes of the V-Net.</param>
    /// <param name="mtu">Its MTU, octets.</param>
    /// <param name="lifetime">How long hosts believe it, seconds.</param>
    /// <param name="to">Who has asked, and its MAC; null: for all.</param>
    internal static byte[] RouterAdvertisement(
        MacAddress gatewayMac, IReadOnlyList<IpPrefix> prefixes, int mtu, ushort lifetime, (IpAddr Address, MacAddress Mac)? to)
    {
        var message = new byte[16 + 8 + 8 + (prefixes.Count * 32)];
        var writer = new WireWriter(message);
        writer.U8(134);
        writer.U8(0);
        writer.U16(0);
        writer.U8(64);
        writer.U8(0);
        writer.U16(lifetime);
        writer.U64(0);
        LinkAddress(ref writer, 1, gatewayMac);
        writer.U8(5); // MTU
        writer.U8(1);
        writer.U16(0);
        writer.U32((uint)mtu);
        foreach (var prefix in prefixes)
        {
            const byte onLink = 0x80;
            const byte autonomous = 0x40;
            writer.U8(3);
            writer.U8(4);
            writer.U8((byte)prefix.Length);
            writer.U8((byte)(onLink | (prefix.Length == 64 ? autonomous : 0)));
            writer.U32(30 * 24 * 3600); // valid, preferred: the defaults of RFC 4861 section 6.2.1
            writer.U32(7 * 24 * 3600);
            writer.U32(0);
            writer.Ip(prefix.Address);
        }

        var destination = to?.Address ?? AllNodes;
        return Icmp(gatewayMac, to?.Mac ?? MulticastMac(AllNodes), LinkLocal(gatewayMac), destination, message);
    }

    private static byte[] ArpRequest(IpAddr gateway, MacAddress gatewayMac, IpAddr target, MacAddress? known)
    {
        var frame = new byte[EthernetHeaderLength + 28];
        var writer = new WireWriter(frame);
        Ethernet(ref writer, known ?? MacAddress.Broadcast, gatewayMac, 0x0806);
        writer.U16(1);
        writer.U16(0x0800);
        writer.U8(6);
        writer.U8(4);
        writer.U16(1);
        writer.Mac(gatewayMac);
        writer.Ip(gateway);
        writer.Mac(default);
        writer.Ip(target);
        return frame;
    }

    private static byte[] NeighborSolicitation(IpAddr gateway, MacAddress gatewayMac, IpAddr target, MacAddress? known)
    {
        var message = new byte[32];
        var writer = new WireWriter(message);
        writer.U8(135);
        writer.U8(0);
        writer.U16(0);
        writer.U32(0);
        writer.Ip(target);
        LinkAddress(ref writer, 1, gatewayMac);

        // RFC 4291 section 2.7.1: ff02::1:ff with the last 24 bits.
        var group = IpAddr.V6(new UInt128(0xff02_0000_0000_0000, 0x1_ff00_0000 | (ulong)(target.Number & 0xffffff)));
        return known is { } mac
            ? Icmp(gatewayMac, mac, gateway, target, message)
            : Icmp(gatewayMac, MulticastMac(group), gateway, group, message);
    }

    private static void LinkAddress(ref WireWriter writer, byte option, MacAddress mac)
    {
        writer.U8(option);
        writer.U8(1);
        writer.Mac(mac);
    }

    private static void Ethernet(ref WireWriter writer, MacAddress destination, MacAddress source, ushort type)
    {
        writer.Mac(destination);
        writer.Mac(source);
        writer.U16(type);
    }

    private static byte[] Icmp(MacAddress sourceMac, MacAddress destinationMac, IpAddr source, IpAddr destination, ReadOnlySpan<byte> message)
    {
        var frame = new byte[EthernetHeaderLength + Ipv6HeaderLength + message.Length];
        var writer = new WireWriter(frame);
        Ethernet(ref writer, destinationMac, sourceMac, 0x86dd);
        writer.U32(6u << 28);
        writer.U16((ushort)message.Length);
        writer.U8(IcmpV6);
        writer.U8(HopLimit);
        writer.Ip(source);
        writer.Ip(destination);
        writer.Bytes(message);
        BinaryPrimitives.WriteUInt16BigEndian(
            frame.AsSpan(ChecksumOffset), Checksum(frame.AsSpan(EthernetHeaderLength + 8), (uint)message.Length + IcmpV6));
        return frame;
    }

    /// <summary>RFC 1071, over addresses and message; the rest of the pseudo header as a number. The length is even.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> data, uint sum)
    {
        for (var i = 0; i < data.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>RFC 2464 section 7: 33:33 and the last 32 bits.</summary>
    private static MacAddress MulticastMac(IpAddr group) => new(0x3333_0000_0000UL | (ulong)(group.Number & 0xffffffff));
}
