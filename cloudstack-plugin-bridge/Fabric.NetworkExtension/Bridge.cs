using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.NetworkExtension;

/// <summary>The bridge, which knows what a command means.</summary>
internal static class Bridge
{
    private const int MaxAnswer = 1 << 20;

    /// <summary>Has the bridge carry out a command.</summary>
    /// <param name="invocation">The command.</param>
    /// <param name="cancel">The end of the time.</param>
    /// <returns>What is to be printed; null: nothing.</returns>
    /// <exception cref="ExtensionException">It was refused, or there is no answer.</exception>
    internal static async Task<string?> RunAsync(Invocation invocation, CancellationToken cancel)
    {
        var details = invocation.Details;
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = Trusts(details.Authority) },
        };
        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(details.Url, $"/extension/v1/{invocation.Command}"))
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(invocation.Body.ToJsonString())),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", details.Token);
        try
        {
            using var answer = await client.SendAsync(request, cancel);
            var text = await answer.Content.ReadAsStringAsync(cancel);
            return answer.StatusCode == HttpStatusCode.OK ? Output(text) : throw new ExtensionException(Refusal(answer.StatusCode, text));
        }
        catch (HttpRequestException e)
        {
            throw new ExtensionException($"the bridge at {details.Url} does not answer: {Root(e)}");
        }
        catch (OperationCanceledException)
        {
            throw new ExtensionException($"the bridge at {details.Url} has not answered in time");
        }
    }

    /// <summary>What an answer wants printed: <c>{"output": …}</c>, an object on one line or a text.</summary>
    internal static string? Output(string text)
    {
        try
        {
            return (JsonNode.Parse(text) as JsonObject)?["output"] switch
            {
                null => null,
                JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
                var node => node.ToJsonString(),
            };
        }
        catch (JsonException)
        {
            throw new ExtensionException("what answers is no bridge: check the detail url");
        }
    }

    /// <summary>What problem details (RFC 9457) say, on one line.</summary>
    internal static string Refusal(HttpStatusCode code, string text)
    {
        if (code == HttpStatusCode.Unauthorized)
        {
            return "the bridge does not know the token: make another one and put it into the detail token";
        }

        string? detail = null;
        try
        {
            var problem = JsonNode.Parse(text) as JsonObject;
            detail = (problem?["detail"] ?? problem?["title"])?.ToString();
        }
        catch (JsonException)
        {
            // An answer that is no problem document has nothing to add to its number.
        }

        var line = $"the bridge refuses ({(int)code}): {detail ?? code.ToString()}";
        return string.Concat(line.Select(static c => char.IsControl(c) ? ' ' : c));
    }

    private static RemoteCertificateValidationCallback? Trusts(string? authority)
    {
        if (authority is null)
        {
            return null;
        }

        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(authority);
        }
        catch (CryptographicException)
        {
            throw new ExtensionException("the detail ca does not hold a certificate that can be read");
        }

        return (_, certificate, _, errors) =>
        {
            if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            {
                return false;
            }

            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(roots);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert)));
        };
    }

    private static string Root(Exception e) => e.InnerException is { } inner ? Root(inner) : e.Message;
}
