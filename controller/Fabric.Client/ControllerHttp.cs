using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Fabric.Client;

/// <summary>How programs reach a controller: HTTPS, a bearer token, and the authority that may vouch for the server.</summary>
public static class ControllerHttp
{
    /// <summary>A client whose base address is the API's, <c>/api/v1/</c> below the server.</summary>
    /// <param name="server">The controller: <c>https://host:port</c>.</param>
    /// <param name="token">The API token; null: none is sent.</param>
    /// <param name="authority">Certificates in PEM of those who may vouch for the server; null: those the system trusts.</param>
    /// <param name="program">The name that the client goes by.</param>
    public static HttpClient Create(Uri server, string? token, string? authority, string program)
    {
        var handler = new SocketsHttpHandler
        {
            // A reason may be in any language.
            RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            // A redirect would carry the token to somebody else.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !server.IsLoopback,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        if (authority is not null)
        {
            // These and no others: a certificate that the system trusts is not enough. The host's name is checked either way.
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(authority);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        var http = new HttpClient(handler) { BaseAddress = new Uri(server, "/api/v1/"), Timeout = TimeSpan.FromSeconds(100) };
        if (token is not null)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        http.DefaultRequestHeaders.UserAgent.ParseAdd(program);
        return http;
    }
}
