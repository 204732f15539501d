using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class UnderlayTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    [Fact]
    public async Task Devices_become_ready_from_an_inventory_alone()
    {
        var devices = await Api.ListAsync("devices");
        Assert.Equal(Lab.Managed.Order(), devices.Where(Intent.IsReady).Select(d => d["name"]!.GetValue<string>()).Intersect(Lab.Managed).Order());
        Assert.Null(await Fabric.SessionFaultAsync());
        foreach (var link in await Api.ListAsync("links"))
        {
            Assert.True(Intent.IsReady(link), Intent.Show(link));
        }

        Output.WriteLine($"lab up in {Seconds(Lab.Raised)}; from the inventory to all sessions established in {Seconds(Fabric.InventoryToReady)}");
        Assert.True(Fabric.InventoryToReady < TimeSpan.FromSeconds(60), $"took {Seconds(Fabric.InventoryToReady)}");
    }

    [Fact]
    public async Task Every_loopback_reaches_every_other()
    {
        var loopbacks = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Lab.Managed)
        {
            loopbacks[name] = (await Fabric.DeviceAsync(name))["status"]!["loopbacks"]![0]!.GetValue<string>().Split('/')[0];
        }

        // Spines share their ASN and take no routes from each other: nothing ever goes from one to the other.
        await Eventually.Fine("loopbacks reach each other", async () =>
        {
            var answers = await Lab.OnAllAsync(async from =>
            {
                var targets = loopbacks.Where(l => l.Key != from && !(Lab.Spines.Contains(from) && Lab.Spines.Contains(l.Key))).Select(l => l.Value);
                return await Lab.ShellAsync(from, $"for to in {string.Join(' ', targets)}; do ping -n -q -c 1 -W 1 -I {loopbacks[from]} $to >/dev/null || echo $to; done");
            });
            var lost = answers.Where(a => a.Value.Length > 0).Select(a => $"{a.Key} does not reach {a.Value.ReplaceLineEndings(" ")}").ToList();
            return lost.Count == 0 ? null : string.Join("; ", lost);
        });
    }
}
