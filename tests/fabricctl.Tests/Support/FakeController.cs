using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fabric.Ctl.Tests.Support;

/// <summary>A request that came in.</summary>
internal sealed record SeenRequest(string Line, string Body, string? Authorization, string? IdempotencyKey, string? Reason);

/// <summary>An HTTPS server on loopback with canned answers: what it does not know is 404.</summary>
internal sealed class FakeController : IAsyncDisposable
{
    public const string Token = "secret-of-the-test";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<(int Status, string Body)>> _answers = new(StringComparer.Ordinal);

    private FakeController(WebApplication app, string certificateAuthority)
    {
        _app = app;
        CertificateAuthority = certificateAuthority;
    }

    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    public string CertificateAuthority { get; }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Starts a server whose certificate names the given host.</summary>
    public static async Task<FakeController> StartAsync(string host = "127.0.0.1")
    {
        var (authority, server) = MakeCertificates(host);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(server)));
        var fake = new FakeController(builder.Build(), authority.ExportCertificatePem());
        fake._app.Run(fake.AnswerAsync);
        await fake._app.StartAsync();
        return fake;
    }

    /// <summary>Answers a request line such as <c>GET /api/v1/status</c>.</summary>
    public FakeController On(string line, string body, int status = 200) => On(line, () => (status, body));

    public FakeController On(string line, Func<(int Status, string Body)> answer)
    {
        _answers[line] = answer;
        return this;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var line = $"{context.Request.Method} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}";
        Seen.Enqueue(new SeenRequest(line, await reader.ReadToEndAsync(), context.Request.Headers.Authorization, context.Request.Headers["Idempotency-Key"], context.Request.Headers["X-Fabric-Reason"]));
        var (status, body) = context.Request.Headers.Authorization != $"Bearer {Token}"
            ? (401, """{"type":"urn:fabric:problem:unauthorized","title":"A valid token is needed","detail":"the token is not known"}""")
            : _answers.TryGetValue(line, out var answer) ? answer() : (404, """{"title":"There is no such resource","detail":"nothing is here"}""");
        context.Response.StatusCode = status;
        context.Response.ContentType = line.EndsWith("/watch", StringComparison.Ordinal) ? "text/event-stream" : "application/json";
        await context.Response.WriteAsync(body);
    }

    private static (X509Certificate2 Authority, X509Certificate2 Server) MakeCertificates(string host)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        leaf.CertificateExtensions.Add(names.Build());
        using var signed = leaf.Create(authority, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        using var withKey = signed.CopyWithPrivateKey(key);
        return (authority, X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null));
    }
}
