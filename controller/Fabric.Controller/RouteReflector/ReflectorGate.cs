using System.Net;
using System.Security.Cryptography;
using System.Text;
using Fabric.Controller.Http;

namespace Fabric.Controller.RouteReflector;

/// <summary>Lets requests to a reflector's looking glass through that carry its token, or, where there is none, that were sent to an address and not to a name.</summary>
/// <param name="token">The token; null: none is asked for.</param>
internal sealed class ReflectorGate(string? token)
{
    private const int ShortestToken = 16;
    private const int LongestFile = 4096;

    private readonly byte[]? _hash = token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>The token in a file.</summary>
    /// <exception cref="IOException">It holds none.</exception>
    public static string ReadToken(string path)
    {
        var text = new FileInfo(path).Length > LongestFile ? "" : File.ReadAllText(path).Trim();
        return text.Length >= ShortestToken && text.All(static c => c is > ' ' and < '\x7f')
            ? text
            : throw new IOException($"{path} does not hold one line with a token of at least {ShortestToken} characters");
    }

    /// <summary>Handles a request.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_hash is null)
        {
            // A page of the web can make a browser here ask a name that leads to 127.0.0.1, and ask an address without seeing the answer: that
            // a browser does in another one's name, it says itself (RFC 6454 section 7).
            var host = context.Request.Host;
            var origin = context.Request.Headers.Origin.ToString();
            return host.Host != "localhost" && !IPAddress.TryParse(host.Host, out _) ? Problems.Forbidden("ask by address, such as 127.0.0.1, or localhost").WriteAsync(context)
                : origin.Length > 0 && origin != $"http://{host}" ? Problems.Forbidden("pages of others may not ask").WriteAsync(context)
                : next(context);
        }

        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim())), _hash))
        {
            return next(context);
        }

        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"fabric\"";
        return Problems.Unauthorized("send the token of the route reflector: Authorization: Bearer …").WriteAsync(context);
    }
}
