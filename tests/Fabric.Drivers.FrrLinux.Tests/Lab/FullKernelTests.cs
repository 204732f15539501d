using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;
using static Fabric.Drivers.FrrLinux.Tests.Lab.Desired;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

/// <summary>Two leaves, one VPC with two V-Nets, servers on leaf ports, on a kernel with VRFs and a VLAN-aware bridge.</summary>
[Trait("Category", "lab")]
public sealed class FullKernelTests(FullKernelLab lab) : IClassFixture<FullKernelLab>
{
    private readonly LinuxSwitchDriver _driver = new(TimeProvider.System);
    private int _transaction;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leaves_bridge_and_route_a_vpc()
    {
        lab.Require();
        await Recording.TakeAsync(lab.Session("leaf1"), "empty");
        await BecomeAsync("spine1", Spine(1));
        await BecomeAsync("spine2", Spine(2));
        await BecomeAsync("leaf1", SwitchingLeaf(11));
        await BecomeAsync("leaf2", SwitchingLeaf(12));
        var before = await StateAsync("leaf1");
        var facts = await _driver.ReadAsync(lab.Session("leaf1"), Cancel);
        Assert.Equal(new DeviceCapabilities(true, true, true), facts.Facts.Capabilities);

        var leaf1 = LeafWithVpc;
        var leaf2 = SwitchingLeaf(12,
        [
            .. Vpc(12, 5000, 3000, 10100, 200, "10.0.1.1/24", "fd00:1::1/64"),
            .. Vpc(12, 5000, 3000, 10200, 201, "10.0.2.1/24", "fd00:2::1/64"),
            .. Port("swp10", 200),
            .. Port("swp11", 201),
        ]);
        await BecomeAsync("leaf1", leaf1, "swp1", "swp2");
        await BecomeAsync("leaf2", leaf2, "swp1", "swp2");

        await lab.ToolAsync("server", "config", "server1", "--ip", "10.0.1.50/24", "--gateway", "10.0.1.1");
        await lab.ToolAsync("server", "config", "server2", "--ip", "10.0.1.60/24", "--gateway", "10.0.1.1");
        await lab.ToolAsync("server", "config", "server3", "--ip", "10.0.2.50/24", "--gateway", "10.0.2.1");
        await PingAsync("server1", "10.0.1.60");
        await PingAsync("server1", "10.0.1.1");
        await PingAsync("server1", "10.0.2.50");

        await Recording.TakeAsync(lab.Session("leaf1"), "leaf");
        await Recording.TakeAsync(lab.Session("spine1"), "spine");

        foreach (var (server, address, gateway) in new[] { ("server1", "fd00:1::50/64", "fd00:1::1"), ("server3", "fd00:2::50/64", "fd00:2::1") })
        {
            await lab.ShellAsync(server, $"sysctl -qw net.ipv6.conf.eth1.disable_ipv6=0; ip -6 addr replace {address} dev eth1 nodad; ip -6 route replace default via {gateway}");
        }

        await PingAsync("server1", "fd00:2::50");

        // The leaf answers for the gateway; nobody else of the V-Net sees the frames, and the VRF does not leak into the underlay.
        Assert.Contains("No route to host", await lab.ShellAsync("leaf1", "ip route get 10.255.0.1 vrf vrf-5000 2>&1 || :"));
        var gateway1 = await lab.ShellAsync("leaf2", "vtysh -c 'show bgp l2vpn evpn route type macip json'");
        Assert.Contains("10.0.1.1", gateway1);

        // Any part of it may be changed or taken away by hand: it is seen and repaired.
        foreach (var edits in new string[][]
        {
            [
                "ip link del vlan100", "bridge vlan add dev swp10 vid 77", "ip link set vni10100 type bridge_slave learning on",
                "vtysh -c 'conf t' -c 'vrf vrf-5000' -c 'no vni 5000'", "ip link set l3-5000 address 02:aa:aa:aa:aa:aa",
                "ip route del unreachable default vrf vrf-5000 metric 4278198272",
            ],
            [
                "ip link del vni10100", "bridge vlan del dev swp10 vid 100", "ip addr add 10.0.9.1/24 dev vlan100", "ip addr del 10.0.1.1/24 dev vlan100",
                "vtysh -c 'conf t' -c 'router bgp 65011 vrf vrf-5000' -c 'address-family l2vpn evpn' -c 'no advertise ipv4 unicast'",
            ],
            ["ip link del vrf-5000", "ip link set swp10 nomaster"],
            ["ip link del br-fabric"],
            ["ip link del vni10100; ip link add vni10100 type vxlan id 10100 local 10.255.0.11 dstport 4790; ip link set vni10100 up"],
        })
        {
            var seen = leaf1;
            foreach (var edit in edits)
            {
                await lab.ShellAsync("leaf1", edit);
                var now = (await _driver.ReadAsync(lab.Session("leaf1"), Cancel)).State;
                Assert.False(now.Equals(seen), edit);
                seen = now;
            }

            await BecomeAsync("leaf1", leaf1, "swp1", "swp2");
        }

        await PingAsync("server1", "10.0.2.50");

        // Values change in place, objects that cannot are replaced.
        await BecomeAsync("leaf1", SwitchingLeaf(11, [.. Vpc(11, 5000, 4001, 10100, 100, "10.0.1.2/24", "fd00:1::1/64"), .. Port("swp10", 100, untagged: false)]));
        await BecomeAsync("leaf1", SwitchingLeaf(11, [.. Vpc(11, 5001, 4001, 10100, 100, "10.0.1.2/24"), .. Port("swp10", 100)]));
        await BecomeAsync("leaf1", leaf1);
        await PingAsync("server1", "10.0.2.50");

        // A refused step in the middle leaves leaf1 as it was.
        var untouched = await StateAsync("leaf1");
        var plan = DeviceDiff.Compute(leaf1, SwitchingLeaf(11, [.. Vpc(11, 6000, 4000, 10300, 100, "10.0.1.1/24"), .. Port("nosuch", 100)]));
        var rejected = await _driver.ApplyAsync(lab.Session("leaf1"), _driver.Render(plan), Options(), Cancel);
        Assert.Equal(ApplyOutcome.Rejected, rejected.Outcome);
        Assert.Contains("nosuch", rejected.Detail);
        Assert.DoesNotContain("not what it was", rejected.Detail);
        Assert.Equal(untouched, await StateAsync("leaf1"));

        await BecomeAsync("leaf1", SwitchingLeaf(11));
        Assert.Equal(before, await StateAsync("leaf1"));
    }

    private ApplyOptions Options(params string[] keep) => new($"k-{++_transaction}", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(40), [.. keep]);

    private async Task BecomeAsync(string device, DeviceState desired, params string[] keep)
    {
        var reading = await _driver.ReadAsync(lab.Session(device), Cancel);
        var artifact = _driver.Render(DeviceDiff.Compute(reading.State, desired));
        var result = await _driver.ApplyAsync(lab.Session(device), artifact, Options(keep), Cancel);
        Assert.True(result == new ApplyResult(ApplyOutcome.Confirmed, null), $"{result}\n{string.Join('\n', artifact.Forward)}");
        var after = (await _driver.ReadAsync(lab.Session(device), Cancel)).State;
        Assert.Equal(string.Join('\n', desired), string.Join('\n', after));
    }

    private async Task<string> StateAsync(string device)
    {
        var text = await lab.ShellAsync(
            device,
            "vtysh -c 'show running-config'; ip -d -br link | sed 's/@if[0-9]*//; /^v/s/[0-9a-f:]\\{17\\}/MAC/'; ip -o addr | sed 's/^[0-9]*: //; s/valid_lft.*//; s/tentative//'; bridge vlan | awk '/^[a-z]/ { d = $1; $1 = \"\" } { print d, $0 }'; bridge fdb show br br-fabric 2>/dev/null | grep 02:00:5e | grep permanent; ip route show table all type unreachable; ip -6 route show table all type unreachable");
        return string.Join('\n', text.Split('\n').Where(l => !l.Contains(" scope link")).Order(StringComparer.Ordinal));
    }

    private Task PingAsync(string from, string to) => lab.ShellAsync(from, $"for i in $(seq 60); do ping -c1 -W1 {to} >/dev/null && exit 0; sleep 0.5; done; echo no answer from {to}; exit 1");
}
