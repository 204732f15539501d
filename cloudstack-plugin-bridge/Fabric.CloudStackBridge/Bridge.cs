using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Fabric.Client;
using Fabric.CloudStackBridge.Endpoints;
using Fabric.CloudStackBridge.Extension;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Rules;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Hosting;
using Fabric.Sqlite;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Fabric.CloudStackBridge;

/// <summary>The bridge as a whole.</summary>
public sealed class Bridge : IAsyncDisposable
{
    // More than a body may have: one that is too large is read to its end where that is near, so that its sender hears why.
    private const int LargestBody = 4 * 1024 * 1024;
    private readonly WebApplication _app;

    private Bridge(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts, says so on standard output, and runs until a signal; the process's whole life.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(BridgeOptions options)
    {
        try
        {
            await using var bridge = await StartAsync(options, TimeProvider.System);
            Console.Out.WriteLine($"fabric-cloudstack-bridge ready {bridge.Address.ToString().TrimEnd('/')}");
            await Console.Out.FlushAsync();
            await bridge._app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception e) when (e is StoreException or IOException or CryptographicException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"fabric-cloudstack-bridge: {e.Message}");
            return 1;
        }
    }

    /// <summary>Starts and returns once it listens; the controller need not be there yet.</summary>
    /// <exception cref="StoreException">The database cannot be opened.</exception>
    /// <exception cref="IOException">The address is taken, or a file cannot be used.</exception>
    /// <exception cref="CryptographicException">A certificate is not usable.</exception>
    public static async Task<Bridge> StartAsync(BridgeOptions options, TimeProvider time, CancellationToken cancellationToken = default)
    {
        var database = BridgeDatabase.Open(options.StorePath, time);
        WebApplication? app = null;
        try
        {
            var (certificate, chain) = await ServerCertificate.LoadAsync(options.Identity, time, cancellationToken);
            var cookie = new SessionCookie(await SessionKey.LoadAsync(options.SessionKeyPath, cancellationToken));
            var http = ControllerHttp.Create(
                options.Controller,
                (await File.ReadAllTextAsync(options.TokenFile, cancellationToken)).Trim(),
                options.CaFile is { } ca ? await File.ReadAllTextAsync(ca, cancellationToken) : null,
                "fabric-cloudstack-bridge");
            var started = new StrongBox<bool>();
            var builder = SmallHost.Create("fabric-cloudstack-bridge", options.LogFormat);

            // Why it cannot start is thrown to the caller, who says it; the host's log of the same would only bury it.
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => started.Value && level >= LogLevel.Warning);
            builder.WebHost.ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxRequestBodySize = LargestBody;
                kestrel.Listen(options.Listen, listen => listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ServerCertificateChain = chain;
                }));
            });
            builder.Services.AddRoutingCore();
            builder.Services.AddSingleton(options).AddSingleton(time).AddSingleton(database).AddSingleton(cookie).AddSingleton(new ControllerApi(http))
                .AddSingleton<AccountStore>().AddSingleton<SessionStore>().AddSingleton<RuleStore>().AddSingleton<AddressStore>()
                .AddSingleton<Sessions>().AddSingleton<LoginThrottle>().AddSingleton<IntentWriter>().AddSingleton<IntentFeed>();
            builder.Services.AddExtension();
            builder.Services.AddHostedService(s => s.GetRequiredService<IntentFeed>());
            builder.Services.AddHostedService<RuleEnforcer>();
            app = builder.Build();
            Map(app);
            await app.StartAsync(cancellationToken);
            started.Value = true;
            return new Bridge(app);
        }
        catch
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            database.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var database = _app.Services.GetRequiredService<BridgeDatabase>();
        await _app.StopAsync();
        await _app.DisposeAsync();
        database.Dispose();
    }

    private static void Map(WebApplication app)
    {
        app.UseMiddleware<EnvelopeMiddleware>();
        app.UseRouting();
        app.UseMiddleware<SessionGate>();
        app.MapGet("/healthz/live", () => Envelope.Ok(null, "1")).WithMetadata(new OpenToAll());
        app.MapGet("/healthz/ready", (IntentFeed feed) => feed.IsReady ? Envelope.Ok(null, "1") : throw new NetrisException(500, "the controller has not been reached yet"))
            .WithMetadata(new OpenToAll());
        app.MapAuth();
        app.MapPlaces();
        app.MapVpcs();
        app.MapIpam();
        app.MapVNets();
        app.MapNat();
        app.MapLoadBalancers();
        app.MapAcls();
        app.MapRoutes();
        app.MapExtension();
    }
}
