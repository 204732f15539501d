using System.Text.Json;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.Reconciler.SoftGates;
using Fabric.SoftGate.Contracts;
using Fabric.Storage;

namespace Fabric.Controller.Agents;

/// <summary>
/// What SoftGates' agents ask: to be enrolled with a one-time token, for their state, and to say how they are. On a listener of its own; all but
/// enrolment need a certificate of the <see cref="AgentAuthority"/>.
/// </summary>
public static class AgentEndpoints
{
    /// <summary>Role of tokens that enrol and open nothing else.</summary>
    internal const string EnrollRole = "enroll";

    private const int MaxWait = 60;
    private const int MaxReport = 8 << 20;

    /// <summary>Name of the token that enrols a Device; one that is valid at a time.</summary>
    internal static string TokenName(int uid) => $"softgate-{uid}";

    /// <summary>Maps the endpoints.</summary>
    public static void MapAgents(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/agent/v1").WithMetadata(new OpenToAll(), new ForAgents()).ExcludeFromDescription();
        group.MapPost("enroll", EnrollAsync);
        group.MapPost("renew", RenewAsync);
        group.MapGet("state", StateAsync).WithQuery("after", "revision that the agent has").WithQuery("wait", "seconds to wait for another one");
        group.MapPost("report", ReportAsync);
    }

    private static async Task<IResult> EnrollAsync(HttpContext context, FabricStore store, AgentAuthority authority)
    {
        using var json = await RequestBody.ReadAsync(context);
        var (secret, request) = ObjectReader.ReadBody(json, static reader =>
        {
            var token = reader.Text("token", required: true);
            var csr = reader.Text("request", required: true);
            reader.End();
            return (token!, csr!);
        });
        if (secret.Length != TokenSecret.Length || store.Tokens.FindValid(TokenSecret.Hash(secret)) is not { Role: EnrollRole } token
            || store.Intent.Current.All(ResourceKind.Device).FirstOrDefault(d => TokenName(d.Uid) == token.Name) is not { } device)
        {
            return Problems.Unauthorized("the token is unknown, used or expired; make another one: fabricctl softgate enroll-token NAME");
        }

        if (authority.Sign(request, device.Uid) is not { } certificate)
        {
            return Problems.Malformed("request must be a certification request (PEM) with an elliptic curve key of 256 bits or more");
        }

        // Only one who asks with it gets a certificate: it is used up before the answer goes out.
        var origin = new WriteOrigin(device.Key.Name, EnrollRole, "enrolment", "agent");
        await store.Tokens.RevokeAsync(token.Id, origin, context.RequestAborted);
        return Results.Json(new { device = device.Key.Name, certificate, authority = authority.CertificatePem }, ApiJson.Options);
    }

    private static async Task<IResult> RenewAsync(HttpContext context, FabricStore store, AgentAuthority authority)
    {
        if (DeviceOf(context, store.Intent.Current) is not { } device)
        {
            return Unknown();
        }

        using var json = await RequestBody.ReadAsync(context);
        var request = ObjectReader.ReadBody(json, static reader =>
        {
            var csr = reader.Text("request", required: true);
            reader.End();
            return csr!;
        });
        return authority.Sign(request, device.Uid) is { } certificate
            ? Results.Json(new { device = device.Key.Name, certificate, authority = authority.CertificatePem }, ApiJson.Options)
            : Problems.Malformed("request must be a certification request (PEM) with an elliptic curve key of 256 bits or more");
    }

    /// <summary>The state, at once when the agent has another one, otherwise when it changes; 204 when it has not within the time.</summary>
    private static async Task<IResult> StateAsync(HttpContext context, FabricStore store, SoftGateBoard board, TimeProvider time)
    {
        var after = Query.Number(context.Request, "after", 0, long.MaxValue);
        var wait = Query.Number(context.Request, "wait", 0, MaxWait) ?? 0;
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(wait), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(end.Token, context.RequestAborted);
        while (true)
        {
            // First the subscription, then the look: nothing is committed unseen in between.
            using var changes = store.Intent.Subscribe();
            var snapshot = store.Intent.Current;
            if (DeviceOf(context, snapshot) is not { } device)
            {
                return Unknown();
            }

            if (board.OrderFor(snapshot, device) is not { } order)
            {
                return Problems.NotFound($"Device '{device.Key.Name}' belongs to no SoftGatePair; make one that names it");
            }

            if (order.State.Revision != after)
            {
                return Results.Bytes(SoftGateJson.Write(order.State), ApiJson.MediaType);
            }

            try
            {
                await changes.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                return Results.NoContent();
            }
        }
    }

    private static async Task<IResult> ReportAsync(HttpContext context, FabricStore store, SoftGateBoard board)
    {
        if (DeviceOf(context, store.Intent.Current) is not { } device)
        {
            return Unknown();
        }

        using var body = new MemoryStream();
        if (context.Request.ContentLength > MaxReport)
        {
            return Problems.Malformed($"a report has at most {MaxReport} octets");
        }

        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (body.Length + read > MaxReport)
            {
                return Problems.Malformed($"a report has at most {MaxReport} octets");
            }

            body.Write(buffer, 0, read);
        }

        try
        {
            board.Report(store.Intent.Current, device, SoftGateJson.ReadReport(body.GetBuffer().AsSpan(0, (int)body.Length)));
            return Results.NoContent();
        }
        catch (JsonException e)
        {
            return Problems.Malformed($"no report: {e.Message}");
        }
    }

    private static Resource? DeviceOf(HttpContext context, IntentSnapshot snapshot) =>
        AgentAuthority.UidOf(context.Connection.ClientCertificate) is { } uid
        && snapshot.Find(uid) is { Spec: DeviceSpec { Role: DeviceRole.Softgate } } device ? device : null;

    private static IResult Unknown() =>
        Problems.Unauthorized("send the certificate that enrolment gave; if the Device was deleted and made anew, enrol again");
}

/// <summary>Marks endpoints of the agents' listener.</summary>
internal sealed class ForAgents;
