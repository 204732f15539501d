using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fabric.NetworkExtension.Tests;

/// <summary>A web server with a certificate of its own that answers as it is told and remembers what it was asked.</summary>
internal sealed class FakeBridge : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;

    private FakeBridge(WebApplication app, X509Certificate2 certificate)
    {
        _app = app;
        _certificate = certificate;
    }

    public (int Status, string Body) Answer { get; set; } = (200, "{}");

    /// <summary>True: takes requests and says nothing.</summary>
    public bool Silent { get; set; }

    public List<(string Method, string Path, string Authorization, string ContentType, JsonNode Body)> Requests { get; } = [];

    public string Url => _app.Urls.Single();

    public string Authority => _certificate.ExportCertificatePem();

    public static async Task<FakeBridge> StartAsync(string name = "127.0.0.1")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var certificate = X509CertificateLoader.LoadPkcs12(request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1)).Export(X509ContentType.Pfx), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, o => o.UseHttps(certificate)));
        var app = builder.Build();
        var bridge = new FakeBridge(app, certificate);
        app.Run(bridge.HandleAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return bridge;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = JsonNode.Parse(await reader.ReadToEndAsync())!;
        lock (Requests)
        {
            Requests.Add((context.Request.Method, context.Request.Path, context.Request.Headers.Authorization.ToString(), context.Request.ContentType ?? "", body));
        }

        if (Silent)
        {
            var aborted = new TaskCompletionSource();
            await using var registration = context.RequestAborted.Register(aborted.SetResult);
            await aborted.Task;
            return;
        }

        context.Response.StatusCode = Answer.Status;
        await context.Response.WriteAsync(Answer.Body);
    }
}
