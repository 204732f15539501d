using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Fabric.Benchmarks.Api;

/// <summary>The controller as a process of its own, with an empty store, on a free port of the loopback.</summary>
public sealed class FabricdProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _token;
    private readonly X509Certificate2 _ca;

    private FabricdProcess(Process process, Uri address, string data)
    {
        _process = process;
        Address = new Uri(address, "/api/v1/");
        _token = File.ReadAllText(Path.Combine(data, "admin.token")).Trim();
        _ca = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(data, "ca.crt"));
    }

    /// <summary>Root of the API.</summary>
    public Uri Address { get; }

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<FabricdProcess> StartAsync(string data)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "fabricd.dll"), "--data-dir", data, "--listen", "127.0.0.1:0" })
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var ready = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return ready?.Split(' ') is ["fabricd", "ready", var address]
            ? new FabricdProcess(process, new Uri(address), data)
            : throw new InvalidOperationException($"fabricd did not become ready: {ready ?? "it ended"}");
    }

    /// <summary>A client with a connection of its own that trusts the controller's certificate.</summary>
    public HttpClient NewClient()
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions =
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                    CustomTrustStore = { _ca },
                },
            },
        };
        return new HttpClient(handler) { BaseAddress = Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", _token) } };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _ca.Dispose();
    }
}
