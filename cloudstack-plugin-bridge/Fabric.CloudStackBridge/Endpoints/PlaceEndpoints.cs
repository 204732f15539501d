using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;

namespace Fabric.CloudStackBridge.Endpoints;

/// <summary>Sites and tenants, as clients look them up.</summary>
public static class PlaceEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapPlaces(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/sites", SitesAsync);
        app.MapGet("/api/v2/sites", SitesAsync);
        app.MapGet("/api/tenants", async (IntentFeed feed, CancellationToken stop) =>
            Envelope.Ok((await feed.ReadyAsync(stop)).All(Kinds.Tenant).Select(t => new { id = t.Uid, name = t.Title, description = t.Text("description") ?? "" }), "1"));
    }

    private static async Task<IResult> SitesAsync(IntentFeed feed, CancellationToken stop) => Envelope.Ok(
        (await feed.ReadyAsync(stop)).All(Kinds.Site).Select(s => new { id = s.Uid, name = s.Title, acl_policy = "deny", vpn = "disabled", switchFabric = "netris" }), "1");
}
