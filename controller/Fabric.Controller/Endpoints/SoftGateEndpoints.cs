using Fabric.Controller.Agents;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Intent.Resources;
using Fabric.SoftGate.Contracts;
using Fabric.Storage;
using Fabric.Reconciler.SoftGates;

namespace Fabric.Controller.Endpoints;

/// <summary>SoftGates' agents, as operators see them.</summary>
public static class SoftGateEndpoints
{
    private static readonly TimeSpan TokenLife = TimeSpan.FromHours(1);

    // api / v1 / softgates / name
    private const int NameSegment = 3;

    /// <summary>Maps the endpoints.</summary>
    public static void MapSoftGates(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("softgates/{name}").WithTags("SoftGate");
        group.MapPost("enrollment-token", EnrollAsync).RequireRole(Role.Admin).WithName("createEnrollmentToken")
            .WithSummary("Makes the one-time token with which a SoftGate's agent gets its certificate; valid for an hour, one at a time.")
            .Produces<EnrollmentToken>(201).WithProblems(404, 503, 507);
        group.MapGet("state", State).WithName("getSoftGateState").WithSummary("Shows what a SoftGate is told.").Produces<SoftGateState>().WithProblems(404);
    }

    private static async Task<IResult> EnrollAsync(HttpContext context, FabricStore store, AgentAuthority authority, TimeProvider time)
    {
        if (Find(context, store) is not { } device)
        {
            return Missing(context);
        }

        var caller = context.Caller();
        var origin = new WriteOrigin(caller.Name, caller.Role.Name(), RequestReason.Of(context.Request), "api");
        var name = AgentEndpoints.TokenName(device.Uid);
        foreach (var old in store.Tokens.All.Where(t => t.Name == name && t.IsValidAt(time.GetUtcNow())))
        {
            await store.Tokens.RevokeAsync(old.Id, origin, context.RequestAborted);
        }

        var secret = TokenSecret.Create();
        var token = await store.Tokens.CreateAsync(name, AgentEndpoints.EnrollRole, TokenSecret.Hash(secret), time.GetUtcNow() + TokenLife, origin, context.RequestAborted);
        return token is null
            ? Problems.Exists("another enrolment token was made at the same time; ask again")
            : ApiJson.Result(new EnrollmentToken(device.Key.Name, secret, token.Expires!.Value, authority.CertificatePem), 201);
    }

    private static IResult State(HttpContext context, FabricStore store, SoftGateBoard board) =>
        Find(context, store) is not { } device ? Missing(context)
        : board.OrderFor(store.Intent.Current, device) is { } order ? Results.Bytes(SoftGateJson.Write(order.State), ApiJson.MediaType)
        : Problems.NotFound($"Device '{device.Key.Name}' belongs to no SoftGatePair");

    private static Resource? Find(HttpContext context, FabricStore store) =>
        store.Intent.Current.Find(ResourceKind.Device, RequestPath.Segment(context, NameSegment)) is { Spec: DeviceSpec { Role: DeviceRole.Softgate } } device ? device : null;

    private static IResult Missing(HttpContext context) => Problems.NotFound($"there is no Device '{RequestPath.Segment(context, NameSegment)}' with role softgate");
}
