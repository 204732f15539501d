using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fabric.E2e.Tests.Harness;

/// <summary>Tests of this collection share one lab and one controller, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedFabricCollection : ICollectionFixture<SharedFabric>
{
    public const string Name = "shared fabric";
}

/// <summary>
/// The reference topology in namespaces with a controller, from inventory to ready. Raised at the first use, and again if a test
/// left it in a state from which it does not recover.
/// </summary>
public sealed class SharedFabric : IAsyncLifetime
{
    private Fixture? _fixture;
    private string? _broken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_fixture is not null)
        {
            await _fixture.DisposeAsync();
        }
    }

    /// <summary>A fabric with all devices ready.</summary>
    internal async Task<Fixture> GetAsync()
    {
        Eventually.Stretch = 1;
        if (_fixture is { } present)
        {
            try
            {
                await present.HealthyAsync(20);
                return present;
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or InvalidOperationException)
            {
                TestContext.Current.SendDiagnosticMessage("the shared fabric does not recover, raising a new one: {0}", e.Message);
                _fixture = null;
                await present.DisposeAsync();
            }
        }

        // What does not come up once will not come up for the next test either.
        if (_broken is not null)
        {
            throw new InvalidOperationException($"the fabric did not come up for an earlier test: {_broken.Split('\n')[0]}");
        }

        try
        {
            return _fixture = await Fixture.RaiseAsync("reference", "ns");
        }
        catch (Exception e)
        {
            _broken = e.Message;
            throw;
        }
    }
}

/// <summary>A lab and a controller that knows all of its devices.</summary>
internal sealed class Fixture : IAsyncDisposable
{
    private Fixture(Lab lab) => Lab = lab;

    public Lab Lab { get; }

    public Fabricd Fabricd { get; private set; } = null!;

    public Api Api => Fabricd.Api;

    /// <summary>From the inventory's change set to all devices ready and all sessions established.</summary>
    public TimeSpan InventoryToReady { get; private set; }

    /// <summary>The inventory, as changes.</summary>
    public IReadOnlyList<JsonObject> Inventory { get; private set; } = [];

    public static async Task<Fixture> RaiseAsync(string topology, string vehicle)
    {
        var lab = await Lab.UpAsync(Repository.Topology(topology), vehicle, TimeSpan.FromMinutes(vehicle == "vm" ? 5 : 1));
        Eventually.Stretch = lab.IsMachine ? 6 : 1;
        var fixture = new Fixture(lab);
        try
        {
            fixture.Fabricd = await Fabricd.StartAsync(lab.SshKey, times: lab.IsMachine ? Times.Patient : Times.Quick);
            fixture.Inventory = Yaml.Resources(await lab.DoAsync("inventory"));
            var watch = Stopwatch.StartNew();
            await fixture.Api.ChangeAsync(fixture.Inventory);
            await fixture.HealthyAsync(60);
            fixture.InventoryToReady = watch.Elapsed;
            return fixture;
        }
        catch (Exception e)
        {
            var log = fixture.Fabricd?.Tail(200);
            await fixture.DisposeAsync();
            throw new InvalidOperationException($"{e.Message}\n--- fabricd\n{log}", e);
        }
    }

    /// <summary>Waits until every device is ready and every session of the underlay and of the controller is established.</summary>
    public async Task HealthyAsync(double within = 30)
    {
        await Eventually.Fine(
            "all devices are ready",
            async () => Faults(await Api.ListAsync("devices"), d => Intent.IsReady(d)),
            within, EndOfController);
        await Eventually.Fine("all sessions are established", SessionFaultAsync, within, EndOfController);
    }

    /// <summary>Waits until resources are ready.</summary>
    public Task ReadyAsync(IEnumerable<JsonObject> changes, double within = 30)
    {
        var wanted = changes.Where(c => c["operation"]!.GetValue<string>() != "delete").ToList();
        return Eventually.Fine(
            "resources are ready",
            async () =>
            {
                foreach (var change in wanted)
                {
                    var resource = await Api.ResourceAsync(Plural(change), change["name"]!.GetValue<string>());
                    if (!Intent.IsReady(resource))
                    {
                        return Intent.Show(resource);
                    }
                }

                return null;
            },
            within, EndOfController);
    }

    /// <summary>Waits until every device is in force at a revision.</summary>
    public Task InForceAsync(long revision, double within = 30, IEnumerable<string>? devices = null)
    {
        var names = (devices ?? Lab.Managed).ToHashSet(StringComparer.Ordinal);
        return Eventually.Fine(
            $"devices are at revision {revision}",
            async () => Faults(
                (await Api.ListAsync("devices")).Where(d => names.Contains(d["name"]!.GetValue<string>())),
                d => Intent.IsReady(d) && d["status"]!["observedRevision"]!.GetValue<long>() >= revision),
            within, EndOfController);
    }

    public Task<JsonObject> DeviceAsync(string name) => Api.ResourceAsync("devices", name);

    /// <summary>Waits for a condition of a device.</summary>
    public async Task<Condition> ConditionAsync(string plural, string name, string type, Func<Condition, bool> fits, double within = 30) =>
        (await Eventually.Get(
            $"{plural}/{name}: {type}",
            async () => Intent.ConditionOf(await Api.ResourceAsync(plural, name), type),
            c => c is not null && fits(c), within, give: EndOfController))!;

    /// <summary>Which session is not established where, null when none.</summary>
    public async Task<string?> SessionFaultAsync()
    {
        var summaries = await Lab.OnAllAsync(d => Lab.VtyshJsonAsync(d, "show bgp summary json"));
        foreach (var (device, summary) in summaries)
        {
            var seen = 0;
            foreach (var (family, content) in summary)
            {
                foreach (var (peer, state) in content?["peers"]?.AsObject() ?? [])
                {
                    seen++;
                    if (state!["state"]!.GetValue<string>() != "Established")
                    {
                        return $"{device}: {family} {peer} is {state["state"]}";
                    }
                }
            }

            if (seen == 0)
            {
                return $"{device}: no BGP peers";
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (Fabricd is not null)
        {
            await Fabricd.DisposeAsync();
        }

        await Lab.DisposeAsync();
    }

    public static string Plural(JsonObject change) => change["kind"]!.GetValue<string>() switch
    {
        "IpamAllocation" => "ipam-allocations",
        "IpamSubnet" => "ipam-subnets",
        var kind => kind.ToLowerInvariant() + "s",
    };

    private static string? Faults(IEnumerable<JsonObject> resources, Func<JsonObject, bool> fine)
    {
        var wrong = resources.Where(r => !fine(r)).Select(Intent.Show).ToList();
        return wrong.Count == 0 ? null : string.Join("\n", wrong);
    }

    private string? EndOfController() => Fabricd.IsRunning ? null : "fabricd has ended";
}
