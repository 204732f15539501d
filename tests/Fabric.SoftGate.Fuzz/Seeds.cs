using Fabric.Primitives;
using static Fabric.SoftGate.Fuzz.World;

namespace Fabric.SoftGate.Fuzz;

/// <summary>Good frames, one or more for each thing that the data path does; mutation begins with them.</summary>
internal static class Seeds
{
    public static IReadOnlyList<byte[]> All { get; } = [.. Make(), .. Corpus()];

    /// <summary>Frames that once found something, one a file.</summary>
    private static IEnumerable<byte[]> Corpus()
    {
        var assembly = typeof(Seeds).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return Convert.FromHexString(reader.ReadToEnd().Trim());
        }
    }

    private static IEnumerable<byte[]> Make()
    {
        byte[] data = [.. Enumerable.Range(0, 40).Select(static i => (byte)i)];
        foreach (var vni in (uint[])[VniA, VniB])
        {
            yield return FromVm(vni, Ip4(Vm, Internet, Tcp(Vm, Internet, 40000, 443, 2, [])));
            yield return FromVm(vni, Ip4(Vm, Internet, Tcp(Vm, Internet, 40000, 443, 0x10, data)));
            yield return FromVm(vni, Ip4(Vm, Internet, Udp(Vm, Internet, 5353, 53, data)));
            yield return FromVm(vni, Ip4(Vm, Internet, Frames.Udp(Vm, Internet, 5354, 53, data, checksum: false), Frames.UdpNumber));
            yield return FromVm(vni, Ip4(Vm, Internet, Frames.Icmp(Vm, Internet, 8, 0, 0x00070001, data), Frames.Icmp4));
            yield return FromVm(vni, Ip4(Vm, Internet, data, 47));
            yield return FromVm(vni, Ip4(Vm, VmStatic, Udp(Vm, VmStatic, 1000, 1001, data)));
            yield return FromVm(vni, Ip4(Vm, VmListed, Tcp(Vm, VmListed, 1000, 80, 2, [])));
            yield return FromVm(vni, Ip4(Vm, VmListed, Tcp(Vm, VmListed, 1000, 22, 2, [])));
            yield return FromVm(vni, Ip4(Vm, StaticA, Tcp(Vm, StaticA, 1000, 22, 2, [])));
            yield return FromVm(vni, Ip4(Vm, ForwardB, Tcp(Vm, ForwardB, 1000, 8083, 2, [])));
            yield return FromVm(vni, Ip4(VmStatic, Internet, Udp(VmStatic, Internet, 1000, 53, data)));
            yield return FromVm(vni, Ip4(Vm, Gateway4, Frames.Icmp(Vm, Gateway4, 8, 0, 1, data), Frames.Icmp4));
            yield return FromVm(vni, Ip4(Vm, IpAddr.Parse("10.0.0.77"), Udp(Vm, IpAddr.Parse("10.0.0.77"), 1, 2, data)));
            yield return FromVm(vni, Ip4(Vm, IpAddr.Parse("10.0.9.1"), Udp(Vm, IpAddr.Parse("10.0.9.1"), 1, 2, data)));
            yield return FromVm(vni, Ip4(Vm, IpAddr.Parse("10.0.8.1"), Udp(Vm, IpAddr.Parse("10.0.8.1"), 1, 2, data)));
            yield return FromVm(vni, Frames.Ip(Vm, Internet, Frames.UdpNumber, Udp(Vm, Internet, 7, 7, data), ttl: 1));
            yield return FromVm(vni, Frames.Ip(Vm, Internet, Frames.UdpNumber, Udp(Vm, Internet, 7, 7, new byte[1600]), dontFragment: true));
            yield return FromVm(vni, Ip6(Vm6, VmOther6, Udp(Vm6, VmOther6, 1000, 1001, data)));
            yield return FromVm(vni, Ip6(Vm6, Internet6, Tcp(Vm6, Internet6, 1000, 443, 2, [])));
            yield return FromVm(vni, Ip6(Vm6, Gateway6, Frames.Icmp(Vm6, Gateway6, 128, 0, 1, data), Frames.Icmp6));
            yield return FromLeaf(vni, Frames.Ethernet(MacAddress.Broadcast, VmMac, Frames.ArpType, Frames.Arp(1, VmMac, Vm, default, Gateway4)));
            yield return FromLeaf(vni, Frames.Ethernet(GatewayMac, VmMac, Frames.ArpType, Frames.Arp(2, VmMac, Vm, GatewayMac, Gateway4)));
            yield return FromLeaf(vni, Frames.Ethernet(
                MacAddress.Parse("33:33:ff:00:00:01"), VmMac, Frames.Neighbor(Vm6, Frames.SolicitedNode(Gateway6), 135, 0, Gateway6, VmMac)));
            yield return FromLeaf(vni, Frames.Ethernet(
                MacAddress.Parse("33:33:ff:00:00:01"), VmMac, Frames.Neighbor(IpAddr.Parse("::"), Frames.SolicitedNode(Gateway6), 135, 0, Gateway6)));
            yield return FromLeaf(vni, Frames.Ethernet(GatewayMac, VmMac, Frames.Neighbor(Vm6, Gateway6, 136, 0x60000000, Vm6, VmMac, 2)));
            yield return FromLeaf(vni, Frames.Ethernet(MacAddress.Parse("33:33:00:00:00:02"), VmMac, Frames.Ip(
                Vm6, IpAddr.Parse("ff02::2"), Frames.Icmp6, Frames.Icmp(Vm6, IpAddr.Parse("ff02::2"), 133, 0, 0, []), 255)));
            foreach (var fragment in Fragments(Vm, Internet))
            {
                yield return FromVm(vni, fragment);
            }

            foreach (var fragment in Fragments(Vm6, VmOther6))
            {
                yield return FromVm(vni, fragment);
            }
        }

        yield return FromLeaf(VniL3A, Frames.Ethernet(L3Mac, LeafMac, Ip4(IpAddr.Parse("10.0.8.1"), Vm, Udp(IpAddr.Parse("10.0.8.1"), Vm, 5, 6, data))));
        yield return FromLeaf(VniListed, Frames.Ethernet(GatewayMac, VmMac, Ip4(VmListed, Vm, Tcp(VmListed, Vm, 80, 1000, 0x12, []))));
        yield return FromLeaf6(VniC, Frames.Ethernet(GatewayMac, VmMac, Ip6(VmC6, Internet6, Udp(VmC6, Internet6, 1000, 53, data))));
        yield return FromLeaf6(VniC, Frames.Ethernet(
            MacAddress.Parse("33:33:ff:00:00:01"), VmMac, Frames.Neighbor(VmC6, Frames.SolicitedNode(GatewayC6), 135, 0, GatewayC6, VmMac)));
        yield return FromLeaf6(VniC, Frames.Ethernet(GatewayMac, VmMac, Frames.Ip6(
            VmC6, Internet6, 0, [60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0, .. Frames.Udp(VmC6, Internet6, 1000, 54, data)])));
        yield return Frames.Ethernet(GatewayMac, VmMac, Ip4(Vm, Internet, Udp(Vm, Internet, 9, 9, data)), PlainVlan);
        yield return Frames.Ethernet(MacAddress.Broadcast, VmMac, Frames.ArpType, Frames.Arp(1, VmMac, Vm, default, Gateway4), PlainVlan);

        yield return FromInternet(Ip4(Internet, PoolA, Tcp(Internet, PoolA, 443, 40000, 0x12, [])));
        yield return FromInternet(Ip4(Internet, PoolA, Udp(Internet, PoolA, 53, 5353, data)));
        yield return FromInternet(Ip4(Internet, PoolB, Udp(Internet, PoolB, 53, 5353, data)));
        yield return FromInternet(Ip4(Internet, PoolA, Frames.Icmp(Internet, PoolA, 0, 0, 0x00070001, data), Frames.Icmp4));
        yield return FromInternet(Ip4(Internet, StaticA, Tcp(Internet, StaticA, 5000, 22, 2, [])));
        yield return FromInternet(Ip4(Internet, StaticA, Frames.Icmp(Internet, StaticA, 8, 0, 1, data), Frames.Icmp4));
        yield return FromInternet(Ip4(Internet, ForwardB, Tcp(Internet, ForwardB, 5000, 8081, 2, [])));
        yield return FromInternet(Ip4(Internet, BalancerA, Tcp(Internet, BalancerA, 5000, 80, 2, [])));
        yield return FromInternet(Ip6(Internet6, VmC6, Tcp(Internet6, VmC6, 5000, 80, 2, [])));
        yield return FromInternet(Ip6(Internet6, VmC6, Udp(Internet6, VmC6, 53, 1000, data)));
        foreach (var address in (IpAddr[])[PoolA, StaticA])
        {
            var quoted = Ip4(address, Internet, Udp(address, Internet, 5353, 53, data));
            var router = IpAddr.Parse("192.0.2.1");
            yield return FromInternet(Ip4(router, address, Frames.Icmp(router, address, 3, 4, 1400, quoted), Frames.Icmp4));
            yield return FromInternet(Ip4(router, address, Frames.Icmp(router, address, 11, 0, 0, quoted[..28]), Frames.Icmp4));
            var tcp = Ip4(address, Internet, Tcp(address, Internet, 40000, 443, 2, []));
            yield return FromInternet(Ip4(Internet, address, Frames.Icmp(Internet, address, 3, 3, 0, tcp), Frames.Icmp4));
        }

        yield return FromVm(VniB, Ip6(Vm6, Internet6, Udp(Vm6, Internet6, 1000, 53, data)));
        yield return FromInternet(Ip6(Internet6, VmB6Outside, Tcp(Internet6, VmB6Outside, 5000, 80, 2, [])));
        var quotedB = Ip6(VmB6Outside, Internet6, Udp(VmB6Outside, Internet6, 1000, 53, data));
        yield return FromInternet(Ip6(Internet6, VmB6Outside, Frames.Icmp(Internet6, VmB6Outside, 1, 4, 0, quotedB), Frames.Icmp6));
        var arrived = Ip6(Internet6, Vm6, Tcp(Internet6, Vm6, 5000, 80, 2, []));
        yield return FromVm(VniB, Ip6(Vm6, Internet6, Frames.Icmp(Vm6, Internet6, 1, 1, 0, arrived), Frames.Icmp6));
        var quoted6 = Ip6(VmC6, Internet6, Udp(VmC6, Internet6, 1000, 53, data));
        yield return FromInternet(Ip6(Internet6, VmC6, Frames.Icmp(Internet6, VmC6, 2, 0, 1280, quoted6), Frames.Icmp6));
        foreach (var fragment in Fragments(Internet, StaticA))
        {
            yield return FromInternet(fragment);
        }

        var back = Ip4(Internet, VmStatic, Tcp(Internet, VmStatic, 5000, 22, 2, []));
        yield return FromVm(VniA, Ip4(VmStatic, Internet, Frames.Icmp(VmStatic, Internet, 3, 1, 0, back), Frames.Icmp4));
    }

    private static IEnumerable<byte[]> Fragments(IpAddr source, IpAddr destination)
    {
        var datagram = Frames.Udp(source, destination, 2000, 2001, [.. Enumerable.Range(0, 88).Select(static i => (byte)i)]);
        for (var at = 0; at < datagram.Length; at += 32)
        {
            yield return Frames.Ip(source, destination, Frames.UdpNumber, datagram[at..(at + 32)], id: 99, offset: at, more: at + 32 < datagram.Length);
        }
    }

    private static byte[] Udp(IpAddr source, IpAddr destination, ushort from, ushort to, byte[] data) => Frames.Udp(source, destination, from, to, data);

    private static byte[] Tcp(IpAddr source, IpAddr destination, ushort from, ushort to, byte flags, byte[] data) =>
        Frames.Tcp(source, destination, from, to, flags, data, flags == 2 ? [2, 4, 5, 0xb4] : null);

    private static byte[] Ip4(IpAddr source, IpAddr destination, byte[] payload, byte? protocol = null) =>
        Frames.Ip(source, destination, protocol ?? Guess(payload), payload);

    private static byte[] Ip6(IpAddr source, IpAddr destination, byte[] payload, byte? protocol = null) =>
        Frames.Ip(source, destination, protocol ?? Guess(payload), payload);

    /// <summary>TCP says its header length where UDP has payload; our UDP payloads begin with small numbers.</summary>
    private static byte Guess(byte[] payload) => payload.Length >= 20 && payload[12] >= 0x50 ? Frames.TcpNumber : Frames.UdpNumber;
}
