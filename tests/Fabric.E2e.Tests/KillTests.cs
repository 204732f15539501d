using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>The controller is ended at once, as by a power failure, in the middle of its work.</summary>
[Collection(SharedFabricCollection.Name)]
[Trait("Category", "lab")]
public sealed class KillTests(SharedFabric shared) : FabricTest(shared.GetAsync)
{
    private const int Kills = 10;

    [Fact]
    public async Task Killed_at_ten_points_of_an_apply_it_comes_back_to_the_same_end_and_loses_no_acknowledged_write()
    {
        JsonObject[] frame = [Intent.Tenant("kill"), Intent.Vpc("kill", "kill")];
        await WriteAndWaitAsync(frame);

        // Two states that differ on every device: BFD timers everywhere, V-Nets on the hypervisors.
        var vnis = Enumerable.Range(0, 6).Select(_ => NewVni()).ToList();
        var vnets = vnis.Select((v, i) => Intent.VNet($"kill {i}", "kill", v)).ToArray();
        var site = await Api.ResourceAsync("sites", "lab");
        var usual = Intent.Again(site, _ => { });
        var other = Intent.Again(site, s => s["underlay"] = new JsonObject { ["bfdIntervalMilliseconds"] = 700, ["bfdMultiplier"] = 4 });
        JsonObject[] toOther = [other, .. vnets];
        JsonObject[] toUsual = [usual, .. vnets.Select(Intent.Delete)];
        Note(vnets);

        // The ends as they are without kills, and how long the way takes.
        var atUsual = await DeviceText.OfAllAsync(Lab);
        var watch = Stopwatch.StartNew();
        await Fabric.InForceAsync(await Api.ChangeAsync(toOther));
        var duration = watch.Elapsed;
        var atOther = await DeviceText.OfAllAsync(Lab);
        foreach (var device in Lab.Managed)
        {
            Assert.NotEqual(atUsual[device], atOther[device]);
        }

        await Fabric.InForceAsync(await Api.ChangeAsync(toUsual));
        await DeviceText.AgainAsync(Lab, atUsual, "the way back leads to where it began");
        Output.WriteLine($"an undisturbed apply takes {Seconds(duration)}");

        for (var i = 0; i < Kills; i++)
        {
            var forward = i % 2 == 0;
            var revision = await Api.ChangeAsync(forward ? toOther : toUsual);
            var at = duration * (i + 0.5) / Kills;
            await using (var writer = new Writer(Fabric.Fabricd, i))
            {
                await Task.Delay(at, TimeProvider.System);
                await Fabric.Fabricd.KillAsync();
                await writer.StopAsync();
                if (i == Kills / 2)
                {
                    // Nobody comes back for a while: each device must be at the one revision or at the other, all of it.
                    await WholeAsync(atUsual, atOther);
                }

                watch.Restart();
                await Fabric.Fabricd.StartAsync();
                Note(writer.Acknowledged.Select(Intent.Tenant));
                foreach (var name in writer.Acknowledged)
                {
                    await Api.ResourceAsync("tenants", name);
                }
            }

            await Fabric.InForceAsync(revision);
            var expected = forward ? atOther : atUsual;
            await DeviceText.AgainAsync(Lab, expected, $"after kill {i} at {Seconds(at)} devices come to the same end");
            Output.WriteLine($"kill {i} at {Seconds(at)}: in force {Seconds(watch.Elapsed)} after the restart");
        }

        // The times were spread over a whole apply: some of the kills must have left a change to be rolled back.
        var left = Fabric.Fabricd.Log.Split("left by an earlier run").Length - 1;
        Output.WriteLine($"changes found half done and rolled back: {left.ToString(CultureInfo.InvariantCulture)}");
        Assert.True(left > 0);
    }

    private Task WholeAsync(Dictionary<string, string> one, Dictionary<string, string> other) => Eventually.Fine(
        "each device is whole without the controller",
        async () =>
        {
            var halves = new List<string>();
            foreach (var (device, text) in await DeviceText.OfAllAsync(Lab))
            {
                if (text != one[device] && text != other[device])
                {
                    halves.Add(device + ": " + DeviceText.Difference(
                        new Dictionary<string, string> { [device] = one[device] }, new Dictionary<string, string> { [device] = text }));
                }

                if ((await Lab.TryAsync(device, "test", "-e", "/run/fabric/txn")).Ok)
                {
                    halves.Add($"{device}: a change is under way");
                }
            }

            return halves.Count == 0 ? null : string.Join('\n', halves);
        },
        30);

    /// <summary>Writes tenants one after the other until the controller is gone.</summary>
    private sealed class Writer : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _work;

        public Writer(Fabricd fabricd, int number) => _work = Task.Run(async () =>
        {
            using var api = fabricd.Client((await File.ReadAllTextAsync(fabricd.TokenFile)).Trim());
            for (var i = 0; !_stop.IsCancellationRequested; i++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"kill {number} write {i}");
                try
                {
                    if ((await api.TryChangeAsync([Intent.Tenant(name)])).Ok)
                    {
                        Acknowledged.Enqueue(name);
                    }
                }
                catch (HttpRequestException)
                {
                    return;
                }
            }
        });

        public ConcurrentQueue<string> Acknowledged { get; } = new();

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }
    }
}
