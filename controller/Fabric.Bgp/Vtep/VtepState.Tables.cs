using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>The tables of the view: what an event touched is decided anew once, after the event is taken in.</summary>
public sealed partial class VtepState
{
    private readonly HashSet<(L2Instance Bridge, MacAddress Mac)> _touchedMacs = [];
    private readonly HashSet<(L2Instance Bridge, IpAddr Ip)> _touchedNeighbors = [];
    private readonly HashSet<(L2Instance Bridge, IpAddr Vtep)> _touchedFlood = [];
    private readonly HashSet<(L3Instance Vrf, IpAddr Ip)> _touchedHosts = [];
    private readonly HashSet<(L3Instance Vrf, IpPrefix Prefix)> _touchedPrefixes = [];
    private readonly HashSet<(EthernetSegmentId Esi, Vni? Vni)> _touchedSegments = [];
    private readonly HashSet<LocalSegment> _touchedElections = [];
    private readonly Dictionary<EthernetSegmentId, HashSet<VtepRowKey>> _onSegment = [];

    private void Touch(ImportedPath path)
    {
        switch (path)
        {
            case MacIpPath p:
                foreach (var bridge in p.Bridges)
                {
                    _touchedMacs.Add((bridge, p.Mac));
                    if (p.Route.Key.Ip is { } ip)
                    {
                        _touchedNeighbors.Add((bridge, ip));
                    }
                }

                foreach (var vrf in p.Vrfs)
                {
                    _touchedHosts.Add((vrf, p.Route.Key.Ip!.Value));
                }

                break;
            case MulticastPath p:
                foreach (var bridge in p.Bridges)
                {
                    _touchedFlood.Add((bridge, p.Endpoint));
                }

                break;
            case PrefixRoutePath p:
                foreach (var vrf in p.Vrfs)
                {
                    _touchedPrefixes.Add((vrf, p.Route.Key.Prefix));
                }

                break;
            case AutoDiscoveryPath p:
                var esi = p.Route.Key.Esi;
                if (p.Route.IsPerSegment)
                {
                    _touchedSegments.Add((esi, null));
                }
                else
                {
                    foreach (var bridge in p.Bridges)
                    {
                        _touchedSegments.Add((esi, bridge.Config.Vni));
                    }
                }

                if (_localSegments.TryGetValue(esi, out var attached))
                {
                    _touchedElections.Add(attached);
                }

                break;
            case SegmentPath p when _localSegments.TryGetValue(p.Route.Key.Esi, out var segment):
                _touchedElections.Add(segment);
                break;
        }
    }

    private void Settle(DateTimeOffset now, bool remoteSaid)
    {
        foreach (var (bridge, mac) in _touchedMacs)
        {
            SettleMac(bridge, mac, now, remoteSaid);
        }

        foreach (var (bridge, ip) in _touchedNeighbors)
        {
            SettleNeighbor(bridge, ip);
        }

        foreach (var (bridge, vtep) in _touchedFlood)
        {
            SettleFlood(bridge, vtep);
        }

        foreach (var (vrf, ip) in _touchedHosts)
        {
            SettleHost(vrf, ip);
        }

        foreach (var (vrf, prefix) in _touchedPrefixes)
        {
            SettlePrefix(vrf, prefix);
        }

        foreach (var (esi, vni) in _touchedSegments)
        {
            _actions.Add(new VtepAction.SegmentChanged(esi, vni));
        }

        foreach (var segment in _touchedElections)
        {
            Elect(segment);
        }

        Clear(_touchedMacs);
        Clear(_touchedNeighbors);
        Clear(_touchedFlood);
        Clear(_touchedHosts);
        Clear(_touchedPrefixes);
        Clear(_touchedSegments);
        Clear(_touchedElections);

        // A set that was large once must not make every later event pay for its size.
        static void Clear<T>(HashSet<T> set)
        {
            var large = set.Count > 64;
            set.Clear();
            if (large)
            {
                set.TrimExcess();
            }
        }
    }

    /// <summary>The rows of the view that lead to a segment: whoever comes to or leaves the segment changes where they lead.</summary>
    internal IEnumerable<VtepRowKey> RowsOn(EthernetSegmentId esi) => _onSegment.GetValueOrDefault(esi, []);

    /// <summary>The prefixes of a VRF that point to a gateway.</summary>
    internal IEnumerable<IpPrefix> PrefixesVia(Vni vni, IpAddr gateway) => _vrfs.GetValueOrDefault(vni)?.Gateways.GetValueOrDefault(gateway) ?? [];

    /// <summary>The prefixes of a VRF that point to a router's MAC.</summary>
    internal IEnumerable<IpPrefix> PrefixesVia(Vni vni, MacAddress routerMac) => _vrfs.GetValueOrDefault(vni)?.RouterMacs.GetValueOrDefault(routerMac) ?? [];

    private void NoteSegment(EthernetSegmentId before, EthernetSegmentId now, VtepRowKey row)
    {
        if (before == now)
        {
            return;
        }

        if (!before.IsZero)
        {
            Remove(_onSegment, before, row);
        }

        if (!now.IsZero)
        {
            Get(_onSegment, now).Add(row);
        }
    }

    /// <summary>A MAC is elsewhere: what points to it in its VRF leads there.</summary>
    private void TellOverlay(L2Instance bridge, MacAddress mac)
    {
        if (bridge.Config.L3Vni is not { } vni || !_vrfs.TryGetValue(vni, out var vrf))
        {
            return;
        }

        foreach (var gateway in vrf.Gateways.Keys)
        {
            if (bridge.View.NeighborTable.TryGetValue(gateway, out var neighbor) && neighbor.Mac == mac)
            {
                _actions.Add(new VtepAction.GatewayChanged(vni, gateway));
            }
        }

        if (vrf.RouterMacs.ContainsKey(mac))
        {
            _actions.Add(new VtepAction.RouterMacChanged(vni, mac));
        }
    }

    private static void Remove<TKey, TItem>(Dictionary<TKey, HashSet<TItem>> index, TKey key, TItem item)
        where TKey : struct
    {
        if (index.TryGetValue(key, out var items) && items.Remove(item) && items.Count == 0)
        {
            index.Remove(key);
        }
    }

    private void SettleNeighbor(L2Instance bridge, IpAddr ip)
    {
        var state = bridge.Neighbors.GetValueOrDefault(ip);
        NeighborEntry? entry = null;
        if (state?.Local is { } mac && bridge.View.MacTable.GetValueOrDefault(mac) is { IsLocal: true } local)
        {
            entry = new(mac, null, bridge.Macs[mac].Local!.Addresses[ip], local.DefaultGateway);
        }
        else if (state?.Remote.Min is { } best)
        {
            entry = new(best.Mac, best.Vtep, best.Flags, best.DefaultGateway);
        }

        if (state is { IsEmpty: true })
        {
            bridge.Neighbors.Remove(ip);
        }

        var before = bridge.View.NeighborTable.GetValueOrDefault(ip);
        if (!Show(bridge.View.NeighborTable, ip, entry))
        {
            return;
        }

        _actions.Add(new VtepAction.NeighborChanged(bridge.Config.Vni, ip, entry));
        if (bridge.Config.L3Vni is { } vni && _vrfs.TryGetValue(vni, out var vrf))
        {
            var change = (entry is { IsLocal: true } ? 1 : 0) - (before is { IsLocal: true } ? 1 : 0);
            if (change != 0)
            {
                L3Instance.Count(vrf.LocalHosts, ip, change);
                _touchedHosts.Add((vrf, ip));
            }

            if (vrf.Gateways.ContainsKey(ip))
            {
                _actions.Add(new VtepAction.GatewayChanged(vni, ip));
            }
        }
    }

    private void SettleFlood(L2Instance bridge, IpAddr vtep)
    {
        var best = bridge.Flood.GetValueOrDefault(vtep)?.Min;
        var entry = best?.Attributes.PmsiTunnel is { } tunnel ? new FloodEntry(vtep, tunnel.Label.Vni, tunnel.Flags) : null;
        if (Show(bridge.View.FloodTable, vtep, entry))
        {
            _actions.Add(new VtepAction.FloodChanged(bridge.Config.Vni, vtep, entry));
        }
    }

    private void SettleHost(L3Instance vrf, IpAddr ip)
    {
        var paths = ImmutableArray<HostPath>.Empty;
        if (!vrf.LocalHosts.ContainsKey(ip) && vrf.Hosts.GetValueOrDefault(ip) is { Min: { } best } claims)
        {
            // Other routers of the host's segment are equal; any other claim is a stale one.
            paths =
            [
                .. claims
                    .Where(p => p == best || (!best.Route.Esi.IsZero && p.Route.Esi == best.Route.Esi))
                    .Select(static p => new HostPath(p.Vtep, p.Route.Label2!.Value.Vni!.Value, p.Attributes.RouterMac, p.Route.Esi))
                    .Distinct()
                    .OrderBy(static p => p.Vtep),
            ];
        }

        var before = vrf.View.HostTable.GetValueOrDefault(ip, []);
        if (Show(vrf.View.HostTable, ip, paths))
        {
            NoteSegment(before.IsEmpty ? default : before[0].Esi, paths.IsEmpty ? default : paths[0].Esi, VtepRowKey.OfHost(vrf.Config.Vni, ip));
            _actions.Add(new VtepAction.HostChanged(vrf.Config.Vni, ip, paths));
        }
    }

    private void SettlePrefix(L3Instance vrf, IpPrefix prefix)
    {
        var paths = ImmutableArray<PrefixPath>.Empty;
        if (vrf.Prefixes.GetValueOrDefault(prefix) is { Min: { } best } claims)
        {
            paths =
            [
                .. claims
                    .TakeWhile(p => PathOrder.ComparePreference(p.Attributes, best.Attributes) == 0)
                    .Select(static p => p.Shown)
                    .Distinct()
                    .OrderBy(static p => p.Vtep),
            ];
        }

        var before = vrf.View.PrefixTable.GetValueOrDefault(prefix, []);
        if (!Show(vrf.View.PrefixTable, prefix, paths))
        {
            return;
        }

        // An index that stays is taken out first and put in again.
        foreach (var path in before)
        {
            _ = path switch
            {
                { Gateway: { } gateway } => NoteOverlay(vrf.Gateways, gateway, prefix, points: false),
                { Kind: OverlayIndex.RouterMac, RouterMac: { } mac } => NoteOverlay(vrf.RouterMacs, mac, prefix, points: false),
                { Kind: OverlayIndex.Segment } => NoteSegmentOf(path.Esi, points: false),
                _ => false,
            };
        }

        foreach (var path in paths)
        {
            _ = path switch
            {
                { Gateway: { } gateway } => NoteOverlay(vrf.Gateways, gateway, prefix, points: true),
                { Kind: OverlayIndex.RouterMac, RouterMac: { } mac } => NoteOverlay(vrf.RouterMacs, mac, prefix, points: true),
                { Kind: OverlayIndex.Segment } => NoteSegmentOf(path.Esi, points: true),
                _ => false,
            };
        }

        _actions.Add(new VtepAction.PrefixChanged(vrf.Config.Vni, prefix, paths));

        bool NoteSegmentOf(EthernetSegmentId esi, bool points) =>
            NoteOverlay(vrf.Segments, esi, prefix, points) | NoteOverlay(_onSegment, esi, VtepRowKey.OfPrefix(vrf.Config.Vni, prefix), points);

        static bool NoteOverlay<TKey, TItem>(Dictionary<TKey, HashSet<TItem>> index, TKey key, TItem item, bool points)
            where TKey : struct
        {
            if (points)
            {
                return Get(index, key).Add(item);
            }

            Remove(index, key, item);
            return true;
        }
    }

    private static bool Show<TKey, TEntry>(Dictionary<TKey, TEntry> table, TKey key, TEntry? entry)
        where TKey : struct
        where TEntry : class
    {
        if (Equals(table.GetValueOrDefault(key), entry))
        {
            return false;
        }

        if (entry is null)
        {
            table.Remove(key);
        }
        else
        {
            table[key] = entry;
        }

        return true;
    }

    private static bool Show<TKey, TEntry>(Dictionary<TKey, ImmutableArray<TEntry>> table, TKey key, ImmutableArray<TEntry> entries)
        where TKey : struct
    {
        if (table.GetValueOrDefault(key, []).SequenceEqual(entries))
        {
            return false;
        }

        if (entries.IsEmpty)
        {
            table.Remove(key);
        }
        else
        {
            table[key] = entries;
        }

        return true;
    }
}
