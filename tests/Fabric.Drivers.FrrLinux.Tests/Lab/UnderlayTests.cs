using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

[Collection(MiniLabCollection.Name)]
[Trait("Category", "lab")]
public sealed class UnderlayTests(MiniLab lab) : DeviceTests(lab)
{
    [Fact]
    public async Task An_empty_device_becomes_what_is_desired_and_empty_again()
    {
        Lab.Require();
        await BecomeAsync("l1", DeviceState.Empty);
        var before = await FingerprintAsync("l1");
        await BecomeAsync("l1", Desired.Leaf(Desired.Evpn(11, 10100), Desired.Evpn(11, 10200)));
        await BecomeAsync("l1", DeviceState.Empty);
        Assert.Equal(before, await FingerprintAsync("l1"));
    }

    [Fact]
    public async Task Sessions_come_up_and_survive_unrelated_changes()
    {
        var spine = Desired.Router(65001, 1, ["swp1"], isVtep: false, new ControllerNeighbor(Lab.Controller, new Asn(64999)));
        await BecomeAsync("s1", spine);
        await BecomeAsync("s2", Desired.Router(65001, 2, ["swp1"], isVtep: false));
        await BecomeAsync("l1", Desired.Leaf());
        await MiniLab.EventuallyAsync(
            async () => (await ReadAsync("l1")).BgpSessions is var s && s["swp1"].Established && s["swp2"].Established, "both spines are neighbours");
        var before = (await ReadAsync("l1")).BgpSessions;
        Assert.NotNull(before["swp1"].EstablishedEpochSeconds);

        var other = Desired.Leaf(Desired.Evpn(11, 10100), new FabricNeighbor("swp4"), new UnderlayPort("swp4", 9000));
        var bgp = (BgpInstance)other.Find(BgpInstance.TheKey)!;
        var commands = await BecomeAsync("l1", other.With(bgp with { Bfd = new BfdTimers(400, 4) }), "swp1", "swp2");
        Assert.DoesNotContain(commands, c => c.Contains("swp1"));
        AssertUnbroken(before["swp1"], (await ReadAsync("l1")).BgpSessions["swp1"]);
        AssertUnbroken(before["swp2"], (await ReadAsync("l1")).BgpSessions["swp2"]);

        await BecomeAsync("l1", Desired.Leaf(), "swp1", "swp2");
        AssertUnbroken(before["swp1"], (await ReadAsync("l1")).BgpSessions["swp1"]);

        await MiniLab.EventuallyAsync(
            async () => (await Lab.ShellAsync("s1", "ip -4 route; ip -6 route")) is var r && r.Contains("10.255.0.11") && r.Contains("fd00:ffff::11"),
            "the spine has both loopbacks of the leaf");
        Assert.DoesNotContain("10.199.", await Lab.ShellAsync("s1", "vtysh -c 'show bgp ipv4 unicast'"));
    }

    private static void AssertUnbroken(BgpSessionFact before, BgpSessionFact after)
    {
        Assert.True(after.Established);

        // FRR computes the moment from the uptime at each question, so it wobbles by a second.
        Assert.InRange(after.EstablishedEpochSeconds!.Value, before.EstablishedEpochSeconds!.Value - 1, before.EstablishedEpochSeconds.Value + 1);
    }

    [Fact]
    public async Task The_management_port_does_not_forward()
    {
        await BecomeAsync("l1", Desired.Leaf());
        var settings = await Lab.ShellAsync("l1", "sysctl -n net.ipv4.ip_forward net.ipv4.conf.mgmt0.forwarding net.ipv6.conf.all.forwarding net.ipv6.conf.mgmt0.forwarding");
        Assert.Equal("1\n0\n1\n0\n", settings);
        await Lab.ShellAsync("l1", "sysctl -w net.ipv4.ip_forward=0");
        Assert.NotEmpty(((SystemSettings)(await ReadAsync("l1")).State.Find(new SystemSettings().Key)!).Missing);
        await BecomeAsync("l1", Desired.Leaf());
        Assert.Equal("1\n0\n", await Lab.ShellAsync("l1", "sysctl -n net.ipv4.ip_forward net.ipv4.conf.mgmt0.forwarding"));
    }

    [Fact]
    public async Task A_new_autonomous_system_replaces_the_process_with_all_in_it()
    {
        await BecomeAsync("l1", Desired.Leaf(Desired.Evpn(11, 10100)));
        var desired = Desired.Router(65111, 11, ["swp1", "swp2", "swp3"], isVtep: true, Desired.Evpn(11, 10100));
        await BecomeAsync("l1", desired);
        Assert.Contains("router bgp 65111", await ConfigAsync("l1"));
    }

    [Fact]
    public async Task Every_value_of_the_process_changes_in_place()
    {
        await BecomeAsync("l1", Desired.Leaf(Desired.Evpn(11, 10100)));
        var bgp = (BgpInstance)Desired.Leaf().Find(BgpInstance.TheKey)!;
        foreach (var other in new[]
        {
            bgp with { Bfd = null },
            bgp with { Bfd = new BfdTimers(300, 3) },
            bgp with { Bfd = new BfdTimers(200, 4) },
            bgp with { LoopbackPool4 = IpPrefix.Parse("10.0.0.0/8") },
            bgp with { LoopbackPool6 = IpPrefix.Parse("fd00::/16") },
            bgp with { LoopbackPool6 = null },
            bgp with { RouterId = IpAddr.Parse("10.255.0.99") },
            bgp,
        })
        {
            await BecomeAsync("l1", Desired.Leaf(Desired.Evpn(11, 10100)).With(other));
        }

        await BecomeAsync("l1", Desired.Leaf(new EvpnVni(new Vni(10100), RouteDistinguisher.Type0(12, 10100), RouteTarget.Type0(2, 10100))));
        await BecomeAsync("l1", Desired.Router(65011, 11, ["swp1"], isVtep: false));
        await BecomeAsync("l1", Desired.Leaf());
    }

    public static TheoryData<string[]> Edits => new(
        [
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'neighbor FABRIC timers 10 30'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'address-family ipv4 unicast' -c 'redistribute connected'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'address-family l2vpn evpn' -c 'no vni 10100'",
            "vtysh -c 'conf t' -c 'route-map FABRIC-LOOPBACKS permit 5'",
            "vtysh -c 'conf t' -c 'interface swp1' -c 'description by hand'",
            "ip addr add 10.1.1.1/24 dev lo",
            "sysctl -w net.ipv4.conf.mgmt0.forwarding=1",
        ],
        [
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'no neighbor swp1 interface'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'address-family ipv4 unicast' -c 'no neighbor FABRIC route-map FABRIC-LOOPBACKS in'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'address-family l2vpn evpn' -c 'vni 777' -c 'rd 7:7'",
            "vtysh -c 'conf t' -c 'no ip prefix-list FABRIC-LOOPBACKS'",
            "vtysh -c 'conf t' -c 'route-map MINE permit 10' -c 'set metric 5' -c 'route-map MINE permit 20' -c 'match ip address MINE'",
            "ip link set swp1 mtu 1400",
        ],
        [
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'neighbor swp1 description by hand'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'address-family ipv4 unicast' -c 'network 192.0.2.0/24'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'no bgp ebgp-requires-policy'",
            "vtysh -c 'conf t' -c 'ip prefix-list FABRIC-LOOPBACKS seq 20 permit any'",
            "ip addr del 10.255.0.11/32 dev lo",
            "ip link set swp1 down",
        ],
        [
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'neighbor 10.9.9.9 remote-as 5' -c 'neighbor 10.9.9.9 description x' -c 'address-family ipv4 unicast' -c 'neighbor 10.9.9.9 activate'",
            "vtysh -c 'conf t' -c 'router bgp 65011' -c 'address-family l2vpn evpn' -c 'vni 10100' -c 'no route-target import 1:10100' -c 'route-target import 9:9'",
            "vtysh -c 'conf t' -c 'route-map FABRIC-LOOPBACKS permit 10' -c 'no match ip address prefix-list'",
            "vtysh -c 'conf t' -c 'bfd' -c 'profile FABRIC' -c 'receive-interval 999'",
            "ip addr add 10.1.1.1/32 dev lo",
            "ip link set swp1 alias x",
        ],
        [
            "vtysh -c 'conf t' -c 'no router bgp 65011'",
        ]);

    [Theory]
    [MemberData(nameof(Edits))]
    public async Task Edits_by_hand_are_seen_and_repaired(string[] edits)
    {
        var desired = Desired.Leaf(Desired.Evpn(11, 10100));
        await BecomeAsync("l1", desired);
        var before = await FingerprintAsync("l1");
        var seen = desired;
        foreach (var edit in edits)
        {
            await Lab.ShellAsync("l1", edit);
            var now = (await ReadAsync("l1")).State;
            Assert.False(now.Equals(seen), edit);
            seen = now;
        }

        var drift = DeviceDiff.Compute((await ReadAsync("l1")).State, desired);
        var commands = await BecomeAsync("l1", desired);
        var after = await FingerprintAsync("l1");
        Assert.True(Sorted(before) == Sorted(after), $"{drift}\n{string.Join('\n', commands)}\n{after}");

        static string Sorted(string text) => string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));
    }
}
