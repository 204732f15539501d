using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Store;
using Fabric.CloudStackBridge.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>When rules come into force: once a burst of writes is quiet, at the latest after ten seconds, over restarts, and never half of them.</summary>
public sealed class BurstTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly ManualTime _time = new();
    private readonly BridgeHost _host;
    private readonly CloudStack _cloud;

    public BurstTests()
    {
        _host = new BridgeHost { Time = _time, Quiet = 2 * Second, Latest = 10 * Second, FirstRule = 60 * Second };
        _cloud = new CloudStack(_host);
    }

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        await _cloud.AddPublicRangeAsync();
        await _cloud.CreateVpcAsync(25, "vpc1", "10.0.0.0/16");
        await _cloud.CreateTierAsync(25, "vpc1", 210, "web", 1_000_001, "10.0.1.0/24", "10.0.1.1/24");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_new_tier_forwards_nothing_until_its_first_rules_are_in_force()
    {
        Assert.True(await AwaitsAsync());
        await RuleAsync(1);
        Assert.Single(await _host.RowsAsync("/api/acl"));
        await AdvanceAsync(1.9 * Second);
        await StandsAsync();
        Assert.True(await AwaitsAsync());
        await InForceAfterAsync(0.2 * Second);
        Assert.False(await AwaitsAsync());
        Assert.Equal(["D1-A2-Z1-V25-N210-ACL1"], await InForceAsync());
    }

    [Fact]
    public async Task A_new_tier_without_rules_counts_as_having_none_after_a_minute()
    {
        await AdvanceAsync(59 * Second);
        await StandsAsync();
        Assert.True(await AwaitsAsync());
        await AdvanceAsync(2 * Second);
        await BridgeHost.UntilAsync(async () => !await AwaitsAsync());
        Assert.Empty(await InForceAsync());
    }

    [Fact]
    public async Task A_new_tier_waits_over_a_restart_too()
    {
        await _host.RestartAsync();
        await _host.GetAsync("/api/v2/vpc");
        Assert.True(await AwaitsAsync());
        await AdvanceAsync(61 * Second);
        await BridgeHost.UntilAsync(async () => !await AwaitsAsync());
    }

    [Fact]
    public async Task Removing_all_rules_and_adding_them_anew_shows_nothing_in_between()
    {
        await RuleAsync(1);
        await RuleAsync(2);
        await InForceAfterAsync(2.1 * Second);
        var before = await InForceAsync();
        Assert.Equal(2, before.Count);
        var revision = await RevisionAsync();
        await _cloud.DeleteAclsAsync(25, "vpc1", 210, 1, 2);
        Assert.Empty(await _host.RowsAsync("/api/acl"));
        await AdvanceAsync(1.9 * Second);
        await StandsAsync();
        Assert.Equal(before, await InForceAsync());
        await RuleAsync(1);
        await AdvanceAsync(1.9 * Second);
        await StandsAsync();
        await RuleAsync(2);
        await RuleAsync(3);
        await InForceAfterAsync(2.1 * Second);
        Assert.Equal([.. before, "D1-A2-Z1-V25-N210-ACL3"], await InForceAsync());

        // One change set: there was no state in between at all.
        Assert.Equal(revision + 1, await RevisionAsync());
    }

    [Fact]
    public async Task A_burst_that_does_not_end_is_put_in_force_after_ten_seconds()
    {
        for (var i = 1; i <= 6; i++)
        {
            await RuleAsync(i);
            await AdvanceAsync(1.6 * Second);
            await StandsAsync();
            Assert.True(await AwaitsAsync());
        }

        await RuleAsync(7);
        await InForceAfterAsync(0.5 * Second);
        Assert.Equal(7, (await InForceAsync()).Count);
    }

    [Fact]
    public async Task A_restart_in_the_middle_of_a_burst_loses_nothing_and_hurries_nothing()
    {
        await RuleAsync(1);
        await InForceAfterAsync(2.1 * Second);
        await _cloud.DeleteAclsAsync(25, "vpc1", 210, 1);
        await _host.RestartAsync();
        Assert.Empty(await _host.RowsAsync("/api/acl"));
        await StandsAsync();
        Assert.Single(await InForceAsync());
        await RuleAsync(2);
        await AdvanceAsync(1.9 * Second);
        await StandsAsync();
        Assert.Equal(["D1-A2-Z1-V25-N210-ACL1"], await InForceAsync());
        await _host.RestartAsync();
        await InForceAfterAsync(0.2 * Second);
        Assert.Equal(["D1-A2-Z1-V25-N210-ACL2"], await InForceAsync());
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 0, 2)]
    public async Task Permits_for_a_balancer_hold_before_its_deny_whatever_comes_first(params int[] order)
    {
        await _cloud.BalanceAsync(25, "vpc1", 31, "web", "198.51.100.7", 80, [("10.0.1.10", 8080)]);
        foreach (var i in order)
        {
            await _host.CreateAsync("/api/acl", new
            {
                name = $"D1-A2-Z1-V25-LBACL{i}-web",
                action = i == 0 ? "deny" : "permit",
                proto = "tcp",
                src_prefix = i == 0 ? "0.0.0.0/0" : $"192.0.2.{i}/32",
                dst_prefix = "198.51.100.7/32",
                dst_port_from = 80,
                dst_port_to = 80,
                vpc = new { id = _host.SystemVpc },
            });
        }

        // The tier waits for its own first rule in the meantime; only the balancer's are due.
        await AdvanceAsync(2.1 * Second);
        await BridgeHost.UntilAsync(async () => (await SourcesAsync()).Count == 2);
        Assert.Equal(["192.0.2.1/32", "192.0.2.2/32"], (await SourcesAsync()).Order(StringComparer.Ordinal));

        // The deny alone lets nobody in; no rule at all lets everybody in.
        var rows = await _host.RowsAsync("/api/acl");
        await _host.OkAsync("DELETE", "/api/acl", new { id = rows.Where(r => (string)r["action"]! == "permit").Select(r => (int)r["id"]!) });
        await AdvanceAsync(2.1 * Second);
        await BridgeHost.UntilAsync(async () => (await SourcesAsync()) is ["0.0.0.0/32"]);
        await _host.OkAsync("DELETE", "/api/acl", new { id = rows.Where(r => (string)r["action"]! == "deny").Select(r => (int)r["id"]!) });
        await AdvanceAsync(2.1 * Second);
        await BridgeHost.UntilAsync(async () => (await SourcesAsync()).Count == 0);
    }

    private Task RuleAsync(int rule) => _cloud.AclAsync(25, "vpc1", 210, rule, "permit", "tcp", "0.0.0.0/0", "10.0.1.0/24", 20 + rule, 20 + rule);

    /// <summary>Lets time pass; waits until nothing but waiting tiers is pending.</summary>
    private async Task InForceAfterAsync(TimeSpan time)
    {
        await AdvanceAsync(time);
        await _host.SettledAsync();
    }

    /// <summary>Lets time pass once the enforcer sleeps; while it looks, it would sleep for too long.</summary>
    private async Task AdvanceAsync(TimeSpan time)
    {
        await StandsAsync();
        _time.Advance(time);
    }

    /// <summary>Waits until the enforcer has looked and sleeps until what is due next.</summary>
    private Task StandsAsync() => BridgeHost.UntilAsync(() =>
    {
        var pending = _host.Bridge.Services.GetRequiredService<RuleStore>().Pending();
        var next = pending.IsEmpty ? default(TimeSpan?) : DateTimeOffset.FromUnixTimeMilliseconds(pending[0].Due) - _time.GetUtcNow();
        return Task.FromResult(next is null || (next > TimeSpan.Zero && _time.HasTimerWithin(next.Value)));
    });

    private async Task<bool> AwaitsAsync() => (await _host.IntentAsync("vnets"))[0]["spec"]!["awaitRules"]!.GetValue<bool>();

    private async Task<List<string>> InForceAsync()
    {
        var name = (string?)(await _host.IntentAsync("vnets"))[0]["spec"]!["ingressAccessList"];
        var list = (await _host.IntentAsync("acl-lists")).Find(l => (string)l["name"]! == name);
        return [.. (list?["spec"]!["rules"] as JsonArray ?? []).Select(r => (string)r!["comment"]!)];
    }

    private async Task<List<string>> SourcesAsync() => [.. ((await _host.IntentAsync("load-balancers"))[0]["spec"]!["sources"] as JsonArray ?? []).Select(s => (string)s!)];

    private async Task<long> RevisionAsync() => (await _host.Controller.Admin.GetAsync("/api/v1/revisions?limit=1")).Expect(200)["items"].AsArray()[0]!["revision"]!.GetValue<long>();
}
