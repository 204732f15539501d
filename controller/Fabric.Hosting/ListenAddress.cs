using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fabric.Hosting;

/// <summary>An address and a port as operators write them: <c>127.0.0.1:8443</c>, <c>[::1]:8443</c>.</summary>
public static class ListenAddress
{
    /// <summary>The address and port of a text; null when it is none.</summary>
    public static IPEndPoint? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && IPEndPoint.TryParse(text, out var endPoint)
            && (endPoint.AddressFamily != AddressFamily.InterNetworkV6 || text[0] == '[')
                ? endPoint
                : null;
    }
}
