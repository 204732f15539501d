using System.Text;
using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Tests.Lab;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;
using Fabric.TestKit.Files;

namespace Fabric.Drivers.FrrLinux.Tests.Rendering;

public sealed class RenderingTests
{
    private static readonly LinuxSwitchDriver Driver = new(TimeProvider.System);
    private static readonly DeviceState Everything = DeviceState.Of(
    [
        .. Desired.LeafWithVpc,
        new ControllerNeighbor(IpAddr.Parse("172.29.0.1"), new Asn(4200000000)),
        .. Desired.Upstream("swp20", null, "100.64.1.1/31", "2001:db8:64:1::1/127"),
        .. Desired.Upstream("swp20", 300, "100.64.3.1/31"),
    ]);

    public static TheoryData<string> Kinds => new(
        Everything.Select(o => o.Key.Class).Append(ObjectClass.ForeignLine).Distinct().Select(c => c.ToString()));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_kind_is_added_changed_and_removed_by_these_commands(string kind)
    {
        var text = new StringBuilder();
        foreach (var (name, before, after) in Cases(Enum.Parse<ObjectClass>(kind)))
        {
            var surroundings = DeviceState.Of(Everything.Where(o => o.Key != (before ?? after)!.Key));
            var current = before is null ? surroundings : surroundings.With(before);
            var artifact = Driver.Render(new DevicePlan(current, [new DeviceChange(before, after)]));
            text.Append($"# {name}\n").Append(Text(artifact)).Append('\n');
        }

        Golden.Verify($"kinds/{kind}.txt", text.ToString());
    }

    [Fact]
    public void A_whole_leaf() => Golden.Verify("leaf.txt", Text(Render(DeviceState.Empty, Everything)));

    [Fact]
    public void A_whole_spine() => Golden.Verify("spine.txt", Text(Render(DeviceState.Empty, Desired.Spine(1))));

    [Fact]
    public void A_leaf_without_ipv6_and_bfd() => Golden.Verify(
        "leaf-ipv4.txt",
        Text(Render(DeviceState.Empty, DeviceState.Of(
        [
            new LoopbackAddress(IpPrefix.Parse("10.255.0.11/32")),
            new BgpInstance(new Asn(65011), IpAddr.Parse("10.255.0.11"), IpPrefix.Parse("10.255.0.11/32"), null, null, IsVtep: true),
            new BgpNetwork(IpPrefix.Parse("10.255.0.11/32")),
        ]))));

    [Theory]
    [InlineData("lo")]
    [InlineData("mgmt0")]
    [InlineData("br-fabric")]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("swp1; reboot")]
    [InlineData("swp1\nreboot")]
    [InlineData("sixteen-letters!")]
    [InlineData("0123456789abcdef")]
    public void A_name_that_is_no_port_is_refused(string port)
    {
        foreach (DeviceObject item in new DeviceObject[] { new UnderlayPort(port, 9000), new FabricNeighbor(port), new BridgePort(port, 1500), new PortVlan(port, new VlanId(5), true), new UpstreamPort(port) })
        {
            Assert.Throws<ArgumentException>(() => Driver.Render(new DevicePlan(Everything, [new DeviceChange(null, item)])));
        }
    }

    [Fact]
    public void An_upstream_port_whose_name_leaves_no_room_for_the_vlan_is_refused() =>
        Assert.Throws<ArgumentException>(() => Render(DeviceState.Empty, DeviceState.Of(Desired.Upstream("enp129s0f0np0", 4000, "100.64.3.1/31"))));

    [Fact]
    public void Nothing_to_do_renders_nothing() => Assert.Empty(Render(Everything, Everything).Steps);

    private static DeviceArtifact Render(DeviceState current, DeviceState desired) => Driver.Render(DeviceDiff.Compute(current, desired));

    private static IEnumerable<(string Name, DeviceObject? Before, DeviceObject? After)> Cases(ObjectClass kind)
    {
        if (kind == ObjectClass.ForeignLine)
        {
            yield return ("a line in a context", new ForeignLine(["router bgp 65011"], "neighbor FABRIC timers 10 30"), null);
            yield return ("a negative line", new ForeignLine(["router bgp 65011"], "no bgp network import-check"), null);
            yield return ("a block", new ForeignLine([], "route-map MINE permit 10", [" match ip address MINE", " set metric 5"]), null);
            yield return ("a nested block", new ForeignLine([], "router ospf", [" area 1 stub", " outer a", "  inner b", " outer c"]), null);
            yield return ("an address", new ForeignLine(["kernel"], "address add 10.1.1.1/24 dev lo"), null);
            yield break;
        }

        var item = Everything.First(o => o.Key.Class == kind);
        yield return ("add", null, item);
        foreach (var (name, other) in Variants(item))
        {
            yield return (name, item, other);
        }

        yield return ("repair", item with { Missing = [.. AllMissing(item).Take(1)] }, item);
        yield return ("remove", item, null);
    }

    private static IEnumerable<string> AllMissing(DeviceObject item) =>
        Driver.Render(new DevicePlan(DeviceState.Of(Everything.Where(o => o.Key != item.Key)), [new DeviceChange(null, item)])).Forward.Reverse();

    private static IEnumerable<(string Name, DeviceObject Other)> Variants(DeviceObject item) => item switch
    {
        BgpInstance o =>
        [
            ("other router id", o with { RouterId = IpAddr.Parse("10.255.0.99") }),
            ("other pools", o with { LoopbackPool4 = IpPrefix.Parse("10.0.0.0/8"), LoopbackPool6 = IpPrefix.Parse("fd00::/16") }),
            ("no IPv6", o with { LoopbackPool6 = null }),
            ("other BFD timers", o with { Bfd = new BfdTimers(200, 3) }),
            ("standard BFD timers", o with { Bfd = new BfdTimers(300, 3) }),
            ("no BFD", o with { Bfd = null }),
            ("no VTEP", o with { IsVtep = false }),
            ("a partner's stand-in", o with { StandsIn = true }),
        ],
        BgpNetwork o => [("a partner's", o with { StandIn = true })],
        UnderlayPort o => [("other MTU", o with { Mtu = 1600 })],
        BridgePort o => [("other MTU", o with { Mtu = 1600 })],
        PortVlan o => [("tagged", o with { Untagged = false })],
        ControllerNeighbor o => [("other ASN", o with { Asn = new Asn(64999) })],
        EvpnVni o => [("other RD and RT", o with { Rd = RouteDistinguisher.Type0(9, 9), Rt = RouteTarget.Type0(9, 9) })],
        VxlanTunnel o => [("other MTU, suppression", o with { Mtu = 1450, SuppressNeighbours = !o.SuppressNeighbours })],
        Vrf o => [("other MAC, RD, RT, router id, MTU", o with { RouterMac = MacAddress.Parse("02:00:00:00:00:99"), Rd = RouteDistinguisher.Type0(9, 9), Rt = RouteTarget.Type0(9, 9), RouterId = IpAddr.Parse("10.9.9.9"), Mtu = 1450 })],
        GatewayInterface o => [("other MAC, addresses, MTU", o with { Mac = MacAddress.Parse("02:00:00:00:00:99"), Addresses = [IpInterface.Parse("10.0.1.1/24"), IpInterface.Parse("10.0.9.1/24")], Mtu = 1450 })],
        _ => [],
    };

    private static string Text(DeviceArtifact artifact) => $"{string.Join('\n', artifact.Forward)}\n-- back\n{string.Join('\n', artifact.Backward)}\n";
}
