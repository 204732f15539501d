using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux;
using Fabric.Drivers.FrrLinux.Tests.Lab;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.KvmHost.Tests;

[Trait("Category", "lab")]
public sealed class HostLabTests(MiniLab lab) : IClassFixture<MiniLab>
{
    private readonly KvmHostDriver _host = new(TimeProvider.System);
    private int _transaction;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_becomes_a_vtep_and_keeps_what_is_not_ours()
    {
        lab.Require();

        // What the cloud's agent and the machine's owner have made.
        await lab.ShellAsync(
            "h1",
            "sysctl -qw net.ipv4.ip_forward=0; ip link add eth9 type veth peer name peer9; ip addr add 192.0.2.1/24 dev eth9; ip link set eth9 up; "
            + "ip link add br0 type bridge; ip link set br0 up; ip addr add 10.1.1.1/32 dev lo; ip addr add 10.2.2.2/24 dev lo");
        await BecomeAsync("l1", new LinuxSwitchDriver(TimeProvider.System), Desired.Router(65011, 11, ["swp1", "swp3", "swp4"], isVtep: false));
        await BecomeAsync("s1", new LinuxSwitchDriver(TimeProvider.System), Desired.Router(65001, 1, ["swp1"], isVtep: false));
        var foreign = await ForeignAsync();
        var desired = HostRenderingTests.Host(Desired.Evpn(21, 10100));
        await BecomeAsync("h1", _host, desired);
        Assert.Equal("10.255.0.21/32", (await lab.ShellAsync("h1", "ip -4 -o addr show dev lo scope global | awk '{ print $4 }'")).Trim());
        Assert.Equal(foreign, await ForeignAsync());

        // The VNI comes later, by somebody else's hand.
        await lab.ShellAsync(
            "h1",
            "ip link add vxlan10100 type vxlan id 10100 local 10.255.0.21 dstport 4789 nolearning; ip link add brvx-10100 type bridge; ip link set vxlan10100 master brvx-10100; "
            + "ip link set vxlan10100 type bridge_slave neigh_suppress on learning off; ip link set vxlan10100 up; ip link set brvx-10100 up");
        var reading = await _host.ReadAsync(lab.Session("h1"), Cancel);
        Assert.Equal([10100], reading.Vnis);
        Assert.Equal(desired, reading.State);
        Assert.Equal(new DeviceCapabilities(false, false, true), reading.Facts.Capabilities);
        await MiniLab.EventuallyAsync(
            async () => (await lab.ShellAsync("s1", "vtysh -c 'show bgp l2vpn evpn route type multicast'")) is var r && r.Contains("21:10100") && r.Contains("RT:1:10100"),
            "the spine has the host's inclusive multicast route");

        // A host is never transit: it announces its own loopbacks and nothing that it learned.
        await MiniLab.EventuallyAsync(async () => (await lab.ShellAsync("h1", "vtysh -c 'show bgp ipv4 unicast'")).Contains("10.255.0.1/32"), "the host has the spine's loopback");
        foreach (var port in new[] { "eth1", "eth2" })
        {
            var announced = await lab.ShellAsync("h1", $"vtysh -c 'show bgp ipv4 unicast neighbors {port} advertised-routes' -c 'show bgp ipv6 unicast neighbors {port} advertised-routes'");
            Assert.Contains("10.255.0.21/32", announced);
            Assert.Contains("fd00:ffff::21/128", announced);
            Assert.DoesNotContain("10.255.0.1/32", announced);
            Assert.DoesNotContain("10.255.0.11/32", announced);
        }

        Assert.DoesNotContain("RT:", string.Concat((await lab.ShellAsync("h1", "vtysh -c 'show bgp l2vpn evpn neighbors eth1 advertised-routes'")).Split('\n').Where(l => l.Contains(" 65011 "))));

        // Everything of ours goes, everything else stays.
        var all = await ForeignAsync();
        await BecomeAsync("h1", _host, DeviceState.Empty);
        Assert.Equal(all, await ForeignAsync());
        Assert.DoesNotContain("router bgp", await lab.ShellAsync("h1", "vtysh -c 'show running-config'"));
    }

    /// <summary>Two SoftGates on a leaf, each with a service address that the other one announces with a longer path.</summary>
    [Fact]
    public async Task A_service_address_moves_to_the_partner_and_back()
    {
        lab.Require();
        var leaf = new LinuxSwitchDriver(TimeProvider.System);
        await BecomeAsync("s1", leaf, DeviceState.Empty);
        await BecomeAsync("l1", leaf, Desired.Router(65011, 11, ["swp1", "swp3", "swp4"], isVtep: false));
        await BecomeAsync("s1", _host, SoftGate(65031, 31, own: 41, partners: 42, "swp1"));
        await BecomeAsync("h1", _host, SoftGate(65032, 32, own: 42, partners: 41, "eth1", "eth2"));
        await LeadsAsync(41, ["swp1"], "the first one's address leads to it");
        await LeadsAsync(42, ["swp3", "swp4"], "the second one's address leads to it");

        await lab.ShellAsync("l1", "ip link set swp1 down");
        await LeadsAsync(41, ["swp3", "swp4"], "the partner stands in");
        await lab.ShellAsync("l1", "ip link set swp1 up; ip link set swp3 down; ip link set swp4 down");
        await LeadsAsync(41, ["swp1"], "it has come back");
        await LeadsAsync(42, ["swp1"], "it stands in for its partner");
        await lab.ShellAsync("l1", "ip link set swp3 up; ip link set swp4 up");
        await LeadsAsync(42, ["swp3", "swp4"], "the partner has come back");

        // The partner is taken out of the pair: what stood in for it goes, and nothing else.
        var alone = SoftGate(65031, 31, own: 41, partners: null, "swp1");
        await lab.ShellAsync("s1", "ip link add up1 type veth peer name down1");
        await BecomeAsync("s1", _host, DeviceState.Of([.. alone, .. Desired.Upstream("up1", null, "100.64.1.1/31", "2001:db8:64:1::1/127")]));
        Assert.Equal("100.64.1.1/31", (await lab.ShellAsync("s1", "ip -4 -o addr show dev up1 up | awk '{ print $4 }'")).Trim());

        // An address by hand goes, another one comes; then the whole port.
        await lab.ShellAsync("s1", "ip addr add 192.0.2.1/24 dev up1");
        await BecomeAsync("s1", _host, DeviceState.Of([.. alone, .. Desired.Upstream("up1", null, "100.64.1.3/31")]));
        Assert.Equal("100.64.1.3/31", (await lab.ShellAsync("s1", "ip -o addr show dev up1 scope global | awk '{ print $4 }'")).Trim());
        await BecomeAsync("s1", _host, alone);
        Assert.Equal("", await lab.ShellAsync("s1", "ip -o addr show dev up1 scope global; ip -o link show dev up1 up; ip link del up1"));
        Assert.DoesNotContain("FABRIC-STAND-IN", await lab.ShellAsync("s1", "vtysh -c 'show running-config'"));
        await LeadsAsync(41, ["swp1"], "its own address is still there");
        foreach (var device in new[] { "s1", "h1" })
        {
            await BecomeAsync(device, _host, DeviceState.Empty);
        }
    }

    private Task LeadsAsync(int address, string[] ports, string what) => MiniLab.EventuallyAsync(
        async () => (await lab.ShellAsync("l1", $"ip route show 10.255.0.{address}")) is var r && new[] { "swp1", "swp3", "swp4" }.All(p => r.Contains($"dev {p} ") == ports.Contains(p)), what, seconds: 40);

    private static DeviceState SoftGate(long asn, int number, int own, int? partners, params string[] ports)
    {
        var router = Desired.Router(asn, number, ports, isVtep: false);
        var bgp = (BgpInstance)router.Find(BgpInstance.TheKey)!;
        return DeviceState.Of(
        [
            .. router.Where(o => o is not (SystemSettings or BgpInstance)),
            bgp with { StandsIn = partners is not null },
            .. new[] { (own, false), (partners, true) }.Where(static v => v.Item1 is not null).SelectMany(static v =>
            {
                var vtep = IpPrefix.Parse($"10.255.0.{v.Item1}/32");
                return new DeviceObject[] { new LoopbackAddress(vtep), new BgpNetwork(vtep, StandIn: v.Item2) };
            }),
        ]);
    }

    private async Task BecomeAsync(string device, IDeviceDriver driver, DeviceState desired)
    {
        var session = lab.Session(device);
        var reading = await driver.ReadAsync(session, Cancel);
        var artifact = driver.Render(DeviceDiff.Compute(reading.State, desired));
        var options = new ApplyOptions($"h-{++_transaction}", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(10), []);
        Assert.Equal(new ApplyResult(ApplyOutcome.Confirmed, null), await driver.ApplyAsync(session, artifact, options, Cancel));
        Assert.Equal(string.Join('\n', desired), string.Join('\n', (await driver.ReadAsync(session, Cancel)).State));
    }

    private Task<string> ForeignAsync() => lab.ShellAsync(
        "h1",
        "ip -br link | grep -v -E '^(lo|eth1|eth2|mgmt0)' | awk '{ print $1, $2, $3 }'; ip -o addr | awk '{ print $2, $4 }' | grep -v -E '^(lo|eth1|eth2|mgmt0) |fe80'; "
        + "for v in vxlan10100 brvx-10100; do ip -d link show $v 2>/dev/null | sed 's/[0-9]*: //; s/timer *[0-9.]*//g'; done; "
        + "sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.rp_filter net.ipv4.fib_multipath_hash_policy; cat /proc/net/fib_rules 2>/dev/null || ip rule");
}
