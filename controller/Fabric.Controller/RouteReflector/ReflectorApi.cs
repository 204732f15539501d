using System.Net;
using Fabric.Controller.Endpoints;
using Fabric.Controller.Glass;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Hosting;

namespace Fabric.Controller.RouteReflector;

/// <summary>Serves the looking glass of a route reflector over HTTP: the paths below <c>/api/v1/bgp</c> that the controller has, too.</summary>
public sealed class ReflectorApi : IAsyncDisposable
{
    private const int MostConnections = 256;

    private readonly SmallServer _server;

    private ReflectorApi(SmallServer server) => _server = server;

    /// <summary>Where it listens.</summary>
    public Uri Address => _server.Address;

    /// <summary>Starts and returns once it listens.</summary>
    /// <param name="listen">Where; port 0: any free port. Without a token a loopback address.</param>
    /// <param name="tokenFile">File with the token that requests must carry; null: none.</param>
    /// <param name="speakers">What is shown.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The address is taken, is not loopback without a token, or the file holds no token.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static async Task<ReflectorApi> StartAsync(IPEndPoint listen, string? tokenFile, IBgpSpeakers speakers, TimeProvider time)
    {
        if (tokenFile is null && !IPAddress.IsLoopback(listen.Address))
        {
            throw new IOException($"the looking glass cannot be served at {listen} to everybody; give a loopback address or a token file");
        }

        var gate = new ReflectorGate(tokenFile is null ? null : ReflectorGate.ReadToken(tokenFile));
        return new ReflectorApi(await SmallServer.StartAsync(
            listen,
            static limits => (limits.MaxConcurrentConnections, limits.MaxRequestBodySize) = (MostConnections, RequestBody.MaxDrained),
            services => services.AddRoutingCore().AddSingleton(speakers).AddSingleton<IRouteInjector, DirectInjector>().AddSingleton(time),
            app =>
            {
                app.UseMiddleware<ProblemMiddleware>();
                app.UseRouting();
                app.Use(gate.InvokeAsync);
                app.UseMiddleware<QueryGate>();
                app.MapGroup("/api/v1").MapBgp();
            }));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
