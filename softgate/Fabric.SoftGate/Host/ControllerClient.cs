using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Fabric.Hosting;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Host;

/// <summary>
/// Gets the state from the controller and says how the node is. Enrols once with a one-time token, then proves itself with a certificate, which it
/// renews in time. The last state is kept on disk: without the controller the node works on from it, over restarts too.
/// </summary>
internal sealed class ControllerClient : IAsyncDisposable
{
    private const int LongPoll = 50;
    private const long LargestState = 1L << 30;
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    private readonly ControllerOptions _options;
    private readonly string _stateFile;
    private readonly NodeIdentity _identity;
    private readonly Func<SoftGateState, string, Task> _take;
    private readonly Func<Task<SoftGateReport?>> _report;
    private readonly EventLog _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _enrolling = new(1);
    private Task _running = Task.CompletedTask;
    private volatile string _status = "not connected yet";
    private long? _revision;

    /// <param name="options">Where the controller is.</param>
    /// <param name="stateDirectory">Where the last state is kept.</param>
    /// <param name="take">Puts a state in force; gets where it came from.</param>
    /// <param name="report">Says how the node is; null: it has no state yet.</param>
    /// <param name="log">Where to complain.</param>
    /// <param name="time">The clock.</param>
    internal ControllerClient(
        ControllerOptions options, string stateDirectory, Func<SoftGateState, string, Task> take, Func<Task<SoftGateReport?>> report, EventLog log, TimeProvider time)
    {
        (_options, _take, _report, _log, _time) = (options, take, report, log, time);
        _stateFile = Path.Combine(stateDirectory, "state.json");
        _identity = new NodeIdentity(options.IdentityDirectory);
    }

    /// <summary>"connected", or why not.</summary>
    internal string Status => _status;

    /// <summary>Puts the last state in force, if there is one, and begins.</summary>
    internal async Task StartAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_stateFile)!);
        if (File.Exists(_stateFile))
        {
            try
            {
                var state = SoftGateJson.Read(await File.ReadAllBytesAsync(_stateFile));
                await _take(state, "disk");
                _revision = state.Revision;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                _log.Write("error", "state", $"{_stateFile}: {e.Message}; waits for the controller");
            }
        }

        _running = Task.Run(() => Task.WhenAll(RunAsync(FollowAsync), RunAsync(ReportAsync)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _wake.Dispose();
        _enrolling.Dispose();
    }

    /// <summary>Does something again and again; after a failure later, and later.</summary>
    private async Task RunAsync(Func<HttpClient, CancellationToken, Task> work)
    {
        var stop = _stop.Token;
        var backoff = FirstBackoff;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var certificate = await EnrolledAsync(stop);
                using var client = Client(certificate);
                while (NeedsRenewal(certificate) is false)
                {
                    await work(client, stop);
                    backoff = FirstBackoff;
                }

                await RenewAsync(client, certificate, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException or CryptographicException or JsonException or TaskCanceledException)
            {
                Say(Reason(e));
                await Task.Delay(backoff * (0.5 + Random.Shared.NextDouble()), _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
            }
        }
    }

    /// <summary>Waits for another state and puts it in force.</summary>
    private async Task FollowAsync(HttpClient client, CancellationToken stop)
    {
        using var response = await client.GetAsync($"agent/v1/state?wait={LongPoll}{(_revision is { } have ? $"&after={have}" : "")}", stop);
        await CheckAsync(response, stop);
        Say("connected");
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            return;
        }

        var json = await response.Content.ReadAsByteArrayAsync(stop);
        var state = SoftGateJson.Read(json);
        await _take(state, "controller");
        _revision = state.Revision;
        await PrivateFile.WriteAsync(_stateFile, json, stop);
        if (_wake.CurrentCount == 0)
        {
            _wake.Release(); // The controller learns soon what has become of it.
        }
    }

    private async Task ReportAsync(HttpClient client, CancellationToken stop)
    {
        await WaitAsync(stop);
        if (await _report() is { } report)
        {
            using var content = new ByteArrayContent(SoftGateJson.WriteReport(report));
            content.Headers.ContentType = new("application/json");
            using var response = await client.PostAsync("agent/v1/report", content, stop);
            await CheckAsync(response, stop);
        }
    }

    /// <summary>Until a state was taken, at most a period.</summary>
    private async Task WaitAsync(CancellationToken stop)
    {
        using var period = new CancellationTokenSource(ReportPeriod, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(period.Token, stop);
        try
        {
            await _wake.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // A period without news.
        }
    }

    /// <summary>The node's certificate; asked for with the token when there is none.</summary>
    private async Task<X509Certificate2> EnrolledAsync(CancellationToken stop)
    {
        await _enrolling.WaitAsync(stop);
        try
        {
            if (_identity.Load() is { } there)
            {
                return there;
            }

            if (_options.TokenFile is not { } file || !File.Exists(file))
            {
                throw new IOException($"{_options.IdentityDirectory} holds no certificate, and there is no token to get one with: give --token-file");
            }

            var token = (await File.ReadAllTextAsync(file, stop)).Trim();
            var (key, request) = NodeIdentity.NewRequest();
            using (key)
            {
                using var client = Client(certificate: null);
                var enrolled = await AskAsync(client, "agent/v1/enroll", new { token, request }, stop);
                await _identity.SaveAsync(key, enrolled.Certificate, enrolled.Authority, stop);
                _log.Write("info", "enrolled", $"as {enrolled.Device}; the token is used up");
            }

            return _identity.Load() ?? throw new IOException($"{_options.IdentityDirectory} does not keep what is written to it");
        }
        finally
        {
            _enrolling.Release();
        }
    }

    /// <summary>With two thirds of its life behind it.</summary>
    private bool NeedsRenewal(X509Certificate2 certificate) =>
        _time.GetUtcNow().UtcDateTime - certificate.NotBefore.ToUniversalTime() > (certificate.NotAfter - certificate.NotBefore) * 2 / 3;

    private async Task RenewAsync(HttpClient client, X509Certificate2 certificate, CancellationToken stop)
    {
        await _enrolling.WaitAsync(stop);
        try
        {
            using var there = _identity.Load();
            if (there?.Thumbprint != certificate.Thumbprint)
            {
                return; // The other one has done it.
            }

            var (key, request) = NodeIdentity.NewRequest();
            using (key)
            {
                var renewed = await AskAsync(client, "agent/v1/renew", new { request }, stop);
                await _identity.SaveAsync(key, renewed.Certificate, renewed.Authority, stop);
                _log.Write("info", "renewed", "the node has a new certificate");
            }
        }
        finally
        {
            _enrolling.Release();
        }
    }

    private static async Task<Enrolled> AskAsync<T>(HttpClient client, string path, T body, CancellationToken stop)
    {
        using var response = await client.PostAsJsonAsync(path, body, stop);
        await CheckAsync(response, stop);
        return await response.Content.ReadFromJsonAsync<Enrolled>(stop) ?? throw new JsonException("the controller has answered with null");
    }

    /// <summary>Errors with what the controller says to do about them.</summary>
    private static async Task CheckAsync(HttpResponseMessage response, CancellationToken stop)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var text = await response.Content.ReadAsStringAsync(stop);
        string? detail = null;
        try
        {
            using var problem = JsonDocument.Parse(text);
            detail = problem.RootElement.ValueKind == JsonValueKind.Object && problem.RootElement.TryGetProperty("detail", out var said) ? said.ToString() : null;
        }
        catch (JsonException)
        {
            // Not by the controller: a proxy, perhaps.
        }

        throw new HttpRequestException($"the controller answers {(int)response.StatusCode}{(detail is null ? "" : $": {detail}")}");
    }

    private HttpClient Client(X509Certificate2? certificate)
    {
        var trusted = _identity.Authorities();
        if (_options.TrustFile is { } file)
        {
            trusted.ImportFromPemFile(file);
        }

        var tls = new SslClientAuthenticationOptions { ClientCertificates = certificate is null ? null : [certificate] };
        if (certificate is not null)
        {
            // The controller does not say whose certificates it takes; there is one, and it is for it.
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        if (trusted.Count > 0)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
        }

        return new HttpClient(new SocketsHttpHandler { SslOptions = tls, ConnectTimeout = TimeSpan.FromSeconds(10), PooledConnectionLifetime = TimeSpan.FromHours(1) })
        {
            BaseAddress = _options.Url,
            Timeout = TimeSpan.FromSeconds(LongPoll + 30),
            MaxResponseContentBufferSize = LargestState,
        };
    }

    /// <summary>What is told of a failure: the cause, not what it was wrapped in.</summary>
    private static string Reason(Exception e)
    {
        while (e.InnerException is { } inner)
        {
            e = inner;
        }

        return e.Message;
    }

    private void Say(string status)
    {
        if (_status != status)
        {
            _status = status;
            _log.Write(status == "connected" ? "info" : "warning", "controller", status == "connected" ? status : $"{status}; works on from the last state");
        }
    }

    /// <summary>What enrolment and renewal are answered with.</summary>
    private sealed record Enrolled(string Device, string Certificate, string Authority);
}
