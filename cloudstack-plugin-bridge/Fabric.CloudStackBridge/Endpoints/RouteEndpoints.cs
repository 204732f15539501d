using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Security;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>Static routes. Only what users wrote is listed: CloudStack deletes every route that it does not know.</summary>
public static class RouteEndpoints
{
    private const string Version = "1";

    /// <summary>Maps the endpoints.</summary>
    public static void MapRoutes(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/routes", ListAsync);
        app.MapPost("/api/routes", CreateAsync);
        app.MapPut("/api/routes", ChangeAsync);
        app.MapDelete("/api/routes", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var vpcs = Lookup.Vpcs(view, context.Request)?.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        var sites = Filters.Ids(context.Request, "filterBySites");
        return Envelope.Ok(
            view.All(Kinds.StaticRoute).Where(r => (vpcs is null || vpcs.Contains(r.Text("vpc")!))
                && (sites is null || Rows.SiteOf(view, r) is not { } site || sites.Contains(site.Uid))).Select(r => Row(view, r)),
            Version);
    }

    private static object Row(IntentView view, Resource route)
    {
        var prefix = IpPrefix.Parse(route.Text("prefix")!);
        return new
        {
            id = route.Uid,
            name = route.Label(Naming.Prefix + "prefix") ?? prefix.ToString(),
            prefix = prefix.Address.ToString(),
            prefix_length = prefix.Length,
            next_hop = route.Text("nextHop"),
            description = route.Label(Naming.Prefix + "description") ?? "",
            site_id = Rows.SiteOf(view, route)?.Uid,
            stateStatus = "active",
            switches = Array.Empty<object>(),
            filteredSwitches = Array.Empty<object>(),
            vpc = Rows.VpcRef(view, view.VpcOf(route)),
        };
    }

    private static async Task<IResult> CreateAsync(HttpContext context, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var prefix = Lookup.Prefix(body, "prefix");
        var hop = Hop(body) ?? throw NetrisException.Field("next_hop", "is missing");
        Check(body);
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vpc = Lookup.Vpc(v, body);
                if (Find(v, vpc, prefix) is { } there)
                {
                    return there.Text("nextHop") == hop
                        ? [Change.Update(there, there.CopySpec(), null, Labels(v, there.Labels, prefix, body))]
                        : throw new NetrisException(409, $"{prefix} leads to {there.Text("nextHop")} already");
                }

                var spec = new JsonObject { ["vpc"] = vpc.Name, ["prefix"] = prefix.ToString(), ["nextHop"] = hop };
                return [Change.Create(v, Kinds.StaticRoute, $"{vpc.Name} {prefix}", spec, Labels(v, ImmutableDictionary<string, string>.Empty, prefix, body))];
            },
            stop);
        var id = Find(view, Lookup.Vpc(view, body), prefix)!.Uid;
        return Envelope.Ok(new { staticRouteID = id, id }, Version);
    }

    private static Resource? Find(IntentView view, Resource vpc, IpPrefix prefix) => view.In(vpc, Kinds.StaticRoute).FirstOrDefault(r => r.Text("prefix") == prefix.ToString());

    private static async Task<IResult> ChangeAsync(HttpContext context, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var id = body.Number("id", 1, int.MaxValue) ?? body.Number("route_id", 1, int.MaxValue) ?? throw NetrisException.Field("id", "is missing");
        Check(body);
        await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var route = v.Find(Kinds.StaticRoute, id) ?? throw NetrisException.NotFound($"route with id {id}");
                if (Lookup.VpcOrNone(v, body) is { } vpc && vpc.Name != route.Text("vpc"))
                {
                    throw NetrisException.Field("vpc", "the VPC of a route cannot change; delete it and make it anew");
                }

                var spec = route.CopySpec();
                var prefix = Lookup.PrefixOrNone(body, "prefix");
                spec["prefix"] = prefix?.ToString() ?? route.Text("prefix");
                spec["nextHop"] = Hop(body) ?? route.Text("nextHop");
                return [Change.Update(route, spec, null, Labels(v, route.Labels, prefix, body))];
            },
            stop);
        return Envelope.Ok(Rows.Id(id), Version);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var ids = body.Ids("id");
        if (ids.Count == 0)
        {
            throw NetrisException.Field("id", "is missing");
        }

        await writer.WriteAsync(context.Reason(), v => [.. ids.Distinct().Select(i => v.Find(Kinds.StaticRoute, i)).OfType<Resource>().Select(Change.Delete)], stop);
        return Envelope.Ok(new { }, Version);
    }

    private static string? Hop(Fields body) => Lookup.AddressOrNone(body, "next_hop")?.ToString();

    private static void Check(Fields body)
    {
        if (body.Text("stateStatus") is { Length: > 0 } state && state != "active")
        {
            throw NetrisException.Field("stateStatus", "only active routes are there; delete the route instead");
        }

        if (body.List("switches") is { Count: > 0 })
        {
            throw NetrisException.Field("switches", "a route holds wherever its VPC is; leave the list empty");
        }
    }

    /// <summary>Labels with the client's own spelling of the prefix, by which it knows the route again.</summary>
    private static ImmutableDictionary<string, string> Labels(IntentView view, ImmutableDictionary<string, string> labels, IpPrefix? prefix, Fields body)
    {
        labels = body.Has("description") ? labels.WithLabel("description", body.Text("description")) : labels;
        labels = prefix is { } canonical ? labels.WithLabel("prefix", body.Text("prefix") is var said && said != canonical.ToString() ? said : null) : labels;
        return body.Has("site_id") || !labels.ContainsKey(Naming.Prefix + "site") ? labels.WithLabel("site", Lookup.Site(view, body).Name) : labels;
    }
}
