using System.Diagnostics;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>Somebody changes a device by hand.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class DriftTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public Task A_line_removed_by_hand_is_put_back() => IsRepairedAsync(
        "leaf1", async () => await ConfigureAsync("leaf1", "address-family ipv4 unicast", $"no network {await LoopbackAsync("leaf1")}"));

    [Fact]
    public Task A_neighbour_shut_down_by_hand_comes_up_again() => IsRepairedAsync(
        "leaf1", () => ConfigureAsync("leaf1", "neighbor swp1 shutdown"), session => session is "leaf1 swp1" or "spine1 swp1");

    [Fact]
    public Task A_prefix_announced_by_hand_is_withdrawn() => IsRepairedAsync(
        "spine2", () => ConfigureAsync("spine2", "address-family ipv4 unicast", "network 192.0.2.0/24"));

    [Fact]
    public async Task A_route_target_changed_by_hand_is_set_right()
    {
        var vni = NewVni();
        await WriteAndWaitAsync(Intent.Tenant("drift"), Intent.Vpc("drift", "drift"), Intent.VNet("drift", "drift", vni));
        await Lab.AddVmAsync("d1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("d2", "hypervisor2", vni, "10.0.1.12/24");
        await Lab.PingsAsync("d1", "10.0.1.12");
        await IsRepairedAsync("hypervisor1", () => ConfigureAsync(
            "hypervisor1", "address-family l2vpn evpn", $"vni {vni}", $"no route-target import 100:{vni}", "route-target import 100:4711"));
        await Lab.PingsAsync("d1", "10.0.1.12");
    }

    [Fact]
    public Task A_vni_configured_by_hand_is_removed() => IsRepairedAsync(
        "hypervisor2", () => ConfigureAsync("hypervisor2", "address-family l2vpn evpn", "vni 777777", "rd 9:777777"));

    [Fact]
    public Task A_port_changed_in_the_kernel_is_set_right() => IsRepairedAsync(
        "leaf2", () => Lab.ExecAsync("leaf2", "ip", "link", "set", "swp3", "mtu", "1600"));

    [Fact]
    public Task An_address_added_to_the_loopback_is_removed() => IsRepairedAsync(
        "hypervisor2", () => Lab.ExecAsync("hypervisor2", "ip", "address", "add", "198.51.100.7/32", "dev", "lo"));

    [Fact]
    public Task The_loopback_address_removed_in_the_kernel_is_put_back() => IsRepairedAsync(
        "spine1", async () => await Lab.ExecAsync("spine1", "ip", "address", "delete", await LoopbackAsync("spine1"), "dev", "lo"));

    [Fact]
    public Task Forwarding_switched_off_in_the_kernel_is_switched_on() => IsRepairedAsync(
        "leaf1", () => Lab.ShellAsync("leaf1", "echo 0 >/proc/sys/net/ipv4/ip_forward"));

    /// <summary>Changes a device by hand and expects the device to be found changed and to be as before, and everything else untouched.</summary>
    private async Task IsRepairedAsync(string device, Func<Task> change, Func<string, bool>? sessionMayBreak = null)
    {
        var text = new Dictionary<string, string> { [device] = await DeviceText.OfAsync(Lab, device) };
        var sessions = await Sessions.OfAllAsync(Lab);
        var was = Intent.ConditionOf(await Fabric.DeviceAsync(device), "Drifted");
        var watch = Stopwatch.StartNew();
        await change();
        var found = await Fabric.ConditionAsync(
            "devices", device, "Drifted", c => c.Since is not null && c.Since != was?.Since && c.Reason is "FoundChanged" or "Repaired" && c.Message != was?.Message, 15);
        Output.WriteLine($"seen after {Seconds(watch.Elapsed)}: {found.Message}");
        await Fabric.ConditionAsync("devices", device, "Drifted", c => c.Reason == "Repaired", 15);
        await DeviceText.AgainAsync(Lab, text, $"{device} is as before");
        Output.WriteLine($"as before after {Seconds(watch.Elapsed)}");
        await Fabric.HealthyAsync();
        Assert.Null(Sessions.Difference(sessions, await Sessions.OfAllAsync(Lab), sessionMayBreak));
    }

    private async Task ConfigureAsync(string device, params string[] lines) =>
        await Lab.VtyshAsync(device, ["configure terminal", $"router bgp {(await Fabric.DeviceAsync(device))["status"]!["asn"]}", .. lines]);

    private async Task<string> LoopbackAsync(string device) => (await Fabric.DeviceAsync(device))["status"]!["loopbacks"]![0]!.GetValue<string>();
}
