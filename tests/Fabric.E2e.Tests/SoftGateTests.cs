using System.Globalization;
using System.Text.RegularExpressions;
using Fabric.E2e.Tests.Harness;

namespace Fabric.E2e.Tests;

/// <summary>
/// From the API to packets of VMs through SoftGates, to a host behind an upstream router: controller, agents, data path and FRR are all the real ones.
/// </summary>
[Trait("Category", "lab")]
public sealed partial class SoftGateTests(SoftGateFabric fabric) : IClassFixture<SoftGateFabric>, IAsyncLifetime
{
    private const string Internet = "203.0.113.10";
    private const string Elastic = "198.51.100.10";
    private const string Shared = "198.51.100.1";
    private const string Balanced = "198.51.100.65";
    private const int Sessions = 3000;

    private static readonly string s_traffic = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Fabric.E2e.Tests", "Traffic", "sessions.py"));
    private static readonly string s_web = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Fabric.E2e.Tests", "Traffic", "web.py"));

    private Lab Lab => fabric.Lab;

    private static ITestOutputHelper Output => TestContext.Current.TestOutputHelper!;

    public async ValueTask InitializeAsync() => await fabric.ReadyAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Two_VPCs_with_the_same_addresses_reach_the_outside_and_are_reached_as_their_rules_say()
    {
        await using var inside1 = await WebAsync("web1", 80, 22);
        await using var inside2 = await WebAsync("web2", 80, 22);
        await using var database = await WebAsync("db1", 5432, 5433);
        await using var outside = await WebAsync("internet1", 80);

        // Source NAT: the outside sees the VPC's public address, of two VMs with one address two.
        Assert.Equal("internet1 " + Elastic, await GetsAsync("web1", Internet));
        Assert.Equal("internet1 " + Shared, await GetsAsync("web2", Internet));
        Assert.Equal("internet1 198.51.100.2", await GetsAsync("work1", Internet));

        // The elastic address and a forwarded port lead in, and the client's address is seen inside.
        Assert.Equal("web1 " + Internet, await GetsAsync("internet1", Elastic));
        Assert.Equal("web2 " + Internet, await GetsAsync("internet1", Shared + ":2222"));
        await Lab.PingsAsync("internet1", Elastic);

        // The balancer uses both back ends.
        var answers = new HashSet<string>();
        for (var i = 0; i < 40 && answers.Count < 2; i++)
        {
            answers.Add(await GetsAsync("internet1", Balanced));
        }

        Assert.Equal(["web1 " + Internet, "web2 " + Internet], answers.Order(StringComparer.Ordinal));

        // From tier to tier one port is open, and into it from outside none but those of the list.
        Assert.Equal("db1 10.0.1.11", await GetsAsync("web1", "10.0.2.11:5432"));
        await NeverGetsAsync("web1", "10.0.2.11:5433");
        await NeverGetsAsync("internet1", Elastic + ":8080");

        // The other VPC has nobody at these addresses, and reaches the public ones as anybody does, whichever SoftGate is whose.
        await NeverGetsAsync("work1", "10.0.2.11:5432");
        Assert.Equal("web1 198.51.100.2", await GetsAsync("work1", Elastic));
        Assert.Equal("web2 198.51.100.2", await GetsAsync("work1", Shared + ":2222"));
        Assert.StartsWith("web", await GetsAsync("db1", Balanced), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_killed_and_comes_back_loses_no_packet()
    {
        var owner = await fabric.OwnerAsync(Shared);
        await Lab.PingsAsync("web2", Internet);
        await using var pings = Lab.Start("web2", "ping", "-n", "-i", "0.02", Internet);
        await fabric.KillAgentAsync(owner);
        await Eventually.True("the agent is gone", async () => !(await fabric.StatusAsync(owner)).Ok);
        await fabric.StartAgentAsync(owner);
        await fabric.WellAsync();
        var said = await pings.StopAsync();
        Output.WriteLine(said.Split('\n').First(l => l.Contains("packet loss", StringComparison.Ordinal)));
        Assert.Contains(" 0% packet loss", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_SoftGate_without_power_takes_no_session_with_it()
    {
        var owner = await fabric.OwnerAsync(Shared);
        await using var server = Lab.Start("internet1", "python3", "-c", s_traffic, "serve", "7000");
        await Eventually.True("the server is there", () => Task.FromResult(server.Output.Contains("ready", StringComparison.Ordinal)));

        // Of the VM with an elastic IP: a VM behind a shared address has no more ports than its share.
        await using var sessions = Lab.Start("web1", "python3", "-c", s_traffic, "hold", Internet, "7000", Sessions.ToString(CultureInfo.InvariantCulture));
        await Eventually.Get("the sessions are open", () => Task.FromResult(sessions.Output), o => o.Contains($"open {Sessions}", StringComparison.Ordinal), 60, o => o);
        Assert.Equal(Sessions, await AliveAsync(sessions, 1));

        const double Interval = 0.01;
        await using var pings = Lab.Start("web2", "ping", "-n", "-D", "-i", Interval.ToString(CultureInfo.InvariantCulture), Internet);
        await Eventually.True("pings are answered", () => Task.FromResult(pings.Output.Contains("icmp_seq=50 ", StringComparison.Ordinal)));
        await Lab.DoAsync("device", "stop", owner);
        var alive = await AliveAsync(sessions, 2);
        var outage = LongestSilence(await pings.StopAsync());
        Output.WriteLine($"{owner} lost its power: {alive} of {Sessions} sessions live, {outage.TotalMilliseconds:0} ms without an answer");

        // It comes back with what it has on its disk; its VPCs return to it.
        await Lab.DoAsync("device", "start", owner);
        await fabric.StartAgentAsync(owner);
        await fabric.WellAsync();
        await Eventually.Get("its public addresses are its own again", () => fabric.OwnerAsync(Shared), o => o == owner, 60);
        Assert.Equal(alive, await AliveAsync(sessions, 3));

        Assert.True(alive >= Sessions * 0.999, $"{alive} of {Sessions} sessions live");
        Assert.True(outage < TimeSpan.FromSeconds(1), $"{outage.TotalMilliseconds:0} ms without an answer");
    }

    /// <summary>Servers that say who they are and whom they see.</summary>
    private async Task<Background> WebAsync(string node, params int[] ports)
    {
        var server = Lab.Start(node, ["python3", "-c", s_web, node, .. ports.Select(p => p.ToString(CultureInfo.InvariantCulture))]);
        await Eventually.True($"{node} serves", () => Task.FromResult(server.Output.Contains("ready", StringComparison.Ordinal)));
        return server;
    }

    private async Task<string> GetsAsync(string from, string where) =>
        (await Eventually.Get($"{from} gets http://{where}/", () => CurlAsync(from, where), r => r.Ok, 20, r => r.Error)).Output.Trim();

    private async Task NeverGetsAsync(string from, string where) => Assert.False((await CurlAsync(from, where)).Ok, $"{from} must not reach {where}");

    private Task<CommandResult> CurlAsync(string from, string where) => Lab.TryAsync(from, "curl", "-sS", "-m", "2", $"http://{where}/");

    private static async Task<int> AliveAsync(Background sessions, int times)
    {
        await sessions.WriteLineAsync($"ask {times}");
        await Eventually.True("the sessions have been asked", () => Task.FromResult(Alive().Count() >= times), 30);
        return int.Parse(Alive().ElementAt(times - 1).Groups["count"].Value, CultureInfo.InvariantCulture);

        IEnumerable<Match> Alive() => AliveLine().Matches(sessions.Output);
    }

    /// <summary>The longest time between two answers of <c>ping -D</c>.</summary>
    private static TimeSpan LongestSilence(string pings)
    {
        var times = AnswerTime().Matches(pings).Select(m => double.Parse(m.Groups["time"].Value, CultureInfo.InvariantCulture)).ToList();
        Assert.True(times.Count > 50, pings);
        return TimeSpan.FromSeconds(times.Zip(times.Skip(1), (a, b) => b - a).Max());
    }

    [GeneratedRegex(@"alive (?<count>\d+) of", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex AliveLine();

    [GeneratedRegex(@"^\[(?<time>\d+\.\d+)\] \d+ bytes from", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex AnswerTime();
}
