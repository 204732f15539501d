using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Fabric.Compiler;
using Fabric.Controller.Agents;
using Fabric.Controller.Endpoints;
using Fabric.Controller.Evpn;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.OpenApi;
using Fabric.Controller.Security;
using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux;
using Fabric.Drivers.KvmHost;
using Fabric.Drivers.Sessions;
using Fabric.Hosting;
using Fabric.Reconciler;
using Fabric.Sqlite;
using Fabric.Storage;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Fabric.Controller;

/// <summary>The controller as a whole: opens the store, serves the API, runs the background services, and stops them in order.</summary>
public sealed partial class Fabricd : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Fabricd(WebApplication app, FabricStore store, Uri address)
    {
        _app = app;
        Store = store;
        Address = address;
    }

    /// <summary>Where the API listens.</summary>
    public Uri Address { get; }

    /// <summary>Where agents are listened to; null: nowhere.</summary>
    public Uri? AgentAddress { get; private init; }

    /// <summary>The store.</summary>
    public FabricStore Store { get; }

    /// <summary>The host's services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts, says so on standard output, and runs until a signal; the process's whole life.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(FabricdOptions options)
    {
        try
        {
            await using var fabricd = await StartAsync(options, TimeProvider.System);
            Console.Out.WriteLine($"fabricd ready {fabricd.Address.ToString().TrimEnd('/')}");
            await Console.Out.FlushAsync();
            await fabricd._app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception e) when (e is StoreException or IOException or CryptographicException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"fabricd: {e.Message}");
            return 1;
        }
    }

    /// <summary>Starts and returns once the API listens.</summary>
    /// <param name="options">How to run.</param>
    /// <param name="time">The clock.</param>
    /// <param name="configure">Changes to the services, for tests.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be opened.</exception>
    /// <exception cref="IOException">The address is taken, or the data directory cannot be used.</exception>
    /// <exception cref="CryptographicException">The certificate is not usable.</exception>
    public static async Task<Fabricd> StartAsync(
        FabricdOptions options, TimeProvider time, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var store = FabricStore.Open(options.StorePath, time, new AccessListCheck());
        WebApplication? app = null;
        try
        {
            var (certificate, chain) = await ServerCertificate.LoadAsync(options.Identity, time, cancellationToken);
            Directory.CreateDirectory(options.AgentIdentity.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var agents = await AgentAuthority.LoadAsync(options.AgentIdentity, time, cancellationToken);
            var (agentCertificate, _) = options.AgentListen is null ? default : await ServerCertificate.LoadAsync(options.AgentIdentity, time, cancellationToken);
            var firstToken = await FirstToken.EnsureAsync(store, options.AdminTokenPath, cancellationToken);
            await SshKey.EnsureAsync(options.SshKeyPath, cancellationToken);
            var started = new StrongBox<bool>();
            var builder = SmallHost.Create("fabricd", options.LogFormat);

            // Why it cannot start is thrown to the caller, who says it; the host's log of the same would only bury it.
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => started.Value && level >= LogLevel.Warning);
            builder.WebHost.ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxRequestBodySize = RequestBody.MaxDrained;
                kestrel.Limits.MaxRequestLineSize = 16 * 1024;
                kestrel.Listen(options.Listen, listen => listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ServerCertificateChain = chain;
                }));
                if (options.AgentListen is { } agentListen)
                {
                    kestrel.Listen(agentListen, listen => listen.UseHttps(https =>
                    {
                        https.ServerCertificate = agentCertificate;
                        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                        https.ClientCertificateValidation = agents.Knows;
                    }));
                }
            });
            AddServices(builder.Services, options, store, time);
            builder.Services.AddSingleton(_ => agents);
            configure?.Invoke(builder.Services);
            app = builder.Build();
            Map(app);
            await app.StartAsync(cancellationToken);
            started.Value = true;
            if (firstToken)
            {
                Log.FirstToken(app.Logger, options.AdminTokenPath);
            }

            // In the order in which they were asked for.
            var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(static a => new Uri(a)).ToList();
            app.Services.GetRequiredService<AgentListener>().Port = addresses.Count > 1 ? addresses[1].Port : null;
            return new Fabricd(app, store, addresses[0]) { AgentAddress = addresses.Count > 1 ? addresses[1] : null };
        }
        catch
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            await store.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Store.DisposeAsync();
    }

    private static void AddServices(IServiceCollection services, FabricdOptions options, FabricStore store, TimeProvider time)
    {
        services.AddRoutingCore();
        services.AddSingleton(options);
        services.AddSingleton(store);
        services.AddSingleton(store.Intent);
        services.AddSingleton(time);
        services.AddSingleton<IntentWrites>();
        services.AddSingleton(store.Devices);
        services.AddSingleton<IDeviceDriver, LinuxSwitchDriver>();
        services.AddSingleton<IDeviceDriver, KvmHostDriver>();
        services.AddSingleton<IDeviceSessionFactory>(_ => new OpenSshSessionFactory(
            new OpenSshOptions { IdentityFile = options.SshKeyPath, RuntimeDirectory = options.RuntimeDirectory }, time));
        services.AddReconciler(options.Reconciler);
        services.AddEvpn();
        services.AddSingleton<AgentListener>();
        services.AddApiDocument();
    }

    private static void Map(WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseMiddleware<AgentGate>();
        app.UseMiddleware<TokenGate>();
        app.UseMiddleware<QueryGate>();
        app.MapHealth();
        app.MapOpenApi().WithMetadata(new OpenToAll());
        var api = app.MapGroup("/api/v1");
        api.MapResources();
        api.MapChangeSets();
        api.MapRevisions();
        api.MapWatch();
        api.MapAudit();
        api.MapTokens();
        api.MapStatus();
        api.MapDevices();
        api.MapEvpn();
        api.MapBgp();
        api.MapSoftGates();
        app.MapAgents();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1000, Level = LogLevel.Information, Message = "First start: the administrator's token is in {Path}")]
        public static partial void FirstToken(ILogger logger, string path);
    }
}
