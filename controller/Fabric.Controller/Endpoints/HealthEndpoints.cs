using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Storage;

namespace Fabric.Controller.Endpoints;

/// <summary>For supervisors: whether the process lives, and whether it can do its work. Needs no token and tells nothing else.</summary>
public static class HealthEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz/live", () => ApiJson.Result(new Health("live"))).WithMetadata(new OpenToAll()).WithTags("Health")
            .WithName("getLive").WithSummary("Whether the process lives.").Produces<Health>();
        app.MapGet("/healthz/ready", ReadyAsync).WithMetadata(new OpenToAll()).WithTags("Health")
            .WithName("getReady").WithSummary("Whether the store can be written.").Produces<Health>().WithProblems(503, 507);
    }

    private static async Task<IResult> ReadyAsync(HttpContext context, FabricStore store) =>
        await store.ProbeAsync(context.RequestAborted) is { } fault ? Problems.Of(fault) : ApiJson.Result(new Health("ready"));

    /// <summary>A good state.</summary>
    /// <param name="Status"><c>live</c> or <c>ready</c>.</param>
    public sealed record Health(string Status);
}
