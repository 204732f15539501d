using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class DeletionTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task A_deleted_V_Net_leaves_no_trace_on_any_device()
    {
        var before = await DeviceText.OfAllAsync(Lab);
        var vni = NewVni();
        await WriteAndWaitAsync(Intent.Tenant("trace"), Intent.Vpc("trace", "trace"), Intent.VNet("trace", "trace", vni, null, "10.0.1.1/24"));
        await Lab.AddVmAsync("t1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("t2", "hypervisor2", vni, "10.0.1.12/24");
        await Lab.PingsAsync("t1", "10.0.1.12");
        Assert.NotNull(DeviceText.Difference(before, await DeviceText.OfAllAsync(Lab)));

        await Lab.RemoveVmsAsync();
        await Fabric.InForceAsync(await DeleteAllAsync());
        await DeviceText.AgainAsync(Lab, before, "devices are as before the V-Net");
        foreach (var spine in Lab.Spines)
        {
            Assert.DoesNotContain($":{vni}", await Lab.VtyshAsync(spine, "show bgp l2vpn evpn"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_V_Net_deleted_and_made_again_at_once_carries_packets()
    {
        var vni = NewVni();
        var vnet = Intent.VNet("again", "again", vni);
        await WriteAndWaitAsync(Intent.Tenant("again"), Intent.Vpc("again", "again"), vnet);
        await Lab.AddVmAsync("g1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("g2", "hypervisor2", vni, "10.0.1.12/24");
        await Lab.PingsAsync("g1", "10.0.1.12");
        for (var i = 0; i < 3; i++)
        {
            await Api.ChangeAsync(Intent.Delete(vnet));
            await WriteAndWaitAsync(Intent.Create(vnet));
            await Lab.PingsAsync("g1", "10.0.1.12");
        }

        // Under another name, the same number: the new owner gets it where the old one is gone.
        await Api.ChangeAsync(Intent.Delete(vnet));
        await WriteAndWaitAsync(Intent.VNet("again by another name", "again", vni));
        await Lab.PingsAsync("g1", "10.0.1.12");
    }

    [Fact]
    public async Task A_number_of_the_pool_is_not_given_again_while_a_device_may_still_use_it()
    {
        var vnet = Intent.VNet("old", "quarantine");
        await WriteAndWaitAsync(Intent.Tenant("quarantine"), Intent.Vpc("quarantine", "quarantine"), vnet);
        var old = await VniAsync("old");
        await Lab.DoAsync("oob", "down", "hypervisor2");
        try
        {
            await Fabric.ConditionAsync("devices", "hypervisor2", "Reachable", c => c.IsFalse);
            await Api.ChangeAsync(Intent.Delete(vnet));
            await Fabric.InForceAsync(await WriteAsync(Intent.VNet("new", "quarantine")), devices: ["hypervisor1"]);
            Assert.NotEqual(old, await VniAsync("new"));

            // A number from outside is given at once, and waits on the one device only.
            var outside = NewVni();
            var first = Intent.VNet("first", "quarantine", outside);
            await Fabric.InForceAsync(await WriteAsync(first), devices: ["hypervisor1"]);
            await Api.ChangeAsync(Intent.Delete(first));
            await Fabric.InForceAsync(await WriteAsync(Intent.VNet("second", "quarantine", outside)), devices: ["hypervisor1"]);
            await Eventually.Get(
                "the second owner is on hypervisor1", () => Lab.VtyshAsync("hypervisor1", "show running-config"),
                t => t.Contains($"vni {outside}\n", StringComparison.Ordinal));
        }
        finally
        {
            await Lab.DoAsync("oob", "up", "hypervisor2");
        }

        await Fabric.HealthyAsync();
        await Fabric.ReadyAsync([Intent.VNet("new", "quarantine"), Intent.VNet("second", "quarantine")]);
        Assert.DoesNotContain($"vni {old}\n", await Lab.VtyshAsync("hypervisor2", "show running-config"), StringComparison.Ordinal);
    }

    private async Task<int> VniAsync(string vnet) => (await Api.ResourceAsync("vnets", vnet))["status"]!["vni"]!.GetValue<int>();
}
