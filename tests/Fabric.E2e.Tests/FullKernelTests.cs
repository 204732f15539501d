using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>
/// The reference topology in a virtual machine whose kernel has all that a leaf needs, with everything that the tests of the class
/// look at: each change takes a while there.
/// </summary>
public sealed class FullKernelFabric : IAsyncLifetime
{
    /// <summary>The V-Net on hypervisors and ports.</summary>
    internal const int MixedVni = 600_001;

    private Fixture? _fixture;
    private string? _broken;

    /// <summary>How the devices looked before there was any V-Net.</summary>
    internal IReadOnlyDictionary<string, string> Bare { get; private set; } = new Dictionary<string, string>();

    /// <summary>
    /// VPC <c>route</c>: <c>east</c> 10.1.1.0/24 with server1 and server3 on two leaves, <c>west</c> 10.1.2.0/24 with server2. VPC
    /// <c>double</c>: the same subnets and addresses, tagged 40 on the ports of server1 and server2. VPC <c>mixed</c>: a V-Net on
    /// hypervisors and, tagged 30, on the ports of server1 and server3.
    /// </summary>
    internal static IReadOnlyList<JsonObject> Wanted { get; } =
    [
        Intent.Tenant("leaves"), Intent.Vpc("route", "leaves"), Intent.Vpc("double", "leaves"), Intent.Vpc("mixed", "leaves"),
        Intent.VNet("east", "route", null, Intent.OnPorts(("leaf1", "swp10", null), ("leaf2", "swp11", null)), "10.1.1.1/24", "fd00:1:1::1/64"),
        Intent.VNet("west", "route", null, Intent.OnPorts(("leaf2", "swp10", null)), "10.1.2.1/24", "fd00:1:2::1/64"),
        Intent.VNet("double east", "double", null, Intent.OnPorts(("leaf1", "swp10", 40)), "10.1.1.1/24"),
        Intent.VNet("double west", "double", null, Intent.OnPorts(("leaf2", "swp10", 40)), "10.1.2.1/24"),
        Intent.VNet("mixed", "mixed", MixedVni,
            [.. Intent.OnHypervisors().Concat(Intent.OnPorts(("leaf1", "swp10", 30), ("leaf2", "swp11", 30))).Select(a => a!.DeepClone())]),
    ];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_fixture is not null)
        {
            await _fixture.DisposeAsync();
        }
    }

    internal async Task<Fixture> GetAsync()
    {
        Eventually.Stretch = 6;
        if (_broken is not null)
        {
            throw new InvalidOperationException($"the fabric did not come up for an earlier test: {_broken.Split('\n')[0]}");
        }

        if (_fixture is null)
        {
            try
            {
                _fixture = await Fixture.RaiseAsync("reference", "vm");
                Bare = await DeviceText.OfAllAsync(_fixture.Lab);
                await ArrangeAsync(_fixture);
            }
            catch (Exception e)
            {
                _broken = e.Message;
                throw;
            }
        }

        await _fixture.HealthyAsync();
        return _fixture;
    }

    private static async Task ArrangeAsync(Fixture fabric)
    {
        await fabric.Api.ChangeAsync(Wanted);
        var lab = fabric.Lab;
        foreach (var (server, address, net) in new[] { ("server1", 10, 1), ("server2", 10, 2), ("server3", 30, 1) })
        {
            await lab.DoAsync("server", "config", server, "--ip", $"10.1.{net}.{address}/24", "--gateway", $"10.1.{net}.1");
            await lab.ShellAsync(server, $"ip -6 address add fd00:1:{net}::{address}/64 dev eth1 nodad; ip -6 route replace default via fd00:1:{net}::1");
        }

        // Tagged networks of the servers' ports; the double addresses in a routing table of their own.
        foreach (var (server, net) in new[] { ("server1", 1), ("server2", 2) })
        {
            await lab.ShellAsync(server, $"""
                set -e
                ip link add double type vrf table 40
                ip link set double up
                ip link add link eth1 name eth1.40 type vlan id 40
                ip link set eth1.40 master double up
                ip address add 10.1.{net}.10/24 dev eth1.40
                ip address add 10.1.{net}.77/24 dev eth1.40
                ip route add default via 10.1.{net}.1 vrf double
                """);
        }

        foreach (var (server, address) in new[] { ("server1", 10), ("server3", 30) })
        {
            await lab.ShellAsync(server, $"ip link add link eth1 name tagged type vlan id 30 && ip link set tagged up && ip address add 10.9.0.{address}/24 dev tagged");
        }

        await lab.AddVmAsync("m1", "hypervisor1", MixedVni, "10.9.0.11/24", stays: true);
        await lab.AddVmAsync("m2", "hypervisor2", MixedVni, "10.9.0.12/24", stays: true);
        await fabric.ReadyAsync(Wanted);
    }
}

/// <summary>What leaves do: bridge ports, route between V-Nets, be the gateway.</summary>
[Trait("Category", "vm")]
[TestCaseOrderer(typeof(LastTestOrderer))]
public sealed class FullKernelTests(FullKernelFabric raised) : FabricTest(raised.GetAsync), IClassFixture<FullKernelFabric>
{
    private const string GatewayMac = "02:00:5e:00:01:01";

    [Fact]
    public async Task Two_V_Nets_of_a_Vpc_on_different_leaves_route_to_each_other_through_anycast_gateways()
    {
        Output.WriteLine($"machine up in {Seconds(Lab.Raised)}; from the inventory to ready in {Seconds(Fabric.InventoryToReady)}");
        await Lab.PingsAsync("server1", "10.1.2.10");
        await Lab.PingsAsync("server2", "10.1.1.10");
        await Lab.PingsAsync("server1", "fd00:1:2::10");
        await Lab.PingsAsync("server2", "fd00:1:1::10");

        // Routed at the ingress leaf and at the egress leaf.
        Assert.Contains("ttl=62", (await Lab.PingAsync("server1", "10.1.2.10")).Output, StringComparison.Ordinal);
        Assert.Contains("ttl=62", (await Lab.PingAsync("server2", "fd00:1:1::10")).Output, StringComparison.Ordinal);

        // The gateway answers on each leaf with the same address.
        foreach (var server in new[] { "server1", "server3" })
        {
            await Lab.PingsAsync(server, "10.1.1.1");
            Assert.Contains(GatewayMac, await Lab.ExecAsync(server, "ip", "neigh", "show", "10.1.1.1"), StringComparison.Ordinal);
        }

        // Within a V-Net frames are bridged between the leaves.
        await Lab.PingsAsync("server1", "10.1.1.30");
        Assert.Contains("ttl=64", (await Lab.PingAsync("server1", "10.1.1.30")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_to_a_gateway_are_not_flooded()
    {
        await Lab.PingsAsync("server1", "10.1.2.10");
        var vni = await VniAsync("east");
        var routes = await Eventually.Get(
            "both leaves announce the gateway",
            async () => (await Api.ListAsync($"evpn/routes?type=2&vni={vni}&mac={Uri.EscapeDataString(GatewayMac)}")).Where(r => r["ip"]?.GetValue<string>() == "10.1.1.1").ToList(),
            r => r.Count == 2, 30, r => string.Join('\n', r.Select(x => x.ToJsonString())));
        Assert.All(routes, r => Assert.True(r["defaultGateway"]!.GetValue<bool>()));

        // Frames for the gateway's MAC: on the far server of the same V-Net, and in any tunnel that leaves the leaf.
        await using var far = await Lab.CaptureAsync("server3", "-i", "eth1", "-Q", "in", $"ether dst {GatewayMac}");
        await using var tunnels = await Lab.CaptureAsync("leaf1", "-i", "any", "udp port 4789 and udp[16:4] = 0x02005e00 and udp[20:2] = 0x0101");
        await using var control = await Lab.CaptureAsync("leaf1", "-i", "swp10", $"ether dst {GatewayMac}");
        await Lab.ExecAsync("server1", "ping", "-n", "-c", "10", "-i", "0.2", "10.1.2.10");
        await Lab.ExecAsync("server1", "ping", "-n", "-c", "10", "-i", "0.2", "10.1.1.1");
        await control.SomethingAsync("leaf1 sees frames for the gateway");
        Assert.Equal("", await far.StopAsync());
        Assert.Equal("", await tunnels.StopAsync());
    }

    [Fact]
    public async Task A_server_on_a_tagged_leaf_port_reaches_Vms_on_hypervisors()
    {
        await Lab.PingsAsync("m1", "10.9.0.12");
        await Lab.PingsAsync("server1", "10.9.0.11");
        await Lab.PingsAsync("server1", "10.9.0.12");
        await Lab.PingsAsync("m2", "10.9.0.30");
        await Lab.PingsAsync("server1", "10.9.0.30");
        var full = await Lab.PingAsync("server1", "10.9.0.11", "-M", "do", "-s", "1472");
        Assert.True(full.Ok, full.ToString());
    }

    [Fact]
    public async Task Two_Vpcs_with_the_same_subnets_and_addresses_do_not_reach_each_other()
    {
        // Both VPCs route, each to its own host 10.1.2.10.
        await Lab.PingsAsync("server1", "10.1.2.10");
        await Eventually.Get("the second VPC routes", () => Lab.PingAsync("server1", "10.1.2.10", "-I", "double"), r => r.Ok, 20, r => r.Output);
        await using var one = await Lab.CaptureAsync("server2", "-i", "eth1", "icmp and dst host 10.1.2.10 and not vlan");
        await using var other = await Lab.CaptureAsync("server2", "-i", "eth1.40", "icmp and dst host 10.1.2.10");
        Assert.True((await Lab.PingAsync("server1", "10.1.2.10", "-I", "double")).Ok);
        await other.SomethingAsync("the second VPC's host gets the ping");
        Assert.Equal("", await one.StopAsync());

        // An address that only the second VPC has.
        Assert.True((await Lab.PingAsync("server1", "10.1.2.77", "-I", "double")).Ok);
        await Lab.NeverPingsAsync("server1", "10.1.2.77");
        await Lab.NeverPingsAsync("server2", "10.1.1.77");
    }

    [Fact]
    public async Task What_somebody_deletes_in_the_kernel_of_a_leaf_is_made_again()
    {
        await Lab.PingsAsync("server1", "10.1.2.10");
        var before = new Dictionary<string, string> { ["leaf1"] = await DeviceText.OfAsync(Lab, "leaf1") };
        var sessions = await Sessions.OfAllAsync(Lab);
        var svi = (await Lab.ShellAsync("leaf1", "ip -o -4 address | awk '/ 10.1.1.1\\/24 /{ print $2; exit }'")).Trim();
        var vni = await VniAsync("east");
        await Lab.ShellAsync("leaf1", $"ip link delete vni{vni}; ip address delete 10.1.1.1/24 dev {svi}; ip link set swp10 nomaster");
        await DeviceText.AgainAsync(Lab, before, "leaf1 is repaired");
        await Fabric.HealthyAsync();
        Assert.Equal("Repaired", Intent.ConditionOf(await Fabric.DeviceAsync("leaf1"), "Drifted")!.Reason);
        Assert.Null(Sessions.Difference(sessions, await Sessions.OfAllAsync(Lab)));
        await Lab.PingsAsync("server1", "10.1.2.10");
        await Lab.PingsAsync("server1", "10.1.1.30");
    }

    [Fact]
    [Trait("Order", "last")]
    public async Task Deleted_V_Nets_leave_no_trace_on_any_device()
    {
        Assert.NotNull(DeviceText.Difference(raised.Bare, await DeviceText.OfAllAsync(Lab)));
        await Lab.DoAsync("vm", "remove", "m1");
        await Lab.DoAsync("vm", "remove", "m2");
        await Fabric.InForceAsync(await Api.ChangeAsync(FullKernelFabric.Wanted.Select(Intent.Delete)));
        await DeviceText.AgainAsync(Lab, raised.Bare, "devices are as before the V-Nets");
    }

    private async Task<int> VniAsync(string vnet) => (await Api.ResourceAsync("vnets", vnet))["status"]!["vni"]!.GetValue<int>();
}
