using Fabric.Controller.Http;

namespace Fabric.Controller.Agents;

/// <summary>The agents' listener, once it listens.</summary>
public sealed class AgentListener
{
    /// <summary>Its port; null: there is none.</summary>
    public int? Port { get; set; }
}

/// <summary>Agents' endpoints answer on the agents' listener, and nothing else does there.</summary>
public sealed class AgentGate(RequestDelegate next, AgentListener listener)
{
    /// <summary>Handles a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var here = listener.Port is { } port && context.Connection.LocalPort == port;
        if (here != context.GetEndpoint()?.Metadata.GetMetadata<ForAgents>() is not null)
        {
            await Problems.NotFound("there is nothing at this path").WriteAsync(context);
            return;
        }

        await next(context);
    }
}
