using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fabric.Hosting;

/// <summary>A web server at one address, in a process that is something else.</summary>
public sealed class SmallServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SmallServer(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts and returns once it listens.</summary>
    /// <param name="listen">Where: an address and a port (0: any free one), or the path of a Unix socket.</param>
    /// <param name="limits">Sets limits.</param>
    /// <param name="services">Adds services.</param>
    /// <param name="use">Says what becomes of requests.</param>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<SmallServer> StartAsync(EndPoint listen, Action<KestrelServerLimits> limits, Action<IServiceCollection> services, Action<WebApplication> use)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = AppDomain.CurrentDomain.FriendlyName, ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            limits(kestrel.Limits);
            kestrel.Listen(listen);
        });
        builder.Services.AddSingleton<IHostLifetime, ForeignLifetime>();
        services(builder.Services);
        var app = builder.Build();
        use(app);
        try
        {
            await app.StartAsync();
            return new SmallServer(app);
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
