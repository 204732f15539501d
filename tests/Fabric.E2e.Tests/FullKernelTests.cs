using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>The reference topology in a virtual machine whose kernel has all that a leaf needs; one for all tests of the class.</summary>
public sealed class FullKernelFabric : IAsyncLifetime
{
    private Task<Fixture>? _fixture;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_fixture is { IsCompletedSuccessfully: true } raised)
        {
            await (await raised).DisposeAsync();
        }
    }

    internal async Task<Fixture> GetAsync()
    {
        var fixture = await (_fixture ??= Fixture.RaiseAsync("reference", "vm"));
        await fixture.HealthyAsync(90);
        return fixture;
    }
}

/// <summary>What leaves do: bridge ports, route between V-Nets, be the gateway.</summary>
[Trait("Category", "vm")]
public sealed class FullKernelTests(FullKernelFabric raised) : FabricTest(raised.GetAsync), IClassFixture<FullKernelFabric>
{
    private const string GatewayMac = "02:00:5e:00:01:01";

    [Fact]
    public async Task Two_V_Nets_of_a_Vpc_on_different_leaves_route_to_each_other_through_anycast_gateways()
    {
        Output.WriteLine($"machine up in {Seconds(Lab.Raised)}; from the inventory to ready in {Seconds(Fabric.InventoryToReady)}");
        await WriteAndWaitAsync(Intent.Tenant("route"), Intent.Vpc("route", "route"), OnPort("east", "route", "leaf1", "swp10", 1), OnPort("west", "route", "leaf2", "swp10", 2));
        await ServerAsync("server1", 1);
        await ServerAsync("server2", 2);
        await Lab.PingsAsync("server1", "10.1.2.10", 60);
        await Lab.PingsAsync("server2", "10.1.1.10", 60);
        await Lab.PingsAsync("server1", "fd00:1:2::10", 60);
        await Lab.PingsAsync("server2", "fd00:1:1::10", 60);

        // Routed at the ingress leaf and at the egress leaf.
        Assert.Contains("ttl=62", (await Lab.PingAsync("server1", "10.1.2.10")).Output, StringComparison.Ordinal);
        Assert.Contains("ttl=62", (await Lab.PingAsync("server2", "fd00:1:1::10")).Output, StringComparison.Ordinal);

        // The gateway answers on each leaf with the same address.
        Assert.True((await Lab.PingAsync("server1", "10.1.1.1")).Ok);
        Assert.Contains(GatewayMac, await Lab.ExecAsync("server1", "ip", "neigh", "show", "10.1.1.1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_to_a_gateway_are_not_flooded()
    {
        await WriteAndWaitAsync(
            Intent.Tenant("quiet"), Intent.Vpc("quiet", "quiet"),
            Intent.VNet("quiet", "quiet", null, Intent.OnPorts(("leaf1", "swp10", null), ("leaf2", "swp11", null)), Gateways(1)),
            OnPort("far", "quiet", "leaf2", "swp10", 2));
        await ServerAsync("server1", 1);
        await ServerAsync("server2", 2);
        await Lab.DoAsync("server", "config", "server3", "--ip", "10.1.1.30/24", "--gateway", "10.1.1.1");
        await Lab.PingsAsync("server1", "10.1.2.10", 60);
        await Lab.PingsAsync("server1", "10.1.1.30", 60);

        var routes = await Eventually.Get(
            "both leaves announce the gateway",
            async () => (await Api.ListAsync("evpn/routes?type=2&mac=" + Uri.EscapeDataString(GatewayMac))).Where(r => r["ip"]?.GetValue<string>() == "10.1.1.1").ToList(),
            r => r.Count == 2, 30, r => string.Join('\n', r.Select(x => x.ToJsonString())));
        Assert.All(routes, r => Assert.True(r["defaultGateway"]!.GetValue<bool>()));

        // Frames for the gateway's MAC: on the far server of the same V-Net, and in any tunnel that leaves the leaf.
        await using var far = await CaptureAsync("server3", "eth1", $"ether dst {GatewayMac}");
        await using var tunnels = await CaptureAsync("leaf1", "any", "udp port 4789 and udp[16:4] = 0x02005e00 and udp[20:2] = 0x0101");
        await Lab.ExecAsync("server1", "ping", "-n", "-c", "10", "-i", "0.2", "10.1.2.10");
        await Lab.ExecAsync("server1", "ping", "-n", "-c", "10", "-i", "0.2", "10.1.1.1");
        Assert.Equal("", await far.StopAsync());
        Assert.Equal("", await tunnels.StopAsync());
    }

    [Fact]
    public async Task A_server_on_a_leaf_port_reaches_a_Vm_on_a_hypervisor()
    {
        var vni = NewVni();
        var attachments = Intent.OnHypervisors();
        attachments.Add(new JsonObject { ["port"] = new JsonObject { ["device"] = "leaf1", ["port"] = "swp10" } });
        attachments.Add(new JsonObject { ["port"] = new JsonObject { ["device"] = "leaf2", ["port"] = "swp11" }, ["vlan"] = 30 });
        await WriteAndWaitAsync(Intent.Tenant("mixed"), Intent.Vpc("mixed", "mixed"), Intent.VNet("mixed", "mixed", vni, attachments));
        await Lab.AddVmAsync("m1", "hypervisor1", vni, "10.1.1.11/24");
        await Lab.AddVmAsync("m2", "hypervisor2", vni, "10.1.1.12/24");
        await Lab.DoAsync("server", "config", "server1", "--ip", "10.1.1.10/24");
        await Lab.DoAsync("server", "config", "server3", "--ip", "10.1.1.30/24", "--vlan", "30");
        await Lab.PingsAsync("m1", "10.1.1.12", 60);
        await Lab.PingsAsync("server1", "10.1.1.11", 60);
        await Lab.PingsAsync("m2", "10.1.1.10", 60);
        await Lab.PingsAsync("server3", "10.1.1.12", 60);
        await Lab.PingsAsync("server1", "10.1.1.30", 60);
        var full = await Lab.PingAsync("server1", "10.1.1.11", "-M", "do", "-s", "1472");
        Assert.True(full.Ok, full.ToString());
    }

    [Fact]
    public async Task Two_Vpcs_with_the_same_subnets_do_not_reach_each_other()
    {
        await WriteAndWaitAsync(
            Intent.Tenant("iso"), Intent.Vpc("iso a", "iso"), Intent.Vpc("iso b", "iso"),
            OnPort("iso a1", "iso a", "leaf1", "swp10", 1), OnPort("iso a2", "iso a", "leaf2", "swp11", 2),
            OnPort("iso b2", "iso b", "leaf2", "swp10", 2));
        await ServerAsync("server1", 1);
        await ServerAsync("server2", 2);
        await Lab.DoAsync("server", "config", "server3", "--ip", "10.1.2.30/24", "--gateway", "10.1.2.1");
        await Lab.PingsAsync("server1", "10.1.2.30", 60);
        await Lab.PingsAsync("server2", "10.1.2.1", 60);
        await Lab.NeverPingsAsync("server1", "10.1.2.10");
        await Lab.NeverPingsAsync("server2", "10.1.1.10");
        await Lab.NeverPingsAsync("server2", "10.1.2.30");
    }

    [Fact]
    public async Task A_deleted_V_Net_leaves_no_trace_on_leaves()
    {
        // The first V-Net on ports makes the bridge; what is compared is what a V-Net adds and takes.
        var before = await DeviceText.OfAllAsync(Lab);
        await WriteAndWaitAsync(
            Intent.Tenant("trace"), Intent.Vpc("trace", "trace"), OnPort("trace 1", "trace", "leaf1", "swp10", 1), OnPort("trace 2", "trace", "leaf2", "swp10", 2));
        await ServerAsync("server1", 1);
        await ServerAsync("server2", 2);
        await Lab.PingsAsync("server1", "10.1.2.10", 60);
        Assert.NotNull(DeviceText.Difference(before, await DeviceText.OfAllAsync(Lab)));
        await Fabric.InForceAsync(await DeleteAllAsync(), 60);
        await DeviceText.AgainAsync(Lab, before, "devices are as before the V-Nets", 60);
    }

    [Fact]
    public async Task What_somebody_deletes_in_the_kernel_of_a_leaf_is_made_again()
    {
        await WriteAndWaitAsync(Intent.Tenant("kernel"), Intent.Vpc("kernel", "kernel"), OnPort("kernel 1", "kernel", "leaf1", "swp10", 1), OnPort("kernel 2", "kernel", "leaf2", "swp10", 2));
        await ServerAsync("server1", 1);
        await ServerAsync("server2", 2);
        await Lab.PingsAsync("server1", "10.1.2.10", 60);
        var before = new Dictionary<string, string> { ["leaf1"] = await DeviceText.OfAsync(Lab, "leaf1") };
        var sessions = await Sessions.OfAllAsync(Lab);
        var vni = (await Api.ResourceAsync("vnets", "kernel 1"))["status"]!["vni"]!.GetValue<int>();
        var svi = (await Lab.ShellAsync("leaf1", "ip -o -4 address | awk '/10.1.1.1\\/24/{print $2}'")).Trim();
        foreach (var damage in new[]
        {
            string.Create(CultureInfo.InvariantCulture, $"ip link delete vni{vni}"),
            $"ip address delete 10.1.1.1/24 dev {svi}",
            $"ip link set {svi} down",
            "ip link set swp10 nomaster",
        })
        {
            await Lab.ShellAsync("leaf1", damage);
            await DeviceText.AgainAsync(Lab, before, $"leaf1 is repaired after '{damage}'", 60);
            await Lab.PingsAsync("server1", "10.1.2.10", 60);
        }

        Assert.Equal("Repaired", Intent.ConditionOf(await Fabric.DeviceAsync("leaf1"), "Drifted")!.Reason);
        Assert.Null(Sessions.Difference(sessions, await Sessions.OfAllAsync(Lab)));
    }

    private static JsonObject OnPort(string name, string vpc, string device, string port, int net) =>
        Intent.VNet(name, vpc, null, Intent.OnPorts((device, port, null)), Gateways(net));

    private static string[] Gateways(int net) =>
        [string.Create(CultureInfo.InvariantCulture, $"10.1.{net}.1/24"), string.Create(CultureInfo.InvariantCulture, $"fd00:1:{net}::1/64")];

    /// <summary>Host 10 of a subnet, IPv4 and IPv6.</summary>
    private async Task ServerAsync(string server, int net)
    {
        await Lab.DoAsync("server", "config", server, "--ip", $"10.1.{net}.10/24", "--gateway", $"10.1.{net}.1");
        await Lab.ShellAsync(server, $"ip -6 addr add fd00:1:{net}::10/64 dev eth1 nodad; ip -6 route replace default via fd00:1:{net}::1");
    }

    private async Task<Background> CaptureAsync(string node, string device, string filter)
    {
        var capture = Lab.Start(node, "timeout", "60", "tcpdump", "-n", "-l", "-i", device, filter);
        await Eventually.True("the capture runs", () => Task.FromResult(capture.Error.Contains("listening on", StringComparison.Ordinal)));
        return capture;
    }
}
