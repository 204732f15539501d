using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using Fabric.Drivers.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.Controller.Tests.Support;

/// <summary>A controller of its own on loopback: real HTTPS, real store in a temporary directory, devices that cannot be reached.</summary>
public sealed class ApiHost : IAsyncLifetime
{
    private readonly List<HttpClient> _clients = [];

    public TemporaryDirectory Directory { get; } = new();

    public Fabricd Fabricd { get; private set; } = null!;

    public ApiClient Admin { get; private set; } = null!;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public FabricdOptions Options => new()
    {
        DataDirectory = Path.Combine(Directory.Path, "data"),
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        SshKey = Path.Combine(Directory.Path, "ssh.key"),
        AgentListen = WithAgents ? new IPEndPoint(IPAddress.Loopback, 0) : null,
    };

    /// <summary>Whether it listens to agents too.</summary>
    public bool WithAgents { get; init; }

    public string AdminToken => File.ReadAllText(Options.AdminTokenPath).Trim();

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Options.SshKey!, "not used");
        await StartAsync();
    }

    public async Task StartAsync()
    {
        Fabricd = await Fabricd.StartAsync(Options, Time, services => services.AddSingleton<IDeviceSessionFactory, NoDevices>());
        Admin = Client(AdminToken);
    }

    public async Task RestartAsync()
    {
        await Fabricd.DisposeAsync();
        await StartAsync();
    }

    /// <summary>A client with a token; null: without.</summary>
    public ApiClient Client(string? token)
    {
        var http = Trusting(Options.CaCertificatePath);
        http.BaseAddress = Fabricd.Address;
        if (token is not null)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        _clients.Add(http);
        return new ApiClient(http);
    }

    /// <summary>A client with a new token of this role.</summary>
    public async Task<ApiClient> ClientAsync(string role, string? name = null)
    {
        var answer = await Admin.PostAsync("/api/v1/tokens", new { name = name ?? $"{role}-{Guid.NewGuid():n}", role });
        return Client(answer.Expect(201)["token"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await Fabricd.DisposeAsync();
        Directory.Dispose();
    }

    /// <summary>A client that trusts one authority and nothing else.</summary>
    public static HttpClient Trusting(string caPath)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(caPath);
        var handler = new SocketsHttpHandler
        {
            RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8,
            SslOptions =
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
    }

    private sealed class NoDevices : IDeviceSessionFactory, IDeviceSession
    {
        public IDeviceSession Open(DeviceEndpoint endpoint) => this;

        public Task CloseAsync(DeviceEndpoint endpoint) => Task.CompletedTask;

        public Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) =>
            throw new DeviceException(DeviceErrorKind.Unreachable, "there are no devices in this test");

        public Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) =>
            throw new DeviceException(DeviceErrorKind.Unreachable, "there are no devices in this test");
    }
}
