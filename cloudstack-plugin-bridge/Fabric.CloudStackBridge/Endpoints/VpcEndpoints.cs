using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>VPCs.</summary>
public static class VpcEndpoints
{
    private const string Version = "2";

    /// <summary>Maps the endpoints.</summary>
    public static void MapVpcs(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v2/vpc", ListAsync);
        app.MapPost("/api/v2/vpc", CreateAsync);
        app.MapGet("/api/v2/vpc/{id}", async (string id, IntentFeed feed, CancellationToken stop) =>
        {
            var view = await feed.ReadyAsync(stop);
            return Envelope.Ok(Row(view, Lookup.ByPath(view, Kinds.Vpc, id)), Version);
        });
        app.MapPut("/api/v2/vpc/{id}", RenameAsync);
        app.MapDelete("/api/v2/vpc/{id}", DeleteAsync);
        app.MapGet("/api/v2/vpc/{id}/resources", ResourcesAsync);
    }

    private static async Task<IResult> ListAsync(IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        return Envelope.Ok(view.All(Kinds.Vpc).Select(v => Row(view, v)), Version);
    }

    private static object Row(IntentView view, Resource vpc) => new
    {
        id = vpc.Uid,
        name = vpc.Title,
        adminTenant = Rows.TenantOf(view, vpc),
        guestTenant = Array.Empty<object>(),
        tags = Array.Empty<string>(),
        isSystem = vpc.Flag("system"),
        isDefault = view.DefaultVpc?.Uid == vpc.Uid,
    };

    private static async Task<IResult> CreateAsync(HttpContext context, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var name = body.Name();
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var tenant = Lookup.Tenant(v, body, "adminTenant");
                return Find(v, name, tenant) is null ? [Change.Create(v, Kinds.Vpc, name, new JsonObject { ["tenant"] = tenant.Name })] : [];
            },
            stop);
        return Envelope.Ok(Row(view, Find(view, name, Lookup.Tenant(view, body, "adminTenant"))!), Version);
    }

    private static Resource? Find(IntentView view, string name, Resource tenant) =>
        view.All(Kinds.Vpc).FirstOrDefault(v => v.Text("tenant") == tenant.Name && v.Title == name);

    private static async Task<IResult> RenameAsync(HttpContext context, string id, IntentWriter writer, CancellationToken stop)
    {
        var body = await Fields.ReadAsync(context);
        var view = await writer.WriteAsync(
            context.Reason(),
            v =>
            {
                var vpc = Lookup.ByPath(v, Kinds.Vpc, id);
                if (body.Has("adminTenant") && Lookup.Tenant(v, body, "adminTenant").Name != vpc.Text("tenant"))
                {
                    throw NetrisException.Field("adminTenant", "the tenant of a VPC cannot change");
                }

                return body.Has("name") ? [Change.Update(vpc, vpc.CopySpec(), body.Name())] : [];
            },
            stop);
        return Envelope.Ok(Row(view, Lookup.ByPath(view, Kinds.Vpc, id)), Version);
    }

    /// <summary>Removes a VPC and what makes sense only inside it.</summary>
    private static async Task<IResult> DeleteAsync(HttpContext context, string id, IntentWriter writer, RuleStore rules, CancellationToken stop)
    {
        var gone = 0;
        await writer.WriteAsync(
            context.Reason(),
            view =>
            {
                if (Lookup.TryByPath(view, Kinds.Vpc, id) is not { } vpc)
                {
                    return [];
                }

                gone = vpc.Uid;
                if (vpc.Flag("system"))
                {
                    throw new NetrisException(409, $"VPC '{vpc.Title}' is a system VPC; it is removed in the controller only");
                }

                var vnets = view.In(vpc, Kinds.VNet).Select(n => n.Title).ToList();
                if (vnets.Count > 0)
                {
                    throw new NetrisException(409, $"VPC '{vpc.Title}' still has V-Nets: {string.Join(", ", vnets.Take(5))}");
                }

                return
                [
                    .. new[] { Kinds.NatRule, Kinds.LoadBalancer, Kinds.StaticRoute, Kinds.Subnet, Kinds.Allocation }.SelectMany(k => view.In(vpc, k)).Select(Change.Delete),
                    Change.Delete(vpc),
                ];
            },
            stop);
        if (gone != 0)
        {
            rules.Forget(gone);
        }

        return Envelope.Ok(null, Version);
    }

    private static async Task<IResult> ResourcesAsync(string id, IntentFeed feed, CancellationToken stop)
    {
        var view = await feed.ReadyAsync(stop);
        var vpc = Lookup.ByPath(view, Kinds.Vpc, id);
        return Envelope.Ok(
            new[]
            {
                new
                {
                    id = vpc.Uid,
                    allocation = view.In(vpc, Kinds.Allocation).Select(Rows.Ref),
                    resources = view.All(Kinds.Site).Select(site => new
                    {
                        site = Rows.Ref(site),
                        bgp = Array.Empty<object>(),
                        roh = Array.Empty<object>(),
                        vnet = view.In(vpc, Kinds.VNet).Where(n => n.Text("site") == site.Name).Select(Rows.Ref),
                        ipam = view.In(vpc, Kinds.Subnet).Where(s => Rows.SiteOf(view, s)?.Uid == site.Uid).Select(s => new { id = s.Uid, name = s.Text("prefix") }),
                        route = view.In(vpc, Kinds.StaticRoute).Where(r => Rows.SiteOf(view, r)?.Uid == site.Uid).Select(r => new { id = r.Uid, name = r.Text("prefix") }),
                    }),
                },
            },
            Version);
    }
}
