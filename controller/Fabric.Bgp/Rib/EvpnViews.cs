using System.Collections.Immutable;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>Makes views of EVPN routes in the table.</summary>
internal static class EvpnViews
{
    /// <summary>The routes that match, in listing order.</summary>
    public static ImmutableArray<EvpnRouteView> Query(RouteTable table, EvpnRouteFilter filter)
    {
        var views = new List<EvpnRouteView>();
        foreach (var entry in table.EntriesFrom(0))
        {
            if (table.Entry(entry).Family == FamilyIndex.Evpn && Of(table, entry, filter) is { } view)
            {
                views.Add(view);
            }
        }

        views.Sort(EvpnRouteView.ListOrder);
        return [.. views];
    }

    /// <summary>A view of an entry; null when it has no living path or does not match.</summary>
    public static EvpnRouteView? Of(RouteTable table, int entry, EvpnRouteFilter filter)
    {
        var paths = table.PathsOf(entry).Where(p => !table.Path(p).IsDead).ToList();
        if (paths.Count == 0)
        {
            return null;
        }

        var best = Preferred(table, paths);
        var nlri = table.Nlri(table.Path(best));
        var type = nlri[0];
        var value = nlri[2..];
        var view = (EvpnRouteType)type switch
        {
            EvpnRouteType.MacIp when MacIpRoute.TryDecode(type, value, out var r, out _) =>
                filter.MatchesKey(type, r.Key.Rd, r.Key.Mac, r.Key.Ip, null)
                    ? Common(table, type, EvpnRouteView.TextOf(r.Key), paths, best) with
                    {
                        Rd = r.Key.Rd,
                        EthernetTag = r.Key.Tag,
                        Mac = r.Key.Mac,
                        Ip = r.Key.Ip,
                        Esi = r.Esi.IsZero ? null : r.Esi,
                        Vni = r.Label1.Vni,
                        L3Vni = r.Label2?.Vni,
                    }
                    : null,
            EvpnRouteType.Multicast when MulticastRoute.TryDecode(type, value, out var r, out _) =>
                filter.MatchesKey(type, r.Key.Rd, null, r.Key.Originator, null)
                    ? Common(table, type, EvpnRouteView.TextOf(r.Key), paths, best) with
                    {
                        Rd = r.Key.Rd,
                        EthernetTag = r.Key.Tag,
                        Ip = r.Key.Originator,
                        Vni = table.Sets[table.Path(best).Set].Attributes.PmsiTunnel?.Label.Vni,
                    }
                    : null,
            EvpnRouteType.Prefix when PrefixRoute.TryDecode(type, value, out var r, out _) =>
                filter.MatchesKey(type, r.Key.Rd, null, null, r.Key.Prefix)
                    ? Common(table, type, EvpnRouteView.TextOf(r.Key), paths, best) with
                    {
                        Rd = r.Key.Rd,
                        EthernetTag = r.Key.Tag,
                        Prefix = r.Key.Prefix,
                        Esi = r.Esi.IsZero ? null : r.Esi,
                        Vni = r.Label.Vni,
                        L3Vni = r.Label.Vni,
                        GatewayIp = r.Gateway.IsUnspecified ? null : r.Gateway,
                    }
                    : null,
            _ when OpaqueRoute.TryDecode(type, value, out var r, out _) =>
                filter.MatchesKey(type, null, null, null, null) ? Common(table, type, EvpnRouteView.TextOf(r), paths, best) : null,
            _ => null,
        };
        return view is not null && filter.Matches(view) ? view : null;
    }

    /// <summary>The path to show: the newest place of the MAC, as a VTEP would choose, then the best path.</summary>
    private static int Preferred(RouteTable table, List<int> paths)
    {
        var best = paths[0];
        foreach (var path in paths.Skip(1))
        {
            var order = Mobility(table, path).CompareTo(Mobility(table, best));
            best = order > 0 || (order == 0 && table.Compare(path, best, out _) < 0) ? path : best;
        }

        return best;
    }

    private static (bool, uint) Mobility(RouteTable table, int path) => table.Sets[table.Path(path).Set].Attributes.MacMobility.GetValueOrDefault();

    private static EvpnRouteView Common(RouteTable table, byte type, string nlri, List<int> paths, int best)
    {
        var attributes = table.Sets[table.Path(best).Set].Attributes;
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
            AsPath = attributes.AsPath.ToString(),
            ReceivedAt = table.ReceivedAt(table.Path(best)),
            Paths =
            [
                .. paths.Select(p =>
                {
                    ref var path = ref table.Path(p);
                    var a = table.Sets[path.Set].Attributes;
                    var peer = table.Peer(path.Peer);
                    return new EvpnPathView(peer.IsLocal ? null : peer.Address, a.NextHop, a.AsPath.ToString(), table.ReceivedAt(path), p == best);
                }).OrderBy(static p => p.Peer),
            ],
        };
    }
}
