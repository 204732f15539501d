using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fabric.Hosting;

/// <summary>Serves metrics at <c>/metrics</c> over HTTP.</summary>
public sealed class MetricsEndpoint : IAsyncDisposable
{
    private const int MostConnections = 64;

    private readonly SmallServer _server;

    private MetricsEndpoint(SmallServer server) => _server = server;

    /// <summary>Where it listens.</summary>
    public Uri Address => _server.Address;

    /// <summary>Starts and returns once it listens.</summary>
    /// <param name="listen">Where; port 0: any free port.</param>
    /// <param name="write">Writes the metrics in the text format of Prometheus; called for each request.</param>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<MetricsEndpoint> StartAsync(IPEndPoint listen, Func<CancellationToken, Task<string>> write) => new(await SmallServer.StartAsync(
        listen,
        static limits => limits.MaxConcurrentConnections = MostConnections,
        static _ => { },
        app => app.Run(async context =>
        {
            var good = context.Request.Path == "/metrics" && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));
            context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
            if (good)
            {
                context.Response.ContentType = PrometheusText.ContentType;
                await context.Response.WriteAsync(await write(context.RequestAborted), context.RequestAborted);
            }
        })));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
