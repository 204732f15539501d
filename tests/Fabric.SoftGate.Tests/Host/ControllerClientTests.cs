using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Fabric.Hosting;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>The client, with a server that answers as the controller does.</summary>
public sealed class ControllerClientTests : IAsyncDisposable
{
    private const string Token = "one-time";

    private readonly string _folder = Directory.CreateTempSubdirectory("softgate-controller-").FullName;
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly List<SoftGateReport> _reports = [];
    private readonly List<(long Revision, string Source)> _taken = [];
    private WebApplication? _app;
    private int _enrolments;
    private int _port;
    private long _revision = 5;

    public ControllerClientTests()
    {
        var request = new CertificateRequest("CN=test authority", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(9));
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), _authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "token"), Token + "\n");
    }

    [Fact]
    public async Task It_enrols_once_follows_reports_and_works_on_without_the_controller()
    {
        await ServeAsync();
        await using (var client = Client())
        {
            await client.StartAsync();
            await Shell.Eventually(() => Taken().Contains((5, "controller")), "revision 5", detail: () => client.Status);
            await Shell.Eventually(() => Reports().Contains(5), "a report", detail: () => client.Status);
            Assert.Equal("connected", client.Status);
            Volatile.Write(ref _revision, 6);
            await Shell.Eventually(() => Taken().Contains((6, "controller")), "revision 6", detail: () => client.Status);
            await Shell.Eventually(() => File.Exists(Path.Combine(_folder, "state.json")) && File.ReadAllText(Path.Combine(_folder, "state.json")).Contains("\"revision\":6", StringComparison.Ordinal), "the state on disk");
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "identity", "node.key")));
        await _app!.StopAsync();
        _taken.Clear();
        await using (var client = Client())
        {
            await client.StartAsync();
            Assert.Equal([(6, "disk")], Taken());
            await Shell.Eventually(() => client.Status.Contains("refused", StringComparison.Ordinal), "the reason", detail: () => client.Status);
            Volatile.Write(ref _revision, 7);
            await ServeAsync();
            await Shell.Eventually(() => Taken().Contains((7, "controller")), "revision 7", seconds: 60, detail: () => client.Status);
        }

        Assert.Equal(1, _enrolments);
    }

    [Fact]
    public async Task A_wrong_token_is_told_with_what_the_controller_says()
    {
        await ServeAsync();
        File.WriteAllText(Path.Combine(_folder, "token"), "guessed");
        await using var client = Client();
        await client.StartAsync();
        await Shell.Eventually(() => client.Status == "the controller answers 401: make another one", "the reason", detail: () => client.Status);
        Assert.False(File.Exists(Path.Combine(_folder, "identity", "node.key")));
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is { } app)
        {
            await app.DisposeAsync();
        }

        _authority.Dispose();
        _authorityKey.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private List<(long, string)> Taken()
    {
        lock (_taken)
        {
            return [.. _taken];
        }
    }

    private List<long> Reports()
    {
        lock (_reports)
        {
            return [.. _reports.Select(r => r.Revision)];
        }
    }

    private ControllerClient Client() => new(
        new(new Uri($"https://localhost:{_port}/"), Path.Combine(_folder, "identity"), Path.Combine(_folder, "token"), Path.Combine(_folder, "ca.pem")),
        _folder,
        (state, source) =>
        {
            lock (_taken)
            {
                _taken.Add((state.Revision, source));
            }

            return Task.CompletedTask;
        },
        () => Task.FromResult<SoftGateReport?>(new() { Revision = Taken().LastOrDefault().Item1 }),
        new EventLog(TextWriter.Null, LogFormat.Text, TimeProvider.System),
        TimeProvider.System);

    private async Task ServeAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var signed = Sign(request);
        var server = X509Certificate2.CreateFromPem(signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, _port, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = server;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (certificate, _, _) => certificate.Issuer == _authority.Subject;
        })));
        _app = builder.Build();
        _app.Run(AnswerAsync);
        await _app.StartAsync();
        _port = new Uri(_app.Urls.First()).Port;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value;
        if (path == "/agent/v1/enroll")
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            if (body.RootElement.GetProperty("token").GetString() != Token)
            {
                context.Response.StatusCode = 401;
                await context.Response.WriteAsJsonAsync(new { detail = "make another one" });
                return;
            }

            _enrolments++;
            using var certificate = Sign(CertificateRequest.LoadSigningRequestPem(body.RootElement.GetProperty("request").GetString()!, HashAlgorithmName.SHA256));
            await context.Response.WriteAsJsonAsync(new { device = "sg1", certificate = certificate.ExportCertificatePem(), authority = _authority.ExportCertificatePem() });
            return;
        }

        if (context.Connection.ClientCertificate is null)
        {
            context.Response.StatusCode = 401;
        }
        else if (path == "/agent/v1/report")
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (_reports)
            {
                _reports.Add(SoftGateJson.ReadReport(body.ToArray()));
            }
        }
        else
        {
            var after = context.Request.Query["after"].ToString();
            if (after.Length > 0 && !ulong.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                context.Response.StatusCode = 400; // As the controller does.
                return;
            }

            for (var i = 0; i < 20 && after == $"{Volatile.Read(ref _revision)}"; i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, context.RequestAborted);
            }

            if (after == $"{Volatile.Read(ref _revision)}")
            {
                context.Response.StatusCode = 204;
                return;
            }

            await context.Response.Body.WriteAsync(SoftGateJson.Write(SoftGateLab.State(Volatile.Read(ref _revision))));
        }
    }

    private X509Certificate2 Sign(CertificateRequest request)
    {
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(_authority, now.AddHours(-1), now.AddDays(8), RandomNumberGenerator.GetBytes(8));
    }
}
