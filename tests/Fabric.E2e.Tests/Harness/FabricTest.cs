using System.Globalization;
using System.Text.Json.Nodes;

namespace Fabric.E2e.Tests.Harness;

/// <summary>A test on a fabric; what it wrote and the VMs it started go with it.</summary>
public abstract class FabricTest : IAsyncLifetime
{
    private const int MostChangesAtOnce = 10_000;
    private static int s_lastVni = 500_000;
    private readonly Dictionary<(string Kind, string Name), JsonObject> _written = [];
    private readonly Func<Task<Fixture>> _raise;
    private Fixture? _fixture;
    private int _logBefore;

    private protected FabricTest(Func<Task<Fixture>> raise) => _raise = raise;

    internal Fixture Fabric => _fixture ?? throw new InvalidOperationException("not raised");

    internal Lab Lab => Fabric.Lab;

    internal Api Api => Fabric.Api;

    protected static ITestOutputHelper Output => TestContext.Current.TestOutputHelper!;

    public async ValueTask InitializeAsync()
    {
        Prerequisites.Demand(Prerequisites.Missing());
        _fixture = await _raise();
        _logBefore = _fixture.Fabricd.Log.Length;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_fixture is null)
        {
            return;
        }

        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            Output.WriteLine("--- fabricd\n" + Fabric.Fabricd.Log[_logBefore..]);
        }

        if (!Fabric.Fabricd.IsRunning)
        {
            await Fabric.Fabricd.StartAsync();
        }

        await Lab.RemoveVmsAsync();
        if (await DeleteAllAsync() is > 0 and var revision && TestContext.Current.TestState?.Result != TestResult.Failed)
        {
            await Fabric.InForceAsync(revision);
        }
    }

    /// <summary>A VNI that no other test uses, outside the site's own pools.</summary>
    protected static int NewVni() => Interlocked.Increment(ref s_lastVni);

    /// <summary>Writes one change set; what it makes is deleted with the test.</summary>
    internal async Task<long> WriteAsync(params JsonObject[] changes)
    {
        Note(changes);
        return await Api.ChangeAsync(changes);
    }

    /// <summary>Writes one change set and waits until all of it is in force.</summary>
    internal async Task<long> WriteAndWaitAsync(params JsonObject[] changes)
    {
        var revision = await WriteAsync(changes);
        await Fabric.ReadyAsync(changes);
        return revision;
    }

    /// <summary>What was written so far goes when the test ends.</summary>
    internal void Note(IEnumerable<JsonObject> changes)
    {
        foreach (var change in changes)
        {
            var key = (change["kind"]!.GetValue<string>(), change["name"]!.GetValue<string>());
            if (change["operation"]!.GetValue<string>() == "delete")
            {
                _written.Remove(key);
            }
            else if (key.Item1 is not ("Site" or "Device" or "Link"))
            {
                _written[key] = change;
            }
        }
    }

    /// <summary>Deletes what the test wrote, in as many change sets as the API's limit asks for.</summary>
    internal async Task<long> DeleteAllAsync()
    {
        if (_written.Count == 0)
        {
            return 0;
        }

        // A test that was refused something has noted more than there is.
        var present = new List<JsonObject>();
        foreach (var change in _written.Values)
        {
            if ((await Api.SendAsync(HttpMethod.Get, $"{Fixture.Plural(change)}/{Uri.EscapeDataString(change["name"]!.GetValue<string>())}")).Ok)
            {
                present.Add(Intent.Delete(change));
            }
        }

        _written.Clear();
        var revision = 0L;
        foreach (var part in present.OrderBy(static c => c["kind"]!.GetValue<string>() == "Tenant").Chunk(MostChangesAtOnce))
        {
            revision = await Api.ChangeAsync(part);
        }

        return revision;
    }

    protected static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
}
