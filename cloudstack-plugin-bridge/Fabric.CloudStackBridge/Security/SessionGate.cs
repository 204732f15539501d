using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Store;
using Microsoft.AspNetCore.Http.Features;

namespace Fabric.CloudStackBridge.Security;

/// <summary>Marks an endpoint that needs no session.</summary>
public sealed class OpenToAll;

/// <summary>Marks an endpoint that changes nothing that a viewer may not change.</summary>
public sealed class ReadOnlyMayCall;

/// <summary>Lets a request through when it carries a session whose role is enough: viewers only read.</summary>
public sealed class SessionGate(RequestDelegate next, Sessions sessions)
{
    /// <summary>Handles a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<OpenToAll>() is not null)
        {
            await next(context);
            return;
        }

        if (sessions.Find(context.Request.Cookies[SessionCookie.Name]) is not { } account)
        {
            throw new NetrisException(401, "there is no valid session; log in with POST /api/auth");
        }

        var harmless = context.GetEndpoint()?.Metadata.GetMetadata<ReadOnlyMayCall>() is not null;
        if (account.Role != "operator" && !harmless && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            throw new NetrisException(403, $"account '{account.Name}' has role {account.Role} and may only read");
        }

        context.Features.Set(account);
        await next(context);
    }
}

/// <summary>Who has sent a request.</summary>
public static class CallerOfRequest
{
    /// <summary>The account that the session belongs to.</summary>
    public static Account Caller(this HttpContext context) => context.Features.GetRequiredFeature<Account>();

    /// <summary>Why a write happens, for the controller's audit log.</summary>
    public static string Reason(this HttpContext context)
    {
        var text = $"CloudStack bridge: {context.Request.Method} {context.Request.Path} by {context.Caller().Name}";
        return string.Concat(text.Take(500).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
