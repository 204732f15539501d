using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;

namespace Fabric.Bgp.Vtep;

/// <summary>What was originated last, so that only differences go out.</summary>
internal sealed class OwnRoutes(Action<VtepAction> emit)
{
    private readonly Dictionary<EthernetAutoDiscoveryKey, (EthernetAutoDiscoveryRoute, PathAttributes)> _autoDiscovery = [];
    private readonly Dictionary<MacIpKey, (MacIpRoute, PathAttributes)> _macIp = [];
    private readonly Dictionary<MulticastKey, (MulticastRoute, PathAttributes)> _multicast = [];
    private readonly Dictionary<EthernetSegmentKey, (EthernetSegmentRoute, PathAttributes)> _segment = [];
    private readonly Dictionary<PrefixKey, (PrefixRoute, PathAttributes)> _prefix = [];

    public IEnumerable<EvpnPathEvent> All =>
    [
        .. _autoDiscovery.Values.Select(static r => new EvpnPathEvent.AutoDiscovery(PathSource.Local, r.Item1, r.Item2)),
        .. _macIp.Values.Select(static r => new EvpnPathEvent.MacIp(PathSource.Local, r.Item1, r.Item2)),
        .. _multicast.Values.Select(static r => new EvpnPathEvent.Multicast(PathSource.Local, r.Item1, r.Item2)),
        .. _segment.Values.Select(static r => new EvpnPathEvent.Segment(PathSource.Local, r.Item1, r.Item2)),
        .. _prefix.Values.Select(static r => new EvpnPathEvent.Prefix(PathSource.Local, r.Item1, r.Item2)),
    ];

    public void Set(EthernetAutoDiscoveryRoute route, PathAttributes? attributes) =>
        Set(_autoDiscovery, route.Key, route, attributes, static (r, a) => new EvpnPathEvent.AutoDiscovery(PathSource.Local, r, a));

    public void Set(MacIpRoute route, PathAttributes? attributes) =>
        Set(_macIp, route.Key, route, attributes, static (r, a) => new EvpnPathEvent.MacIp(PathSource.Local, r, a));

    public void Set(MulticastRoute route, PathAttributes? attributes) =>
        Set(_multicast, route.Key, route, attributes, static (r, a) => new EvpnPathEvent.Multicast(PathSource.Local, r, a));

    public void Set(EthernetSegmentRoute route, PathAttributes? attributes) =>
        Set(_segment, route.Key, route, attributes, static (r, a) => new EvpnPathEvent.Segment(PathSource.Local, r, a));

    public void Set(PrefixRoute route, PathAttributes? attributes) =>
        Set(_prefix, route.Key, route, attributes, static (r, a) => new EvpnPathEvent.Prefix(PathSource.Local, r, a));

    private void Set<TKey, TRoute>(
        Dictionary<TKey, (TRoute Route, PathAttributes Attributes)> sent,
        TKey key,
        TRoute route,
        PathAttributes? attributes,
        Func<TRoute, PathAttributes?, EvpnPathEvent> path)
        where TKey : struct
        where TRoute : struct, IEquatable<TRoute>
    {
        if (attributes is null)
        {
            if (sent.Remove(key, out var last))
            {
                emit(new VtepAction.Originate(path(last.Route, null)));
            }
        }
        else if (!sent.TryGetValue(key, out var last) || !last.Route.Equals(route) || !last.Attributes.Equals(attributes))
        {
            sent[key] = (route, attributes);
            emit(new VtepAction.Originate(path(route, attributes)));
        }
    }
}
