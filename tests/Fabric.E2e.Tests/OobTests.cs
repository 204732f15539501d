using System.Globalization;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>The management network and the fabric know nothing of each other.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class OobTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    // What belongs on the management network: address resolution, SSH, the controller's BGP, neighbour discovery.
    private const string Foreign = "not arp and not (tcp port 22) and not (tcp port 179) and not icmp6";

    [Fact]
    public async Task No_management_prefix_is_in_a_table_of_the_fabric()
    {
        await WriteAndWaitAsync(Intent.Tenant("oob"), Intent.Vpc("oob", "oob"), Intent.VNet("oob", "oob", NewVni()));
        var answers = await Lab.OnAllAsync(async device =>
        {
            var said = await Lab.VtyshAsync(device, "show bgp ipv4 unicast", "show bgp ipv6 unicast", "show bgp l2vpn evpn");
            var peers = (await Lab.VtyshJsonAsync(device, "show bgp summary json"))["ipv4Unicast"]?["peers"]?.AsObject().Select(p => p.Key) ?? [];
            foreach (var peer in peers)
            {
                said += await Lab.VtyshAsync(device, $"show bgp ipv4 unicast neighbors {peer} advertised-routes");
            }

            return (Tables: said, Routes: await Lab.ExecAsync(device, "ip", "route", "show", "table", "all", "proto", "bgp"),
                OverMgmt: await Lab.ShellAsync(device, "ip route show table main dev mgmt0; ip -6 route show table main dev mgmt0"));
        });
        foreach (var (device, (tables, routes, overMgmt)) in answers)
        {
            Assert.DoesNotContain(Lab.OobStart, tables, StringComparison.Ordinal);
            Assert.DoesNotContain(Lab.OobStart, routes, StringComparison.Ordinal);
            Assert.All(overMgmt.Split('\n', StringSplitOptions.RemoveEmptyEntries), r => Assert.Contains("proto kernel", r, StringComparison.Ordinal));
            Assert.DoesNotContain("mgmt0", routes, StringComparison.Ordinal);
            Assert.Contains("10.255.0.", tables, StringComparison.Ordinal);
            _ = device;
        }
    }

    [Fact]
    public async Task No_packet_of_the_fabric_crosses_the_management_network_even_with_the_fabric_cut()
    {
        var vni = NewVni();
        await WriteAndWaitAsync(Intent.Tenant("oob"), Intent.Vpc("oob", "oob"), Intent.VNet("oob", "oob", vni));
        await Lab.AddVmAsync("o1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("o2", "hypervisor2", vni, "10.0.1.12/24");
        await using var capture = await CaptureAsync("oob", Foreign);
        await using var management = await CaptureAsync("oob", "tcp port 22");
        await Lab.PingsAsync("o1", "10.0.1.12");
        await Lab.ExecAsync("o1", "ping", "-n", "-c", "20", "-i", "0.05", "10.0.1.12");

        string[] cables = ["hypervisor1:eth1", "hypervisor1:eth2"];
        var readBefore = await ReadAtAsync("hypervisor1");
        try
        {
            foreach (var cable in cables)
            {
                await Lab.DoAsync("link", "down", cable);
            }

            await Eventually.Get("the VMs are apart", () => Lab.PingAsync("o1", "10.0.1.12"), r => !r.Ok, 15);
            await Lab.NeverPingsAsync("o1", "10.0.1.12", 5);

            // Its management goes on: it is read, and takes changes.
            await Eventually.True("hypervisor1 is read without the fabric", async () => await ReadAtAsync("hypervisor1") > readBefore);
            Assert.True(Intent.ConditionOf(await Fabric.DeviceAsync("hypervisor1"), "Reachable")!.IsTrue);
            var another = NewVni();
            var revision = await WriteAsync(Intent.VNet("oob 2", "oob", another));
            await Fabric.InForceAsync(revision, 20, ["hypervisor1", "hypervisor2"]);
            Assert.Contains($"vni {another.ToString(CultureInfo.InvariantCulture)}", await Lab.VtyshAsync("hypervisor1", "show running-config"), StringComparison.Ordinal);
        }
        finally
        {
            foreach (var cable in cables)
            {
                await Lab.DoAsync("link", "up", cable);
            }
        }

        await Lab.PingsAsync("o1", "10.0.1.12", 30);
        await management.SomethingAsync("SSH crosses the management network");
        Assert.Equal("", await capture.StopAsync());
    }

    [Fact]
    public async Task Nobody_on_the_management_network_can_use_a_device_as_a_router()
    {
        var loopback = (await Fabric.DeviceAsync("leaf1"))["status"]!["routerId"]!.GetValue<string>();
        var spine = Lab.Facts["devices"]!.AsArray().First(d => d!["name"]!.GetValue<string>() == "spine1")!["management_address"]!.GetValue<string>();
        var (intruder, address, bridge) = ($"{Lab.Name}-intruder", $"{Lab.OobStart}250", $"{Lab.Name}-oob");
        (await Command.RunAsync("ip", "netns", "add", intruder)).Must();
        try
        {
            (await Command.RunAsync("bash", "-ec", $"""
                ip link add name oob0 netns {intruder} type veth peer name intruder netns {bridge}
                ip -n {bridge} link set intruder master oob up
                ip -n {intruder} addr add {address}/24 dev oob0
                ip -n {intruder} link set oob0 up
                ip -n {intruder} route add {loopback}/32 via {spine}
                """)).Must();
            await using var inside = await CaptureAsync("cables", $"host {address}");
            await Eventually.Get(
                "the management address answers", () => Command.RunAsync("ip", "netns", "exec", intruder, "ping", "-n", "-c", "1", "-W", "1", spine), r => r.Ok, 10);
            var routed = await Command.RunAsync("ip", "netns", "exec", intruder, "ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", loopback);
            Assert.False(routed.Ok, routed.Output);
            Assert.Equal("", await inside.StopAsync());
        }
        finally
        {
            // Its end of the cable goes with it, and so does the other.
            await Command.RunAsync("ip", "netns", "delete", intruder);
        }
    }

    /// <summary>Watches all interfaces of a namespace of the lab: <c>oob</c> is the management network, <c>cables</c> the fabric's cables.</summary>
    private Task<Capture> CaptureAsync(string where, string filter) =>
        Capture.StartAsync(["ip", "netns", "exec", $"{Lab.Name}-{where}"], "-i", "any", filter);

    private async Task<DateTimeOffset> ReadAtAsync(string device) => (await Fabric.DeviceAsync(device))["status"]!["readAt"]!.GetValue<DateTimeOffset>();
}
