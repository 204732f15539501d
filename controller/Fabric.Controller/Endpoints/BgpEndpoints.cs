using Fabric.Bgp;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Speaker;
using Fabric.Controller.Contracts;
using Fabric.Controller.Glass;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.RouteReflector;
using Fabric.Controller.Security;
using Fabric.Primitives;

namespace Fabric.Controller.Endpoints;

/// <summary>The looking glass: what BGP speakers know, why, and what they announce themselves. The controller and route reflectors have the same.</summary>
public static partial class BgpEndpoints
{
    private const string SiteHelp = "the site whose speaker is meant; needed only where there are several";
    private const int MostEvents = EventHistory.UsualCapacity;

    /// <summary>Maps the endpoints.</summary>
    public static void MapBgp(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("bgp").WithTags("Bgp");
        group.MapGet("neighbors", Neighbors).WithName("listBgpNeighbors").WithSummary("Lists BGP neighbors with their sessions.")
            .WithQuery("site", "only of this site").Produces<BgpNeighborList>().WithProblems(400);
        group.MapGet("neighbors/{address}", Neighbor).WithName("getBgpNeighbor").WithSummary("Reads one BGP neighbor.")
            .WithQuery("site", SiteHelp).Produces<BgpNeighborDocument>().WithProblems(400, 404);
        group.MapPost("neighbors/{address}/refresh", Refresh).WithName("refreshBgpNeighbor")
            .WithSummary("Asks a neighbor to send its routes again (RFC 2918), without touching the session. Changed import policies do not need it.")
            .WithQuery("site", SiteHelp).WithQuery("family", "only of this family; all of the session if absent")
            .RequireRole(Role.Operator).Produces<BgpRefreshResponse>().WithProblems(400, 404, 409);
        WithRouteFilter(group.MapGet("routes", RoutesAsync).WithName("listBgpRoutes").WithSummary("Lists BGP routes: the best ones, those of a peer, or those that a peer is sent.")
            .WithQuery("rib", "loc: best paths; in: what the peer has sent; out: what the peer is sent; loc if absent")
            .WithQuery("peer", "address of the peer that in and out are about"))
            .WithQuery("rt", "only with this route target").WithQuery("vni", "only with this VNI in a label")
            .WithQuery("nextHop", "only through this next hop").WithQuery("from", "only from this peer")
            .WithQuery("limit", "most items of a page, 1..1000; 1000 if absent; the paths of one route stay together")
            .WithQuery("cursor", "where the page begins: next of the page before")
            .Produces<BgpRouteList>().WithProblems(400, 404);
        group.MapGet("route", ExplainAsync).WithName("explainBgpRoute").WithSummary("Tells of one route who offers it, which path is the best and why, and which peer is sent it.")
            .WithQuery("site", SiteHelp).WithQuery("family", "its family; l2vpn-evpn if absent").WithQuery("name", "its name, as lists give it")
            .Produces<BgpRouteExplanation>().WithProblems(400, 404);
        group.MapGet("events", Events).WithName("listBgpEvents").WithSummary("Lists what happened to BGP neighbors, of the last 10000 events.")
            .WithQuery("site", SiteHelp).WithQuery("since", "only events behind this number; absent: the newest")
            .WithQuery("peer", "only of this neighbor").WithQuery("limit", "most items, 1..1000; 200 if absent")
            .Produces<BgpEventList>().WithProblems(400, 404);
        WithRouteFilter(group.MapGet("watch", WatchAsync).WithName("watchBgp")
            .WithSummary("Streams events: neighbor, neighbor-removed; route (a change of a best path), resync (changes were missed, begin anew); event (id is its number).")
            .WithQuery("what", "neighbors, routes or events; routes can be narrowed by family, type, rd, mac, ip and prefix")
            .WithQuery("initial", "true: first send all routes that are there")
            .WithQuery("since", "first send the events behind this number; the header Last-Event-ID goes before it"))
            .WithQuery("peer", "only this neighbor, of neighbors and events")
            .Produces<string>(200, "text/event-stream").WithProblems(400, 404);
        group.MapGet("findings", Findings).WithName("listBgpFindings")
            .WithSummary("Lists what contradicts itself in the EVPN routes now, the oldest first; the same is told by events of kind finding.")
            .WithQuery("site", SiteHelp).Produces<BgpFindingList>().WithProblems(400, 404);
        group.MapGet("injected", InjectedAsync).WithName("listInjectedBgpRoutes").WithSummary("Lists the routes that were injected here.")
            .WithQuery("site", SiteHelp).WithQuery("limit", "most items of a page, 1..1000; 1000 if absent").WithQuery("cursor", "where the page begins: next of the page before")
            .Produces<BgpRouteList>().WithProblems(400, 404);
        group.MapPost("injected", InjectAsync).WithName("injectBgpRoutes")
            .WithSummary("Announces and withdraws routes of the speaker's own, all together or none. A controller keeps them and honours Idempotency-Key; those of a route reflector end with it.")
            .WithQuery("site", SiteHelp).RequireRole(Role.Operator).Accepts<BgpInjectionRequest>(ApiJson.MediaType).Produces<BgpInjectionResponse>()
            .WithProblems(400, 404, 413, 415, 422, 503, 507);
    }

    private static RouteHandlerBuilder WithRouteFilter(RouteHandlerBuilder builder) => builder
        .WithQuery("site", SiteHelp).WithQuery("family", "only of this family: l2vpn-evpn, ipv4-unicast, ipv6-unicast or route-target-membership")
        .WithQuery("type", "only of this EVPN route type").WithQuery("rd", "only with this route distinguisher").WithQuery("mac", "only with this MAC")
        .WithQuery("ip", "only with this address or originator, or with a prefix that holds it").WithQuery("prefix", "only this prefix and those inside it");

    private static IResult Neighbors(HttpContext context, IBgpSpeakers speakers)
    {
        var chosen = Query.Text(context.Request, "site") is null ? speakers.All : [Chosen(context.Request, speakers)];
        return ApiJson.Result(new BgpNeighborList([.. chosen.SelectMany(s => s.Speaker.Peers.Select(p => GlassDocuments.Of(s.Site, p)))]));
    }

    private static IResult Neighbor(HttpContext context, IBgpSpeakers speakers, string address)
    {
        var chosen = Chosen(context.Request, speakers);
        return IpAddr.TryParse(address, out var wanted) && chosen.Speaker.Peers.FirstOrDefault(p => p.Config.Address == wanted) is { } peer
            ? ApiJson.Result(GlassDocuments.Of(chosen.Site, peer))
            : throw NoNeighbor(address);
    }

    private static IResult Refresh(HttpContext context, IBgpSpeakers speakers, ILoggerFactory logs, string address)
    {
        var chosen = Chosen(context.Request, speakers);
        var family = Family(context.Request);
        var answer = chosen.Speaker.RequestRefresh(IpAddr.TryParse(address, out var wanted) ? wanted : throw NoNeighbor(address), family);
        switch (answer.Outcome)
        {
            case RefreshOutcome.NoPeer:
                throw NoNeighbor(address);
            case RefreshOutcome.NoSession:
                throw new ProblemException(Problems.NoRefresh($"there is no session with {address}; it sends everything when there is one"));
            case RefreshOutcome.NotOffered:
                throw new ProblemException(Problems.NoRefresh($"{address} does not offer route refresh (RFC 2918); only a new session makes it send everything"));
            case RefreshOutcome.NotNegotiated:
                throw new ProblemException(Problems.NoRefresh($"{family} is not part of the session with {address}"));
            default:
                Log.Refresh(logs.CreateLogger(typeof(BgpEndpoints)), context.Features.Get<Caller>()?.Name ?? "local", wanted.ToString(), chosen.Site ?? "");
                return ApiJson.Result(new BgpRefreshResponse([.. answer.Families.Select(static f => f.ToString())]));
        }
    }

    private static async Task<IResult> RoutesAsync(HttpContext context, IBgpSpeakers speakers)
    {
        var request = context.Request;
        var speaker = Chosen(request, speakers).Speaker;
        var rib = Query.Text(request, "rib") switch
        {
            null or "loc" => GlassRib.Loc,
            "in" => GlassRib.In,
            "out" => GlassRib.Out,
            _ => throw new ProblemException(Problems.BadQuery("rib", "rib must be loc, in or out")),
        };
        var peer = Query.Value<IpAddr>(request, "peer");
        if (rib == GlassRib.Loc != peer is null)
        {
            throw new ProblemException(Problems.BadQuery("peer", rib == GlassRib.Loc
                ? "a peer goes with rib=in or rib=out; from narrows rib=loc to the routes from a peer" : "say whose: give the address of a peer"));
        }

        if (peer is { } wanted && speaker.Peers.All(p => p.Config.Address != wanted))
        {
            throw NoNeighbor(wanted.ToString());
        }

        var filter = Filter(request) with
        {
            RouteTarget = Query.Value<RouteTarget>(request, "rt"),
            Vni = Query.Number(request, "vni", 1, Vni.MaxValue) is { } vni ? new Vni(vni) : null,
            NextHop = Query.Value<IpAddr>(request, "nextHop"),
            From = Query.Value<IpAddr>(request, "from"),
        };
        return ApiJson.Result(await ListAsync(context, speaker, new RouteQuery { Rib = rib, Peer = peer, Filter = filter }));
    }

    private static async Task<IResult> InjectedAsync(HttpContext context, IBgpSpeakers speakers, IRouteInjector injector)
    {
        var chosen = Chosen(context.Request, speakers);
        var kept = (await injector.KeptAsync(chosen, context.RequestAborted)).ToDictionary(static r => (r.Family, r.Name));
        var page = await ListAsync(context, chosen.Speaker, new RouteQuery { Rib = GlassRib.Injected });
        return ApiJson.Result(page with
        {
            Items = [.. page.Items.Select(i => kept.GetValueOrDefault((i.Family, i.Name)) is { } by ? i with { InjectedBy = by.Author, InjectedAt = by.Time } : i)],
        });
    }

    private static async Task<BgpRouteList> ListAsync(HttpContext context, BgpSpeaker speaker, RouteQuery query)
    {
        var cursor = Query.Cursor(context.Request);
        if (cursor is not null && !BgpSpeaker.IsCursor(cursor))
        {
            throw new ProblemException(Problems.BadQuery("cursor", "the cursor is not one that this API gave; start again without it"));
        }

        var page = await speaker.ListRoutesAsync(query with { Limit = Query.Limit(context.Request, 1000), Cursor = cursor }, context.RequestAborted);
        return new BgpRouteList
        {
            Items = [.. page.Routes.Select(GlassDocuments.Of)],
            Next = page.Next is { } next ? Query.ToCursor(next) : null,
            Complete = query.Rib == GlassRib.Out ? page.IsComplete : null,
        };
    }

    private static async Task<IResult> ExplainAsync(HttpContext context, IBgpSpeakers speakers)
    {
        var speaker = Chosen(context.Request, speakers).Speaker;
        var family = Family(context.Request) ?? AddressFamily.L2VpnEvpn;
        var name = Query.Text(context.Request, "name") ?? throw new ProblemException(Problems.BadQuery("name", "say which route: give its name, as lists show it"));
        if (!RouteName.TryParse(family, name, out _, out var error))
        {
            throw new ProblemException(Problems.BadQuery("name", error));
        }

        return await speaker.ExplainAsync(family, name) is { } route
            ? ApiJson.Result(GlassDocuments.Of(route))
            : throw new ProblemException(Problems.NotFound("nobody announces this route"));
    }

    private static IResult Events(HttpContext context, IBgpSpeakers speakers)
    {
        var history = Chosen(context.Request, speakers).Speaker.Events;
        var limit = Query.Limit(context.Request);
        var peer = Query.Value<IpAddr>(context.Request, "peer");
        var since = Query.Number(context.Request, "since", 0, long.MaxValue);
        var events = history.Read(since ?? 0, MostEvents).Where(e => peer is null || e.Event.Peer == peer);
        return ApiJson.Result(new BgpEventList([.. (since is null ? events.TakeLast(limit) : events.Take(limit)).Select(GlassDocuments.Of)], history.Last));
    }

    private static IResult Findings(HttpContext context, IBgpSpeakers speakers)
    {
        var findings = Chosen(context.Request, speakers).Speaker.Findings;
        return ApiJson.Result(new BgpFindingList(findings is not null, [.. (findings ?? []).Select(GlassDocuments.Of)]));
    }

    private static async Task<IResult> InjectAsync(HttpContext context, IBgpSpeakers speakers, IRouteInjector injector, ILoggerFactory logs)
    {
        var chosen = Chosen(context.Request, speakers);
        using var body = await RequestBody.ReadAsync(context);
        var order = InjectionReader.Read(body, RequestReason.Of(context.Request));
        var result = await injector.InjectAsync(context, chosen, order);
        if (!result.IsRepetition)
        {
            Log.Injected(logs.CreateLogger(typeof(BgpEndpoints)), context.Features.Get<Caller>()?.Name ?? "local", order.Changes.Length, chosen.Site ?? "");
        }

        return new StoredResult(result.Response);
    }

    private static NamedSpeaker Chosen(HttpRequest request, IBgpSpeakers speakers)
    {
        var all = speakers.All;
        if (Query.Text(request, "site") is { } site)
        {
            return all.FirstOrDefault(s => s.Site == site) ?? throw new ProblemException(Problems.NotFound("there is no BGP speaker for this site"));
        }

        return all switch
        {
            [var only] => only,
            [] => throw new ProblemException(Problems.NotFound("there is no BGP speaker: no site has a controller address that this machine has")),
            _ => throw new ProblemException(Problems.BadQuery("site", $"say which site: {string.Join(", ", all.Select(static s => s.Site))}")),
        };
    }

    private static RouteFilter Filter(HttpRequest request) => new()
    {
        Family = Family(request),
        Type = (byte?)Query.Number(request, "type", 1, 255),
        Rd = Query.Value<RouteDistinguisher>(request, "rd"),
        Mac = Query.Value<MacAddress>(request, "mac"),
        Ip = Query.Value<IpAddr>(request, "ip"),
        Prefix = Query.Value<IpPrefix>(request, "prefix"),
    };

    private static AddressFamily? Family(HttpRequest request) => Query.Text(request, "family") is not { } text ? null
        : FamilyName.TryParse(text, out var family, out var error) ? family
        : throw new ProblemException(Problems.BadQuery("family", error!));

    private static ProblemException NoNeighbor(string address) => new(Problems.NotFound($"there is no neighbor {(address.Length > 64 ? address[..64] : address)}"));

    private static partial class Log
    {
        [LoggerMessage(EventId = 1111, Level = LogLevel.Information, Message = "{Caller} has injected {Count} changes of BGP routes {Site}")]
        public static partial void Injected(ILogger logger, string caller, int count, string site);

        [LoggerMessage(EventId = 1112, Level = LogLevel.Information, Message = "{Caller} has asked {Peer} for its BGP routes again {Site}")]
        public static partial void Refresh(ILogger logger, string caller, string peer, string site);
    }
}
