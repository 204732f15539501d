using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A path of an EVPN route was announced, announced anew, or withdrawn. Two events with the same source and key speak of the same path.</summary>
/// <param name="Source">Who says so.</param>
/// <param name="Attributes">The path's attributes, next hop included; null when it is withdrawn, and then only the key of the route means something.</param>
public abstract record EvpnPathEvent(PathSource Source, PathAttributes? Attributes)
{
    /// <summary>Type 1.</summary>
    public sealed record AutoDiscovery(PathSource Source, EthernetAutoDiscoveryRoute Route, PathAttributes? Attributes) : EvpnPathEvent(Source, Attributes);

    /// <summary>Type 2.</summary>
    public sealed record MacIp(PathSource Source, MacIpRoute Route, PathAttributes? Attributes) : EvpnPathEvent(Source, Attributes);

    /// <summary>Type 3.</summary>
    public sealed record Multicast(PathSource Source, MulticastRoute Route, PathAttributes? Attributes) : EvpnPathEvent(Source, Attributes);

    /// <summary>Type 4.</summary>
    public sealed record Segment(PathSource Source, EthernetSegmentRoute Route, PathAttributes? Attributes) : EvpnPathEvent(Source, Attributes);

    /// <summary>Type 5.</summary>
    public sealed record Prefix(PathSource Source, PrefixRoute Route, PathAttributes? Attributes) : EvpnPathEvent(Source, Attributes);

    /// <summary>What an UPDATE of a peer says, withdrawals first. Routes that must be treated as withdrawn (RFC 7606) are withdrawn; types that are not decoded are left out.</summary>
    public static IEnumerable<EvpnPathEvent> Of(IpAddr peer, UpdateMessage update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var source = new PathSource(peer);
        var attributes = update.Action >= ErrorAction.TreatAsWithdraw ? null : update.Attributes;
        return Of(source, update.EvpnWithdrawn, null).Concat(Of(source, update.EvpnAnnounced, attributes));
    }

    /// <summary>What a route as octets says; null for a type that is not decoded.</summary>
    /// <param name="source">Who says so.</param>
    /// <param name="nlri">One well-formed route with type and length.</param>
    /// <param name="attributes">Its attributes; null when it is withdrawn.</param>
    public static EvpnPathEvent? Of(PathSource source, ReadOnlySpan<byte> nlri, PathAttributes? attributes)
    {
        if (nlri.Length < 2)
        {
            return null;
        }

        var type = nlri[0];
        var value = nlri[2..];
        return (EvpnRouteType)type switch
        {
            EvpnRouteType.EthernetAutoDiscovery when EthernetAutoDiscoveryRoute.TryDecode(type, value, out var r, out _) => new AutoDiscovery(source, r, attributes),
            EvpnRouteType.MacIp when MacIpRoute.TryDecode(type, value, out var r, out _) => new MacIp(source, r, attributes),
            EvpnRouteType.Multicast when MulticastRoute.TryDecode(type, value, out var r, out _) => new Multicast(source, r, attributes),
            EvpnRouteType.EthernetSegment when EthernetSegmentRoute.TryDecode(type, value, out var r, out _) => new Segment(source, r, attributes),
            EvpnRouteType.Prefix when PrefixRoute.TryDecode(type, value, out var r, out _) => new Prefix(source, r, attributes),
            _ => null,
        };
    }

    private static IEnumerable<EvpnPathEvent> Of(PathSource source, EvpnRouteSet routes, PathAttributes? attributes) =>
    [
        .. routes.AutoDiscovery.Select(r => new AutoDiscovery(source, r, attributes)),
        .. routes.MacIp.Select(r => new MacIp(source, r, attributes)),
        .. routes.Multicast.Select(r => new Multicast(source, r, attributes)),
        .. routes.Segment.Select(r => new Segment(source, r, attributes)),
        .. routes.Prefix.Select(r => new Prefix(source, r, attributes)),
    ];
}
