using System.Net;
using Fabric.Controller.Endpoints;
using Fabric.Controller.Glass;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Fabric.Controller.RouteReflector;

/// <summary>Serves the looking glass of a route reflector over HTTP: the paths below <c>/api/v1/bgp</c> that the controller has, too.</summary>
public sealed class ReflectorApi : IAsyncDisposable
{
    private const int MostConnections = 256;

    private readonly WebApplication _app;

    private ReflectorApi(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

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
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "fabricd", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MaxRequestBodySize = RequestBody.MaxDrained;
            kestrel.Listen(listen);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, ForeignLifetime>();
        builder.Services.AddSingleton(speakers);
        builder.Services.AddSingleton<IRouteInjector, DirectInjector>();
        builder.Services.AddSingleton(time);
        var app = builder.Build();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.Use(gate.InvokeAsync);
        app.UseMiddleware<QueryGate>();
        app.MapGroup("/api/v1").MapBgp();
        try
        {
            await app.StartAsync();
            return new ReflectorApi(app, new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()));
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
