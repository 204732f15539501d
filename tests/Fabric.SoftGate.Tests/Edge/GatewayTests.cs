using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Fuzz;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using static Fabric.SoftGate.Fuzz.World;

namespace Fabric.SoftGate.Tests.Edge;

/// <summary>What gateways say themselves: ARP, ND, echo; and what the agent is told.</summary>
[Trait("Category", "lab")]
public sealed class GatewayTests : EdgeTest
{
    private static readonly MacAddress AllNodesMac = MacAddress.Parse("33:33:00:00:00:01"), SolicitedMac = MacAddress.Parse("33:33:ff:00:00:01");
    private static readonly IpAddr AllNodes = IpAddr.Parse("ff02::1"), Unspecified6 = IpAddr.Parse("::"), Unspecified4 = IpAddr.Parse("0.0.0.0");

    [Theory]
    [InlineData("VXLAN")]
    [InlineData("VXLAN over IPv6")]
    [InlineData("plain")]
    public void ArpForTheGatewayIsAnswered(string by)
    {
        var request = Frames.Arp(1, VmMac, Vm, default, Gateway4);
        var frame = Frames.Ethernet(MacAddress.Broadcast, VmMac, Frames.ArpType, request, by == "plain" ? PlainVlan : (ushort)0);
        var answer = Dissected.Of(Leaves(
            by switch { "plain" => frame, "VXLAN" => FromLeaf(VniA, frame), _ => FromLeaf6(VniC, frame) }, XdpVerdict.Transmit));
        Assert.Equal((VmMac, GatewayMac, Frames.ArpType), (answer.DestinationMac, answer.SourceMac, answer.Type));
        Assert.Equal(Frames.Arp(2, GatewayMac, Gateway4, VmMac, Vm), answer.Data[^28..]);
        if (by != "plain")
        {
            var six = by != "VXLAN";
            Assert.Equal((six ? Own6 : Own4, six ? Leaf6 : Leaf1), (answer.OuterSource, answer.OuterDestination));
            Assert.Equal((int)(six ? VniC : VniA), answer.Vni);
            Assert.Equal((LeafMac, OwnMac), (MacAddress.FromBytes(answer.Data[..6]), MacAddress.FromBytes(answer.Data[6..12])));
        }
        else
        {
            Assert.Equal(PlainVlan, answer.Vlan);
        }

        var (kind, vnet, record) = Assert.Single(Events());
        Assert.Equal((EventKind.Neighbor, by == "VXLAN over IPv6" ? VnetC : VnetA), (kind, vnet));
        var told = MemoryMarshal.Read<NeighborEvent>(record);
        Assert.Equal(by switch { "VXLAN" => At(Leaf1), "plain" => default, _ => At(Leaf6) }, told.Vtep);
        ReadOnlySpan<byte> octets = told.Frame;
        Assert.Equal(request, octets[..(int)told.Length][^28..]);
    }

    public static TheoryData<string, ushort, string, string, bool, bool> Arps => new()
    {
        // what, operation, sender, target, to our MAC, told
        { "probe for our address", 1, "0.0.0.0", "10.0.0.1", false, false },
        { "request for another", 1, "10.0.0.10", "10.0.0.11", false, false },
        { "gratuitous request", 1, "10.0.0.10", "10.0.0.10", false, true },
        { "gratuitous reply", 2, "10.0.0.10", "10.0.0.10", false, true },
        { "reply to us", 2, "10.0.0.10", "10.0.0.1", true, true },
        { "reply to another", 2, "10.0.0.10", "10.0.0.11", false, false },
        { "claim of our address", 1, "10.0.0.1", "10.0.0.1", false, false },
        { "gateway of another V-Net", 1, "10.0.0.10", "10.0.1.1", false, false },
    };

    [Theory]
    [MemberData(nameof(Arps))]
    public void TheAgentHearsWhatTeaches(string what, ushort operation, string sender, string target, bool toUs, bool told)
    {
        var arp = Frames.Arp(operation, VmMac, IpAddr.Parse(sender), default, IpAddr.Parse(target));
        var (verdict, _) = World.Run(FromLeaf(VniA, Frames.Ethernet(toUs ? GatewayMac : MacAddress.Broadcast, VmMac, Frames.ArpType, arp)));
        Assert.Equal((what, what == "probe for our address" ? XdpVerdict.Transmit : XdpVerdict.Drop), (what, verdict));
        Assert.Equal(told ? 1 : 0, Events().Count);
        Assert.Equal(told ? 1UL : 0, World.Count(Counter.Told));
    }

    [Fact]
    public void OurOwnArpTeachesNothing()
    {
        var arp = Frames.Arp(1, GatewayMac, Vm, default, Gateway4);
        Drops(Counter.NotForUs, FromLeaf(VniA, Frames.Ethernet(MacAddress.Broadcast, GatewayMac, Frames.ArpType, arp)));
        Assert.Empty(Events());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public void MalformedArpIsDropped(int at)
    {
        var arp = Frames.Arp(1, VmMac, Vm, default, Gateway4);
        arp[at] ^= 1;
        Drops(Counter.Malformed, FromLeaf(VniA, Frames.Ethernet(MacAddress.Broadcast, VmMac, Frames.ArpType, arp)));
        Drops(Counter.Malformed, FromLeaf(VniA, Frames.Ethernet(MacAddress.Broadcast, VmMac, Frames.ArpType, arp[..27])));
    }

    [Theory]
    [InlineData("fd00::1", "fd00::10", true)]
    [InlineData("fd00::1", "fd00::10", false)]
    [InlineData("fe80::1", "fe80::10", true)]
    public void SolicitationsForTheGatewayAreAnswered(string target, string from, bool multicast)
    {
        var (gateway, source) = (IpAddr.Parse(target), IpAddr.Parse(from));
        var packet = Frames.Neighbor(source, multicast ? Frames.SolicitedNode(gateway) : gateway, 135, 0, gateway, VmMac);
        var answer = Dissected.Of(Leaves(FromLeaf(VniA, Frames.Ethernet(multicast ? SolicitedMac : GatewayMac, VmMac, packet)), XdpVerdict.Transmit));
        Assert.Equal((VmMac, GatewayMac), (answer.DestinationMac, answer.SourceMac));
        Assert.Equal(
            Frames.Neighbor(gateway, source, 136, 0xe000_0000, gateway, GatewayMac, 2),
            answer.Data[answer.Network..]);
        Assert.Equal(EventKind.Neighbor, Assert.Single(Events()).Kind);
    }

    [Fact]
    public void WhoLooksWhetherTheAddressIsFreeIsToldThatItIsNot()
    {
        var packet = Frames.Neighbor(Unspecified6, Frames.SolicitedNode(Gateway6), 135, 0, Gateway6);
        var answer = Dissected.Of(Leaves(FromLeaf(VniA, Frames.Ethernet(SolicitedMac, VmMac, packet)), XdpVerdict.Transmit));
        Assert.Equal((AllNodesMac, GatewayMac, Leaf1), (answer.DestinationMac, answer.SourceMac, answer.OuterDestination));
        Assert.Equal(Frames.Neighbor(Gateway6, AllNodes, 136, 0xa000_0000, Gateway6, GatewayMac, 2), answer.Data[answer.Network..]);
        Assert.Empty(Events());
    }

    [Fact]
    public void SolicitationsOverTheIpv6UnderlayAreAnswered()
    {
        var packet = Frames.Neighbor(VmC6, Frames.SolicitedNode(GatewayC6), 135, 0, GatewayC6, VmMac);
        var answer = Dissected.Of(Leaves(FromLeaf6(VniC, Frames.Ethernet(SolicitedMac, VmMac, packet)), XdpVerdict.Transmit));
        Assert.Equal((Own6, Leaf6, (int)VniC), (answer.OuterSource, answer.OuterDestination, answer.Vni));
        Assert.Equal(Frames.Neighbor(GatewayC6, VmC6, 136, 0xe000_0000, GatewayC6, GatewayMac, 2), answer.Data[answer.Network..]);
    }

    [Fact]
    public void AdvertisementsAndRouterSolicitationsAreTold()
    {
        var routers = IpAddr.Parse("ff02::2");
        byte[][] frames =
        [
            Frames.Ethernet(GatewayMac, VmMac, Frames.Neighbor(Vm6, Gateway6, 136, 0x6000_0000, Vm6, VmMac, 2)),
            Frames.Ethernet(AllNodesMac, VmMac, Frames.Neighbor(Vm6, AllNodes, 136, 0x2000_0000, Vm6, VmMac, 2)),
            Frames.Ethernet(MacAddress.Parse("33:33:00:00:00:02"), VmMac, Frames.Ip(Vm6, routers, Frames.Icmp6, Frames.Icmp(Vm6, routers, 133, 0, 0, []), 255)),
        ];
        foreach (var frame in frames)
        {
            Drops(Counter.Told, FromLeaf(VniA, frame));
        }

        Assert.Equal(3, Events().Count);
    }

    [Theory]
    [InlineData("hops")]
    [InlineData("checksum")]
    [InlineData("code")]
    [InlineData("cut")]
    public void NeighbourMessagesThatMayNotBeBelievedAreDropped(string what)
    {
        var packet = Frames.Neighbor(Vm6, Frames.SolicitedNode(Gateway6), 135, 0, Gateway6, VmMac, hops: what == "hops" ? (byte)254 : (byte)255);
        switch (what)
        {
            case "checksum":
                packet[43] ^= 1;
                break;
            case "code":
                packet[41] = 1;
                packet[43]--;
                break;
            case "cut":
                packet = Frames.Ip(Vm6, Gateway6, Frames.Icmp6, Frames.Icmp(Vm6, Gateway6, 135, 0, 0, Data(8)), 255);
                break;
        }

        Drops(Counter.Malformed, FromLeaf(VniA, Frames.Ethernet(SolicitedMac, VmMac, packet)));
        Assert.Empty(Events());
    }

    [Fact]
    public void OtherRoutersAndOtherTargetsAreIgnored()
    {
        Drops(Counter.NotForUs, FromLeaf(VniA, Frames.Ethernet(AllNodesMac, VmMac, Frames.Ip(
            IpAddr.Parse("fe80::10"), AllNodes, Frames.Icmp6, Frames.Icmp(IpAddr.Parse("fe80::10"), AllNodes, 134, 0, 0x40000708, Data(8)), 255))));
        Drops(Counter.NotForUs, FromLeaf(VniA, Frames.Ethernet(SolicitedMac, VmMac, Frames.Neighbor(Vm6, Frames.SolicitedNode(VmOther6), 135, 0, VmOther6, VmMac))));
        Assert.Empty(Events());
    }

    [Theory]
    [InlineData("10.0.0.10", "10.0.0.1", 0)]
    [InlineData("10.0.0.10", "10.0.0.1", 1)]
    [InlineData("10.0.0.10", "10.0.0.1", 1400)]
    [InlineData("fd00::10", "fd00::1", 56)]
    [InlineData("fd00::10", "fd00::1", 1400)]
    public void TheGatewayAnswersEcho(string from, string to, int size)
    {
        var (source, gateway) = (IpAddr.Parse(from), IpAddr.Parse(to));
        var (protocol, request, reply) = source.IsV4 ? (Frames.Icmp4, (byte)8, (byte)0) : (Frames.Icmp6, (byte)128, (byte)129);
        var packet = Frames.Ip(source, gateway, protocol, Frames.Icmp(source, gateway, request, 0, 0x00010002, Data(size)), ttl: 1);
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal(((int)VniA, Leaf1), (answer.Vni, answer.OuterDestination));
        var expected = Frames.Ip(gateway, source, protocol, Frames.Icmp(gateway, source, reply, 0, 0x00010002, Data(size)));
        Assert.Equal(expected, answer.Data.Slice(answer.Network, answer.Length));
        Assert.Equal(1UL, World.Count(Counter.Answered));
    }

    [Fact]
    public void TheGatewayOfAnotherVNetAnswersEchoWhereTheListOfThatVNetLetsItIn()
    {
        var packet = Frames.Ip(Vm, GatewayListed, Frames.Icmp4, Frames.Icmp(Vm, GatewayListed, 8, 0, 0x00010002, Data(20)));
        Drops(Counter.Denied, FromVm(VniA, packet));
        World.DataPath.Map<uint, uint>("acl_cells").Set(8, 0x8000_0001);
        var answer = Dissected.Of(Leaves(FromVm(VniA, packet)));
        Assert.Equal((GatewayListed, Vm, (int)VniA), (answer.Source, answer.Destination, answer.Vni));
    }

    [Fact]
    public void TheGatewayHasNoPorts() =>
        Drops(Counter.Unsupported, FromVm(VniA, Frames.Ip(Vm, Gateway4, Frames.TcpNumber, Frames.Tcp(Vm, Gateway4, 1, 22, 2, []))));

    [Theory]
    [InlineData("10.0.0.10", "10.0.0.99")]
    [InlineData("fd00::10", "fd00::99")]
    public void AnUnknownHostIsToBeResolvedOnce(string from, string to)
    {
        var (source, target) = (IpAddr.Parse(from), IpAddr.Parse(to));
        var packet = FromVm(VniA, Frames.Ip(source, target, Frames.UdpNumber, Frames.Udp(source, target, 1, 2, Data(10))));
        const int packets = 20;
        for (var i = 0; i < packets; i++)
        {
            Drops(Counter.Unresolved, packet);
        }

        var events = Events();
        Assert.InRange(events.Count, 1, 2 * Cpus.Possible); // Once a second and CPU.
        Assert.All(events, e =>
        {
            Assert.Equal((EventKind.Resolve, VnetA), (e.Kind, e.VNet));
            Assert.Equal(At(target), MemoryMarshal.Read<ResolveEvent>(e.Record).Address);
        });
    }

    [Fact]
    public void ResolvingIsBounded()
    {
        const int hosts = 10_000;
        var begin = TimeProvider.System.GetTimestamp();
        for (var i = 0u; i < hosts; i++)
        {
            var target = IpAddr.V6(IpAddr.Parse("fd00::1:0:0").Number + i);
            World.Run(FromVm(VniA, Frames.Ip(Vm6, target, Frames.UdpNumber, Frames.Udp(Vm6, target, 1, 2, Data(10)))));
        }

        var seconds = Math.Ceiling(TimeProvider.System.GetElapsedTime(begin).TotalSeconds) + 1;
        Assert.InRange(Events().Count, 100, (int)(200 * Cpus.Possible * seconds));
        Assert.Equal((ulong)hosts, World.Count(Counter.Unresolved));
    }
}
