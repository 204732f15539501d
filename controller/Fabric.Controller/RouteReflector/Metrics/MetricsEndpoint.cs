using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Fabric.Controller.RouteReflector.Metrics;

/// <summary>Serves metrics at <c>/metrics</c> over HTTP.</summary>
public sealed class MetricsEndpoint : IAsyncDisposable
{
    private const int MostConnections = 64;

    private readonly WebApplication _app;

    private MetricsEndpoint(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts and returns once it listens.</summary>
    /// <param name="listen">Where; port 0: any free port.</param>
    /// <param name="sample">Takes a sample; called for each request.</param>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<MetricsEndpoint> StartAsync(IPEndPoint listen, Func<ReflectorSample> sample)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "fabricd", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Listen(listen);
        });
        builder.Services.AddSingleton<IHostLifetime, ForeignLifetime>();
        var app = builder.Build();
        app.Run(async context =>
        {
            var good = context.Request.Path == "/metrics" && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));
            context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
            if (good)
            {
                context.Response.ContentType = PrometheusText.ContentType;
                await context.Response.WriteAsync(ReflectorMetrics.Write(sample()), context.RequestAborted);
            }
        });
        try
        {
            await app.StartAsync();
            return new MetricsEndpoint(app, new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()));
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
