using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Rules;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>V-Nets: the tiers of VPCs.</summary>
public static class VNetEndpoints
{
    private const string Version = "2";
    private const int HighestVni = 16_777_215;
    private const int UsualV6Length = 64;

    /// <summary>Maps the endpoints.</summary>
    public static void MapVNets(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v2/vnet", ListAsync);
        app.MapGet("/api/v2/vnet/{id}", async (string id, IntentFeed feed, CancellationToken stop) =>
        {
            var view = await feed.ReadyAsync(stop);
            return Envelope.Ok(Row(view, Lookup.ByPath(view, Kinds.VNet, id)), Version);
        });
        app.MapPost("/api/v2/vnet", CreateAsync);
        app.MapPut("/api/v2/vnet/{id}", ChangeAsync);
        app.MapDelete("/api/v2/vnet/{id}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var vpcs = Lookup.Vpcs(view, context.Request)?.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        var sites = Filters.Ids(context.Request, "filterBySites");
        return Envelope.Ok(
            view.All(Kinds.VNet).Where(n => (vpcs is null || vpcs.Contains(n.Text("vpc")!)) && (sites is null || sites.Contains(Rows.SiteOf(view, n)!.Uid))).Select(n => Row(view, n)),
            Version);
    }

    private static object Row(IntentView view, Resource vnet)
    {
        var vpc = view.VpcOf(vnet);
        return new
        {
            id = vnet.Uid,
            name = vnet.Title,
            vxlanID = vnet.Vni,
            state = "active",
            l3vpn = false,
            vlanAware = false,
            customAnycastMac = default(string),
            vlans = "",
            tags = Tags(vnet),
            guestTenants = Array.Empty<object>(),
            tenant = Rows.TenantOf(view, vpc),
            vpc = Rows.VpcRef(view, vpc),
            sites = Rows.SitesOf(view, vnet),
            gateways = vnet.Texts("gateways").Select(g => new { prefix = g, dhcpEnabled = false }),
        };
    }

    private static IEnumerable<string> Tags(Resource vnet) =>
        vnet.List("attachments").Select(a => a.TryGetProperty("tag", out var tag) ? tag.GetString() : null).OfType<string>().Distinct(StringComparer.Ordinal);

    private static async Task<IResult> CreateAsync(HttpContext context, IntentWriter writer, RuleStore rules, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        Check(body);
        var name = body.Name();
        var vni = body.Number("vxlanID", 0, HighestVni) is > 0 and var given ? given : default(int?);
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vpc = Lookup.Vpc(v, body);
                if (Find(v, vpc, name) is { } there)
                {
                    return vni is null || there.Vni == vni ? [] : throw new NetrisException(409, $"V-Net '{name}' is there with VNI {there.Vni}");
                }

                var gateways = Gateways(v, vpc, body) ?? [];
                var spec = new JsonObject
                {
                    ["site"] = Lookup.Site(v, body).Name,
                    ["vpc"] = vpc.Name,
                    ["gateways"] = Json(gateways),
                    ["attachments"] = Attachments(body.List("tags") is { } tags ? Texts(tags, "tags") : []),

                    // What has no gateway passes no SoftGate.
                    ["awaitRules"] = gateways.Count > 0 && !vpc.Flag("system"),
                };
                if (vni is not null)
                {
                    spec["vni"] = vni;
                }

                return [Change.Create(v, Kinds.VNet, name, spec)];
            },
            stop);
        var owner = Lookup.Vpc(view, body);
        var made = Find(view, owner, name)!;
        if (made.Flag("awaitRules"))
        {
            rules.Await(owner.Uid, made.Uid);
        }

        return Envelope.Ok(Rows.Id(made.Uid), Version);
    }

    private static Resource? Find(IntentView view, Resource vpc, string name) => view.In(vpc, Kinds.VNet).FirstOrDefault(n => n.Title == name);

    private static async Task<IResult> ChangeAsync(HttpContext context, string id, IntentWriter writer, RuleStore rules, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        Check(body);
        var moved = false;
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vnet = Lookup.ByPath(v, Kinds.VNet, id);
                if (body.Number("vxlanID", 0, HighestVni) is > 0 and var vni && vni != vnet.Vni)
                {
                    throw NetrisException.Field("vxlanID", $"the VNI of a V-Net cannot change; it is {vnet.Vni}");
                }

                var spec = vnet.CopySpec();
                if (Gateways(v, v.VpcOf(vnet), body) is { Count: > 0 } gateways)
                {
                    spec["gateways"] = Json(gateways);
                    moved = !gateways.SequenceEqual(vnet.Texts("gateways"));
                }

                // The ports that are named one by one stay: clients send an empty list when they mean none of their business.
                if (body.List("tags") is { Count: > 0 } tags && !Texts(tags, "tags").SequenceEqual(Tags(vnet)))
                {
                    var attachments = Attachments(Texts(tags, "tags"));
                    foreach (var port in vnet.List("attachments").Where(a => a.TryGetProperty("port", out _)))
                    {
                        attachments.Add(JsonObject.Create(port));
                    }

                    spec["attachments"] = attachments;
                }

                return [Change.Update(vnet, spec, body.Has("name") ? body.Name() : null)];
            },
            stop);
        var changed = Lookup.ByPath(view, Kinds.VNet, id);
        if (moved)
        {
            rules.Touch(view.VpcOf(changed).Uid);
        }

        return Envelope.Ok(Rows.Id(changed.Uid), Version);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string id, IntentWriter writer, CancellationToken stop)
    {
        await writer.WriteAsync(
            context.Reason(),
            view => Lookup.TryByPath(view, Kinds.VNet, id) is not { } vnet
                ? []
                : [Change.Delete(vnet), .. TierLists.NamesOf(vnet.Uid).Select(n => view.Find(Kinds.AclList, n)).OfType<Resource>().Select(Change.Delete)],
            stop);
        return Envelope.Ok(null, Version);
    }

    /// <summary>What a V-Net of ours cannot be.</summary>
    private static void Check(Fields body)
    {
        if (body.Text("state") is { Length: > 0 } state && state != "active")
        {
            throw NetrisException.Field("state", "only active V-Nets are there; delete the V-Net instead");
        }

        if (body.Text("customAnycastMac") is { Length: > 0 })
        {
            throw NetrisException.Field("customAnycastMac", "the anycast MAC belongs to the site");
        }

        if (body.Flag("vlanAware") == true || body.Flag("l3vpn") == true)
        {
            throw NetrisException.Field(body.Flag("l3vpn") == true ? "l3vpn" : "vlanAware", "is not there");
        }
    }

    /// <summary>The gateways of a request in its order; null: it does not say. One without a length has that of its subnet.</summary>
    private static List<string>? Gateways(IntentView view, Resource vpc, Fields body)
    {
        if (body.List("gateways") is not { } list)
        {
            return null;
        }

        var gateways = new List<string>();
        foreach (var item in list)
        {
            var text = item.ValueKind == System.Text.Json.JsonValueKind.Object ? new Fields(item).Text("prefix") : Fields.AsText(item);
            if (string.IsNullOrEmpty(text))
            {
                continue;
            }

            if (IpInterface.TryParse(text, out var full))
            {
                gateways.Add(full.ToString());
            }
            else if (IpAddr.TryParse(text, out var address))
            {
                var subnet = view.In(vpc, Kinds.Subnet).Select(s => IpPrefix.Parse(s.Text("prefix")!)).Where(p => p.Contains(address)).OrderByDescending(p => p.Length).ToList();
                gateways.Add($"{address}/{(subnet.Count > 0 ? subnet[0].Length : address.IsV6 ? UsualV6Length : throw NetrisException.Field("gateways", $"{address} has no length"))}");
            }
            else
            {
                throw NetrisException.Field("gateways", $"'{Lookup.Short(text)}' is no address with a length, such as 10.0.1.1/24");
            }
        }

        return gateways;
    }

    private static List<string> Texts(IReadOnlyList<System.Text.Json.JsonElement> list, string member) =>
        [.. list.Select(t => Fields.AsText(t) ?? throw NetrisException.Field(member, "must be texts")).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <summary>On hypervisors wherever the VNI appears, and on leaf ports with the tag.</summary>
    private static JsonArray Attachments(IEnumerable<string> tags) =>
        [new JsonObject { ["hypervisors"] = true }, .. tags.Select(t => new JsonObject { ["tag"] = t })];

    private static JsonArray Json(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];
}
