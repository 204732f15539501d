using Microsoft.AspNetCore.Http.Features;

namespace Fabric.Controller.Http;

/// <summary>
/// Segments of the path exactly as the client wrote them. Routing sees <c>%2F</c> and a literal <c>%252F</c> alike, so a name is
/// taken from the request's raw target instead.
/// </summary>
public static class RequestPath
{
    /// <summary>A segment of the path, decoded once; from 0.</summary>
    public static string Segment(HttpContext context, int index)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = Path(target);
        for (; index > 0; index--)
        {
            path = path[(path.IndexOf('/') + 1)..];
        }

        var end = path.IndexOf('/');
        return Uri.UnescapeDataString(end < 0 ? path : path[..end]);
    }

    private static ReadOnlySpan<char> Path(string target)
    {
        var path = target.AsSpan();
        if (!path.StartsWith("/"))
        {
            // Absolute form (RFC 9112 section 3.2.2).
            var authority = path.IndexOf("://");
            path = authority < 0 ? path : path[(authority + 3)..];
            var slash = path.IndexOf('/');
            path = slash < 0 ? "/" : path[slash..];
        }

        var query = path.IndexOf('?');
        return (query < 0 ? path : path[..query])[1..];
    }
}
