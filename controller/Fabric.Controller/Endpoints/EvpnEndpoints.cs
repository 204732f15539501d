using System.Collections.Immutable;
using System.Globalization;
using Fabric.Bgp.Rib;
using Fabric.Controller.Contracts;
using Fabric.Controller.Evpn;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>Who is where: what the spines tell over EVPN.</summary>
public static class EvpnEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapEvpn(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("evpn").WithTags("Evpn");
        group.MapGet("routes", Routes).WithName("listEvpnRoutes").WithSummary("Lists the EVPN routes that the spines tell the controller.")
            .WithQuery("site", "only of this site").WithQuery("vpc", "only of this VPC").WithQuery("vnet", "only of this V-Net")
            .WithQuery("vni", "only with this VNI or L3VNI").WithQuery("mac", "only with this MAC")
            .WithQuery("ip", "only with this address, or with a prefix that holds it").WithQuery("vtep", "only through this VTEP")
            .WithQuery("type", "only of this route type, 1..11")
            .WithQuery("limit", "most items of a page, 1..1000; 1000 if absent").WithQuery("cursor", "where the page begins: next of the page before")
            .Produces<EvpnRouteList>().WithProblems(400);
        group.MapGet("sessions", Sessions).WithName("listEvpnSessions").WithSummary("Lists the controller's BGP sessions to the spines.")
            .Produces<BgpSessionList>();
    }

    private static IResult Routes(HttpContext context, FabricStore store, SiteSpeakers speakers)
    {
        var snapshot = store.Intent.Current;
        var request = context.Request;
        var filter = new EvpnRouteFilter
        {
            Type = (byte?)Query.Number(request, "type", 1, 11),
            Mac = Query.Value<MacAddress>(request, "mac"),
            Ip = Query.Value<IpAddr>(request, "ip"),
            Vtep = Query.Value<IpAddr>(request, "vtep"),
        };
        var vni = Query.Number(request, "vni", 1, Vni.MaxValue);
        var vpc = Named(request, snapshot, "vpc", ResourceKind.Vpc);
        var vnet = Named(request, snapshot, "vnet", ResourceKind.VNet);
        var only = Named(request, snapshot, "site", ResourceKind.Site);
        var found = new List<(Resource Site, EvpnRouteView Route)>();
        foreach (var site in only is null ? snapshot.All(ResourceKind.Site) : [only])
        {
            var vnis = Narrow(snapshot, site, vni, vpc, vnet);
            found.AddRange(speakers.Routes(site, filter with { Vnis = vnis }).Select(r => (site, r)));
        }

        var limit = Query.Limit(request, 1000);
        var start = Start(Query.Cursor(request), found);
        var page = found.Skip(start).Take(limit).ToList();
        return ApiJson.Result(new EvpnRouteList
        {
            Items = [.. page.Select(r => Of(snapshot, r.Site, r.Route))],
            Next = start + page.Count < found.Count
                ? Query.ToCursor(string.Create(CultureInfo.InvariantCulture, $"{start + page.Count}|{Identity(page[^1])}"))
                : null,
        });
    }

    private static IResult Sessions(FabricStore store, SiteSpeakers speakers)
    {
        var snapshot = store.Intent.Current;
        return ApiJson.Result(new BgpSessionList(
        [
            .. speakers.Sessions(snapshot).SelectMany(s => s.Peers.Select(peer => new BgpSessionDocument
            {
                Address = peer.Config.Address.ToString(),
                Device = peer.Config.Description,
                Site = s.Site.Key.Name,
                RemoteAsn = peer.RemoteAsn!.Value.Value,
                State = peer.Phase.ToString(),
                Since = peer.Since,
                Routes = peer.EvpnRoutes,
                Complete = peer.EvpnComplete,
                Established = peer.EstablishedCount,
                MalformedUpdates = peer.MalformedUpdates,
                LastError = peer.LastError,
                LastErrorAt = peer.LastErrorAt,
            })),
        ]));
    }

    private static EvpnRouteDocument Of(IntentSnapshot snapshot, Resource site, EvpnRouteView route)
    {
        var owner = route.Vni is { } vni ? OwnerOf(snapshot, site, vni) : null;
        return new EvpnRouteDocument
        {
            Site = site.Key.Name,
            Type = route.Type,
            Nlri = route.Nlri,
            Rd = route.Rd?.ToString(),
            Vpc = owner?.Spec is VNetSpec vnet ? vnet.Vpc : owner?.Key.Kind == ResourceKind.Vpc ? owner.Key.Name : null,
            Vnet = owner?.Key.Kind == ResourceKind.VNet ? owner.Key.Name : null,
            Vni = route.Vni?.Value,
            L3Vni = route.L3Vni?.Value,
            Mac = route.Mac?.ToString(),
            Ip = route.Ip?.ToString(),
            Prefix = route.Prefix?.ToString(),
            Vtep = route.NextHop?.ToString(),
            Device = route.NextHop is { } vtep ? DeviceAt(snapshot, site, vtep)?.Key.Name : null,
            RouteTargets = [.. route.RouteTargets.Select(t => t.ToString())],
            RouterMac = route.RouterMac?.ToString(),
            MobilitySequence = route.MobilitySequence,
            Sticky = route.Sticky,
            DefaultGateway = route.DefaultGateway,
            AsPath = route.AsPath,
            ReceivedAt = route.ReceivedAt,
            Paths =
            [
                .. route.Paths.Select(p => new EvpnPathDocument(
                    p.Peer?.ToString(), p.Peer is { } spine ? SpineAt(snapshot, site, spine)?.Key.Name : null, p.NextHop?.ToString(), p.AsPath, p.ReceivedAt, p.Preferred)),
            ],
        };
    }

    /// <summary>The VNIs that a query wants of a site; null for any.</summary>
    private static HashSet<Vni>? Narrow(IntentSnapshot snapshot, Resource site, long? vni, Resource? vpc, Resource? vnet)
    {
        HashSet<Vni>? vnis = null;
        foreach (var part in new[] { vni is { } number ? [new Vni(number)] : null, vpc is null ? null : VnisOf(snapshot, site, vpc), vnet is null ? null : Held(snapshot, site, vnet) })
        {
            if (part is null)
            {
                continue;
            }

            if (vnis is null)
            {
                vnis = [.. part];
            }
            else
            {
                vnis.IntersectWith(part);
            }
        }

        return vnis;
    }

    private static List<Vni> VnisOf(IntentSnapshot snapshot, Resource site, Resource vpc) =>
        [.. snapshot.ReferrersOf(vpc.Key, ResourceKind.VNet).Append(vpc).SelectMany(r => Held(snapshot, site, r))];

    private static List<Vni> Held(IntentSnapshot snapshot, Resource site, Resource owner) =>
        snapshot.Identifiers.Find(IdentifierAssigner.VniScope(site), new(owner.Uid)) is { } held ? [new Vni(held.Value)] : [];

    private static Resource? OwnerOf(IntentSnapshot snapshot, Resource site, Vni vni) =>
        snapshot.Identifiers.OwnerOf(IdentifierAssigner.VniScope(site), vni.Value) is { } owner ? snapshot.Find(owner.Uid) : null;

    private static Resource? DeviceAt(IntentSnapshot snapshot, Resource site, IpAddr vtep)
    {
        var pool = ((SiteSpec)site.Spec).LoopbackPool;
        return pool.Contains(vtep)
            && snapshot.Identifiers.OwnerOf(new(IdentifierSpace.Loopback, site.Uid), (long)(vtep.Number - pool.Address.Number)) is { } owner
                ? snapshot.Find(owner.Uid)
                : null;
    }

    private static Resource? SpineAt(IntentSnapshot snapshot, Resource site, IpAddr address) =>
        snapshot.ReferrersOf(site.Key, ResourceKind.Device)
            .FirstOrDefault(d => d.Spec is DeviceSpec { Role: DeviceRole.Spine, Management: { } management } && management.Address == address);

    private static string Identity((Resource Site, EvpnRouteView Route) found) => $"{found.Site.Uid}|{found.Route.Type}|{found.Route.Rd}|{found.Route.Nlri}";

    /// <summary>The page begins behind the route that the one before ended with; where that is gone, at the same place.</summary>
    private static int Start(string? cursor, List<(Resource Site, EvpnRouteView Route)> found)
    {
        if (cursor is null)
        {
            return 0;
        }

        var bar = cursor.IndexOf('|', StringComparison.Ordinal);
        if (bar < 0 || !int.TryParse(cursor.AsSpan(0, bar), NumberStyles.None, CultureInfo.InvariantCulture, out var place))
        {
            throw new ProblemException(Problems.BadQuery("cursor", "the cursor is not one that this API gave; start again without it"));
        }

        var identity = cursor[(bar + 1)..];
        var last = found.FindIndex(f => Identity(f) == identity);
        return last >= 0 ? last + 1 : Math.Min(place, found.Count);
    }

    private static Resource? Named(HttpRequest request, IntentSnapshot snapshot, string name, ResourceKind kind)
    {
        if (Query.Text(request, name) is not { } text)
        {
            return null;
        }

        return snapshot.Find(kind, text) ?? throw new ProblemException(Problems.BadQuery(name, $"there is no {kind} '{(text.Length > 600 ? text[..600] : text)}'"));
    }
}
