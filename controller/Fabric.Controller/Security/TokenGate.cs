using Fabric.Controller.Http;
using Fabric.Storage;
using Fabric.Storage.Access;

namespace Fabric.Controller.Security;

/// <summary>Lets a request through when it carries a valid bearer token (RFC 6750) whose role is enough for the endpoint.</summary>
public sealed partial class TokenGate(RequestDelegate next, FabricStore store, ILogger<TokenGate> log)
{
    private const int LongestTarget = 300;

    /// <summary>Handles a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<OpenToAll>() is not null)
        {
            await next(context);
            return;
        }

        var presented = Presented(context.Request, out var fault);
        var hash = presented is null ? [] : TokenSecret.Hash(presented);
        if (presented is null || store.Tokens.FindValid(hash) is not { } token || Roles.Parse(token.Role) is not { } role)
        {
            if (presented is not null)
            {
                Log.UnknownToken(log, context.Connection.RemoteIpAddress?.ToString() ?? "?");
            }

            context.Response.Headers.WWWAuthenticate = presented is null ? "Bearer realm=\"fabric\"" : "Bearer realm=\"fabric\", error=\"invalid_token\"";
            await Problems.Unauthorized(fault ?? "the token is unknown, expired or revoked").WriteAsync(context);
            return;
        }

        context.Features.Set(new Caller(token.Id, token.Name, role, () => store.Tokens.FindValid(hash) is not null));
        var needed = endpoint?.Metadata.GetMetadata<RoleRequirement>()?.Role ?? Role.Viewer;
        if (role < needed)
        {
            Log.Forbidden(log, token.Name, context.Request.Method, needed.Name());
            var target = context.Request.Path.Value ?? "";
            var origin = new WriteOrigin(token.Name, token.Role, RequestReason.Peek(context.Request), "api");
            await store.Audit.RefuseAsync(
                origin, context.Request.Method, target.Length > LongestTarget ? target[..LongestTarget] + "…" : target, context.RequestAborted);
            await Problems.Forbidden($"this needs role {needed.Name()}; token '{token.Name}' has role {token.Role}").WriteAsync(context);
            return;
        }

        await next(context);
    }

    private static string? Presented(HttpRequest request, out string? fault)
    {
        const string scheme = "Bearer ";
        fault = null;
        var header = request.Headers.Authorization;
        if (header.Count == 0)
        {
            fault = "send a token: Authorization: Bearer fab_…";
            return null;
        }

        var text = header.Count == 1 ? header[0]! : "";
        if (!text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            fault = "the Authorization header must be: Bearer fab_…";
            return null;
        }

        var secret = text[scheme.Length..].Trim();
        if (secret.Length != TokenSecret.Length || !secret.StartsWith(TokenSecret.Prefix, StringComparison.Ordinal))
        {
            // Counts as a wrong token: no hash is worth computing for text of any length.
            return "";
        }

        return secret;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "Request with an unknown, expired or revoked token from {Address}")]
        public static partial void UnknownToken(ILogger logger, string address);

        [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "Token {Token} lacks role {Needed} for {Method}")]
        public static partial void Forbidden(ILogger logger, string token, string method, string needed);
    }
}
