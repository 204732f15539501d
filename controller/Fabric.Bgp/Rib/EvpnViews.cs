using System.Collections.Immutable;
using Fabric.Bgp.Evpn;

namespace Fabric.Bgp.Rib;

/// <summary>Makes views of table entries.</summary>
internal static class EvpnViews
{
    public static EvpnRouteView Of(MacIpKey key, RibPath<MacIpRoute>[] paths)
    {
        var best = Best(paths, static (a, b) => a.Attributes.MacMobility.GetValueOrDefault().CompareTo(b.Attributes.MacMobility.GetValueOrDefault()));
        var route = paths[best].Route;
        return Common((byte)EvpnRouteType.MacIp, EvpnRouteView.TextOf(key), paths, best) with
        {
            Rd = key.Rd,
            EthernetTag = key.Tag,
            Mac = key.Mac,
            Ip = key.Ip,
            Esi = route.Esi.IsZero ? null : route.Esi,
            Vni = route.Label1.Vni,
            L3Vni = route.Label2?.Vni,
        };
    }

    public static EvpnRouteView Of(MulticastKey key, RibPath<MulticastRoute>[] paths)
    {
        var best = Best(paths, static (_, _) => 0);
        return Common((byte)EvpnRouteType.Multicast, EvpnRouteView.TextOf(key), paths, best) with
        {
            Rd = key.Rd,
            EthernetTag = key.Tag,
            Ip = key.Originator,
            Vni = paths[best].Attributes.PmsiTunnel?.Label.Vni,
        };
    }

    public static EvpnRouteView Of(PrefixKey key, RibPath<PrefixRoute>[] paths)
    {
        var best = Best(paths, static (_, _) => 0);
        var route = paths[best].Route;
        return Common((byte)EvpnRouteType.Prefix, EvpnRouteView.TextOf(key), paths, best) with
        {
            Rd = key.Rd,
            EthernetTag = key.Tag,
            Prefix = key.Prefix,
            Esi = route.Esi.IsZero ? null : route.Esi,
            Vni = route.Label.Vni,
            L3Vni = route.Label.Vni,
            GatewayIp = route.Gateway.IsUnspecified ? null : route.Gateway,
        };
    }

    public static EvpnRouteView Of(OpaqueRoute key, RibPath<OpaqueRoute>[] paths) =>
        Common(key.Type, EvpnRouteView.TextOf(key), paths, Best(paths, static (_, _) => 0));

    /// <summary>The path to show: what the route type prefers, then the shorter AS path, the lower next hop, the lower peer.</summary>
    private static int Best<TRoute>(RibPath<TRoute>[] paths, Comparison<RibPath<TRoute>> prefer)
    {
        var best = 0;
        for (var i = 1; i < paths.Length; i++)
        {
            var order = prefer(paths[i], paths[best]);
            order = order != 0 ? order : paths[best].Attributes.AsPath.Length.CompareTo(paths[i].Attributes.AsPath.Length);
            order = order != 0 ? order : Nullable.Compare(paths[best].Attributes.NextHop, paths[i].Attributes.NextHop);
            order = order != 0 ? order : paths[best].Peer.Address.CompareTo(paths[i].Peer.Address);
            best = order > 0 ? i : best;
        }

        return best;
    }

    private static EvpnRouteView Common<TRoute>(byte type, string nlri, RibPath<TRoute>[] paths, int best)
    {
        var path = paths[best];
        var attributes = path.Attributes;
        var asPath = attributes.AsPath.ToString();
        var mobility = attributes.MacMobility;
        return new EvpnRouteView
        {
            Type = type,
            Nlri = nlri,
            NextHop = attributes.NextHop,
            RouteTargets = [.. attributes.RouteTargets],
            ExtendedCommunities = [.. attributes.ExtendedCommunities.Select(static c => c.ToString())],
            RouterMac = attributes.RouterMac,
            MobilitySequence = mobility?.Sequence,
            Sticky = mobility is { Sticky: true },
            DefaultGateway = attributes.IsDefaultGateway,
            AsPath = asPath,
            ReceivedAt = path.ReceivedAt,
            Paths = PathsOf(paths, best),
        };
    }

    private static ImmutableArray<EvpnPathView> PathsOf<TRoute>(RibPath<TRoute>[] paths, int best)
    {
        var views = new EvpnPathView[paths.Length];
        for (var i = 0; i < paths.Length; i++)
        {
            var path = paths[i];
            views[i] = new(path.Peer.Address, path.Attributes.NextHop, path.Attributes.AsPath.ToString(), path.ReceivedAt, i == best);
        }

        Array.Sort(views, static (a, b) => a.Peer.CompareTo(b.Peer));
        return ImmutableArray.Create(views);
    }
}
