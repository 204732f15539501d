using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class SessionUptimeTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task No_Bgp_session_breaks_through_changes_that_do_not_concern_it()
    {
        var before = await Sessions.OfAllAsync(Lab);
        Assert.True(before.Count >= 16, string.Join('\n', before.Keys));
        Assert.All(before.Values, s => Assert.StartsWith("Established", s, StringComparison.Ordinal));

        var vni = NewVni();
        await WriteAndWaitAsync(Intent.Tenant("calm"));
        await WriteAndWaitAsync(Intent.Vpc("calm", "calm"));
        await WriteAndWaitAsync(Intent.VNet("calm", "calm", vni), Intent.VNet("calm 2", "calm"));
        await Unbroken("V-Nets");
        await Lab.AddVmAsync("c1", "hypervisor1", vni, "10.0.1.11/24");
        await Lab.AddVmAsync("c2", "hypervisor2", vni, "10.0.1.12/24");
        await Lab.PingsAsync("c1", "10.0.1.12");
        await Unbroken("VMs");

        var label = Intent.VNet("calm", "calm", vni);
        label["labels"] = new JsonObject { ["colour"] = "green" };
        await WriteAndWaitAsync(label);
        var leaf = await Fabric.DeviceAsync("leaf1");
        await Fabric.InForceAsync(await Api.ChangeAsync(Intent.Again(leaf, s => s["ports"]!.AsArray().Add(new JsonObject { ["name"] = "swp40", ["tags"] = new JsonArray("spare") }))));
        await Unbroken("a port that is not there yet");
        await Fabric.InForceAsync(await Api.ChangeAsync(Intent.Again(leaf, _ => { })));
        await Unbroken("labels and ports");

        var site = await Api.ResourceAsync("sites", "lab");
        await Fabric.InForceAsync(await Api.ChangeAsync(Intent.Again(site, s => s["underlay"] = new JsonObject { ["bfdIntervalMilliseconds"] = 800 })));
        await Unbroken("BFD timers");
        await Fabric.InForceAsync(await Api.ChangeAsync(Intent.Again(site, _ => { })));
        await Unbroken("BFD timers as before");

        await Lab.RemoveVmsAsync();
        await Fabric.InForceAsync(await DeleteAllAsync());
        await Unbroken("deletion");
        await Fabric.HealthyAsync();
        await Unbroken("all");

        async Task Unbroken(string after)
        {
            var broken = Sessions.Difference(before, await Sessions.OfAllAsync(Lab));
            Assert.True(broken is null, $"{after}: {broken}");
        }
    }
}
