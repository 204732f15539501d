using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class VNetTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task Two_Vpcs_with_the_same_addresses_carry_packets_and_do_not_reach_each_other()
    {
        var (red, blue) = (NewVni(), NewVni());
        var watch = Stopwatch.StartNew();
        await WriteAsync(TwoVpcs(red, blue));
        await Lab.AddVmAsync("r1", "hypervisor1", red, "10.0.1.11/24");
        await Lab.AddVmAsync("r2", "hypervisor2", red, "10.0.1.12/24");
        await Lab.PingsAsync("r1", "10.0.1.12");
        Output.WriteLine($"from the API call to the first ping, two VMs started between: {Seconds(watch.Elapsed)}");
        await Lab.AddVmAsync("b1", "hypervisor1", blue, "10.0.1.11/24");
        await Lab.AddVmAsync("b2", "hypervisor2", blue, "10.0.1.12/24");
        await Lab.AddVmAsync("b3", "hypervisor2", blue, "10.0.1.13/24");
        await Lab.PingsAsync("b1", "10.0.1.12");
        await Lab.PingsAsync("b1", "10.0.1.13");
        await Lab.PingsAsync("r2", "10.0.1.11");

        // The address that exists in the other VPC only.
        await Lab.NeverPingsAsync("r1", "10.0.1.13");
        await Lab.NeverPingsAsync("r2", "10.0.1.13");

        // Who answers is the VM of the own VPC: its hardware address, and its counters.
        await Lab.ShellAsync("r1", "ip neigh flush dev eth0");
        var before = await EchoesAsync("b2");
        await Lab.PingsAsync("r1", "10.0.1.12");
        Assert.Contains(await Lab.MacAsync("r2"), await Lab.ExecAsync("r1", "ip", "neigh", "show", "10.0.1.12"), StringComparison.Ordinal);
        Assert.Equal(before, await EchoesAsync("b2"));

        // A full frame without fragments.
        var full = await Lab.PingAsync("r1", "10.0.1.12", "-M", "do", "-s", "1472");
        Assert.True(full.Ok, full.ToString());
    }

    [Fact]
    public async Task A_Vm_that_moves_keeps_its_address_reachable_and_its_route_moves_along()
    {
        var (red, blue) = (NewVni(), NewVni());
        await WriteAndWaitAsync(TwoVpcs(red, blue));
        await Lab.AddVmAsync("r1", "hypervisor1", red, "10.0.1.11/24");
        await Lab.AddVmAsync("r2", "hypervisor2", red, "10.0.1.12/24");
        await Lab.PingsAsync("r1", "10.0.1.12");
        var mac = await Lab.MacAsync("r1");
        await HasRouteAsync(red, mac, await VtepAsync("hypervisor1"));

        await Lab.DoAsync("vm", "move", "r1", "--host", "hypervisor2");
        var watch = Stopwatch.StartNew();
        await Lab.PingsAsync("r2", "10.0.1.11");
        Output.WriteLine($"reachable after the move: {Seconds(watch.Elapsed)}");
        await HasRouteAsync(red, mac, await VtepAsync("hypervisor2"));

        await Lab.DoAsync("vm", "move", "r1", "--host", "hypervisor1");
        await Lab.PingsAsync("r2", "10.0.1.11");
        await HasRouteAsync(red, mac, await VtepAsync("hypervisor1"));
    }

    [Fact]
    public async Task A_V_Net_without_a_Vni_gets_one_of_the_pool_and_carries_packets()
    {
        await WriteAndWaitAsync(Intent.Tenant("pool tenant"), Intent.Vpc("pool vpc", "pool tenant"), Intent.VNet("pool net", "pool vpc"));
        var vni = (await Api.ResourceAsync("vnets", "pool net"))["status"]!["vni"]!.GetValue<int>();
        Assert.InRange(vni, 10_000, 99_999);
        await Lab.AddVmAsync("p1", "hypervisor1", vni, "fd00:1::11/64");
        await Lab.AddVmAsync("p2", "hypervisor2", vni, "fd00:1::12/64");
        await Lab.PingsAsync("p1", "fd00:1::12");
    }

    private static JsonObject[] TwoVpcs(int red, int blue) =>
    [
        Intent.Tenant("red"), Intent.Vpc("red", "red"), Intent.Allocation("red", "red", "10.0.0.0/16"), Intent.Subnet("red", "red", "10.0.1.0/24"),
        Intent.VNet("red", "red", red, null, "10.0.1.1/24"),
        Intent.Tenant("blue"), Intent.Vpc("blue", "blue"), Intent.Allocation("blue", "blue", "10.0.0.0/16"), Intent.Subnet("blue", "blue", "10.0.1.0/24"),
        Intent.VNet("blue", "blue", blue, null, "10.0.1.1/24"),
    ];

    private async Task<string> EchoesAsync(string vm) => (await Lab.ShellAsync(vm, "nstat -asz IcmpInEchos | awk '/IcmpInEchos/ { print $2 }'")).Trim();

    private async Task<string> VtepAsync(string device) => (await Fabric.DeviceAsync(device))["status"]!["routerId"]!.GetValue<string>();

    private Task HasRouteAsync(int vni, string mac, string vtep) => Eventually.Get(
        $"the controller knows {mac} behind {vtep}",
        () => Api.ListAsync(string.Create(CultureInfo.InvariantCulture, $"evpn/routes?vni={vni}&mac={Uri.EscapeDataString(mac)}")),
        routes => routes.Count > 0 && routes.All(r => r["vtep"]!.GetValue<string>() == vtep),
        20, routes => string.Join('\n', routes.Select(r => r.ToJsonString())));
}
