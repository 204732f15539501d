using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Storage.Access;
using Fabric.Storage.Routes;

namespace Fabric.Storage.Tests;

/// <summary>Injected routes are kept, all of a bulk or none, and go with their site.</summary>
public sealed class InjectedRouteStoreTests
{
    private const string Family = "l2vpn-evpn";

    [Fact]
    public async Task Bulks_are_kept_over_a_restart_with_author_and_audit_and_the_last_change_of_a_route_counts()
    {
        await using var fixture = new StoreFixture();
        var site = await SiteAsync(fixture, "north");
        Assert.Equal(RouteWriteOutcome.Written, (await WriteAsync(fixture, site, Set("a"), Set("b"), Gone("b"), Set("c", "{1}"), Set("c", "{2}"), Gone("never"))).Outcome);
        await fixture.ReopenAsync();
        var routes = await fixture.Store.InjectedRoutes.ListAsync(site, CancellationToken.None);
        Assert.Equal([("a", "{}", "tester"), ("c", "{2}", "tester")], routes.Select(static r => (r.Name, r.Change, r.Author)));
        Assert.All(routes, r => Assert.InRange(fixture.Clock.GetUtcNow() - r.Time, TimeSpan.Zero, TimeSpan.FromMinutes(1)));
        var entry = (await fixture.Store.Audit.ListAsync(null, 1, CancellationToken.None))[0];
        Assert.Equal(("bgp.inject", "tester", null, AuditLog.Done), (entry.Action, entry.Origin.Author, entry.Revision, entry.Outcome));
        Assert.Equal(
            $"Site 'north': announce {Family} a, announce {Family} b, withdraw {Family} b, announce {Family} c, announce {Family} c and 1 more", entry.Target);
    }

    [Fact]
    public async Task More_than_a_site_may_have_is_refused_as_a_whole_and_the_same_number_in_exchange_is_not()
    {
        await using var fixture = new StoreFixture();
        var site = await SiteAsync(fixture, "north");
        await WriteAsync(fixture, site, Set("a"), Set("b"), Set("c"));
        Assert.Equal(new RouteWriteResult(RouteWriteOutcome.TooMany, null), await WriteAsync(fixture, site, Gone("a"), Set("d"), Set("e")));
        Assert.Equal(["a", "b", "c"], await NamesAsync(fixture, site));
        Assert.Equal(RouteWriteOutcome.Written, (await WriteAsync(fixture, site, Set("d"), Gone("a"), Set("c"))).Outcome);
        Assert.Equal(["b", "c", "d"], await NamesAsync(fixture, site));
    }

    [Fact]
    public async Task A_request_with_a_key_is_carried_out_once_and_another_one_with_the_same_key_is_refused()
    {
        await using var fixture = new StoreFixture();
        var site = await SiteAsync(fixture, "north");
        var write = Of(site, Set("a")) with { Idempotency = new IdempotencyKey("token", "k", [1]) };
        Assert.Equal(new RouteWriteResult(RouteWriteOutcome.Written, write.Response), await fixture.Store.InjectedRoutes.WriteAsync(write, CancellationToken.None));
        await WriteAsync(fixture, site, Gone("a"));
        var again = await fixture.Store.InjectedRoutes.WriteAsync(write with { Response = new StoredResponse(200, "{}", "another") }, CancellationToken.None);
        Assert.Equal(new RouteWriteResult(RouteWriteOutcome.Repeated, write.Response), again);
        Assert.Equal(
            RouteWriteOutcome.KeyReused,
            (await fixture.Store.InjectedRoutes.WriteAsync(write with { Idempotency = new IdempotencyKey("token", "k", [2]) }, CancellationToken.None)).Outcome);
        Assert.Empty(await NamesAsync(fixture, site));
    }

    [Fact]
    public async Task They_go_with_their_site_and_no_other_and_none_can_be_written_for_a_site_that_is_gone()
    {
        await using var fixture = new StoreFixture();
        var (north, south) = (await SiteAsync(fixture, "north"), await SiteAsync(fixture, "south"));
        await WriteAsync(fixture, north, Set("a"));
        await WriteAsync(fixture, south, Set("a"));
        Assert.True((await fixture.CommitAsync(StoreFixture.Delete(ResourceKind.Site, "north"))).Evaluation!.Accepted);
        Assert.Empty(await NamesAsync(fixture, north));
        Assert.Equal(["a"], await NamesAsync(fixture, south));
        Assert.Equal(RouteWriteOutcome.NoSite, (await WriteAsync(fixture, north, Set("a"))).Outcome);
    }

    private static InjectedRouteChange Set(string name, string change = "{}") => new(Family, name, change);

    private static InjectedRouteChange Gone(string name) => new(Family, name, null);

    private static RouteWrite Of(int site, params InjectedRouteChange[] changes) => new()
    {
        SiteUid = site,
        Site = "north",
        Changes = changes,
        Limit = 3,
        Origin = StoreFixture.Origin,
        Response = new StoredResponse(200, "{}", "done"),
    };

    private static Task<RouteWriteResult> WriteAsync(StoreFixture fixture, int site, params InjectedRouteChange[] changes) =>
        fixture.Store.InjectedRoutes.WriteAsync(Of(site, changes), CancellationToken.None);

    private static async Task<IEnumerable<string>> NamesAsync(StoreFixture fixture, int site) =>
        (await fixture.Store.InjectedRoutes.ListAsync(site, CancellationToken.None)).Select(static r => r.Name);

    private static async Task<int> SiteAsync(StoreFixture fixture, string name)
    {
        Assert.True((await fixture.CommitAsync(new Change(ChangeOperation.Create, new(ResourceKind.Site, name), new SiteSpec()))).Evaluation!.Accepted);
        return fixture.Store.Intent.Current.Find(ResourceKind.Site, name)!.Uid;
    }
}
