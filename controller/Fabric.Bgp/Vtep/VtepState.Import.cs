using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Which paths are taken, and where they go.</summary>
public sealed partial class VtepState
{
    private readonly Dictionary<(PathSource, EthernetAutoDiscoveryKey), AutoDiscoveryPath> _autoDiscovery = [];
    private readonly Dictionary<(PathSource, MacIpKey), MacIpPath> _macIp = [];
    private readonly Dictionary<(PathSource, MulticastKey), MulticastPath> _multicast = [];
    private readonly Dictionary<(PathSource, EthernetSegmentKey), SegmentPath> _segmentRoutes = [];
    private readonly Dictionary<(PathSource, PrefixKey), PrefixRoutePath> _prefixes = [];
    private readonly Dictionary<RouteTarget, List<L2Instance>> _bridgesByTarget = [];
    private readonly Dictionary<RouteTarget, List<L3Instance>> _vrfsByTarget = [];
    private readonly Dictionary<ExtendedCommunity, int> _wanted = [];
    private int _telling;

    private void Import(EvpnPathEvent said)
    {
        // Our own routes come back from reflectors; what is ours is known better here.
        var attributes = said is { Source.IsLocal: false, Attributes: { NextHop: { } vtep } given } && !_ownAddresses.ContainsKey(vtep) ? given : null;
        if (attributes is not null && !IsVxlan(attributes))
        {
            Ignore($"{said.Source}: the encapsulation is not VXLAN");
            attributes = null;
        }

        switch (said)
        {
            case EvpnPathEvent.MacIp e:
                Replace(_macIp, (e.Source, e.Route.Key), attributes is null ? null : new MacIpPath(e.Source, e.Route, attributes));
                break;
            case EvpnPathEvent.Multicast e:
                Replace(_multicast, (e.Source, e.Route.Key), attributes is null ? null : FloodPath(e, attributes));
                break;
            case EvpnPathEvent.Prefix e:
                Replace(_prefixes, (e.Source, e.Route.Key), attributes is null ? null : RoutedPath(e, attributes));
                break;
            case EvpnPathEvent.AutoDiscovery e:
                Replace(_autoDiscovery, (e.Source, e.Route.Key), attributes is null ? null : new AutoDiscoveryPath(e.Source, e.Route, attributes));
                break;
            case EvpnPathEvent.Segment e:
                Replace(_segmentRoutes, (e.Source, e.Route.Key), attributes is null ? null : new SegmentPath(e.Source, e.Route, attributes));
                break;
            default:
                throw new ArgumentException($"{said.GetType().Name} is not known", nameof(said));
        }
    }

    private void Replace<TKey, TPath>(Dictionary<TKey, TPath> store, TKey key, TPath? path)
        where TKey : struct
        where TPath : ImportedPath
    {
        if (path is not null && !IsTaken(path))
        {
            path = null;
        }

        if (store.TryGetValue(key, out var before))
        {
            if (path is not null && before.Says(path) && before.Bridges.AsSpan().SequenceEqual(path.Bridges) && before.Vrfs.AsSpan().SequenceEqual(path.Vrfs))
            {
                before.Telling = _telling;
                return;
            }

            store.Remove(key);
            Detach(before);
        }

        if (path is not null)
        {
            path.Telling = _telling;
            store[key] = path;
            Attach(path);
        }
    }

    /// <summary>Asks anew who takes these paths, after a change of the configuration.</summary>
    private void ImportAnew(IEnumerable<ImportedPath> paths)
    {
        foreach (var path in paths)
        {
            Detach(path);
            if (IsTaken(path))
            {
                Attach(path);
            }
            else
            {
                Forget(path);
            }
        }
    }

    /// <summary>All paths that are kept and fit go.</summary>
    private void Drop(Func<ImportedPath, bool> fits)
    {
        foreach (var path in ((IEnumerable<ImportedPath>)[.. _autoDiscovery.Values, .. _macIp.Values, .. _multicast.Values, .. _segmentRoutes.Values, .. _prefixes.Values]).Where(fits))
        {
            Detach(path);
            Forget(path);
        }
    }

    private void Forget(ImportedPath path)
    {
        switch (path)
        {
            case AutoDiscoveryPath p: _autoDiscovery.Remove((p.Source, p.Route.Key)); break;
            case MacIpPath p: _macIp.Remove((p.Source, p.Route.Key)); break;
            case MulticastPath p: _multicast.Remove((p.Source, p.Route.Key)); break;
            case SegmentPath p: _segmentRoutes.Remove((p.Source, p.Route.Key)); break;
            case PrefixRoutePath p: _prefixes.Remove((p.Source, p.Route.Key)); break;
        }
    }

    private static void Index<T>(Dictionary<RouteTarget, List<T>> index, IEnumerable<RouteTarget> targets, T instance)
    {
        foreach (var target in targets.Distinct())
        {
            if (!index.TryGetValue(target, out var instances))
            {
                index[target] = instances = [];
            }

            instances.Add(instance);
        }
    }

    private static void Unindex<T>(Dictionary<RouteTarget, List<T>> index, IEnumerable<RouteTarget> targets, T instance)
    {
        foreach (var target in targets.Distinct())
        {
            var instances = index[target];
            instances.Remove(instance);
            if (instances.Count == 0)
            {
                index.Remove(target);
            }
        }
    }

    /// <summary>Route targets come to be wanted here, or by one less.</summary>
    private void Want(IEnumerable<ExtendedCommunity> targets, bool wanted)
    {
        foreach (var target in targets.Distinct())
        {
            var count = _wanted.GetValueOrDefault(target) + (wanted ? 1 : -1);
            if (count == 0)
            {
                _wanted.Remove(target);
            }
            else
            {
                _wanted[target] = count;
            }

            if (count == (wanted ? 1 : 0))
            {
                _actions.Add(new VtepAction.TargetWanted(target, wanted));
            }
        }
    }

    /// <summary>An address comes to be an own one, or by one VNI less.</summary>
    private void Own(IpAddr? address, bool own)
    {
        if (address is not { } one)
        {
            return;
        }

        var count = _ownAddresses.GetValueOrDefault(one) + (own ? 1 : -1);
        if (count == 0)
        {
            _ownAddresses.Remove(one);
            _actions.Add(new VtepAction.TellAgain([]));
            return;
        }

        _ownAddresses[one] = count;
        if (own && count == 1)
        {
            Drop(p => p.Vtep == one);
        }
    }

    /// <summary>Sets who takes the path; false when nobody does.</summary>
    private bool IsTaken(ImportedPath path)
    {
        path.Bridges = Importers(_bridgesByTarget, path.Attributes);
        path.Vrfs = Importers(_vrfsByTarget, path.Attributes);
        switch (path)
        {
            case MacIpPath p:
                path.Bridges = [.. path.Bridges.Where(b => b.Config.Tag == p.Route.Key.Tag)];
                path.Vrfs = p.Route is { Key.Ip: not null, Label2.Vni: not null } ? path.Vrfs : [];
                break;
            case MulticastPath p:
                path.Bridges = [.. path.Bridges.Where(b => b.Config.Tag == p.Route.Key.Tag)];
                path.Vrfs = [];
                break;
            case PrefixRoutePath:
                path.Bridges = [];
                break;
            case AutoDiscoveryPath { Route.IsPerSegment: false } p:
                path.Bridges = [.. path.Bridges.Where(b => b.Config.Tag == p.Route.Key.Tag)];
                path.Vrfs = [];
                break;
            case SegmentPath p:
                return _localSegments.TryGetValue(p.Route.Key.Esi, out var segment)
                    && path.Attributes.ExtendedCommunities.Contains(segment.Config.EsImportCommunity);
        }

        return path.Bridges.Length > 0 || path.Vrfs.Length > 0;
    }

    private static T[] Importers<T>(Dictionary<RouteTarget, List<T>> index, PathAttributes attributes)
    {
        List<T>? found = null;
        foreach (var community in attributes.ExtendedCommunities)
        {
            if (community.RouteTarget is { } target && index.TryGetValue(target, out var instances))
            {
                (found ??= []).AddRange(instances);
            }
        }

        return found is null ? [] : [.. found.Distinct()];
    }

    private void Attach(ImportedPath path)
    {
        switch (path)
        {
            case MacIpPath p:
                foreach (var bridge in p.Bridges)
                {
                    Get(bridge.Macs, p.Mac).Remote.Add(p);
                    if (p.Route.Key.Ip is { } ip)
                    {
                        Get(bridge.Neighbors, ip).Remote.Add(p);
                    }
                }

                foreach (var vrf in p.Vrfs)
                {
                    Get(vrf.Hosts, p.Route.Key.Ip!.Value, PathOrder.Mobility).Add(p);
                }

                break;
            case MulticastPath p:
                foreach (var bridge in p.Bridges)
                {
                    Get(bridge.Flood, p.Endpoint, PathOrder.Multicast).Add(p);
                }

                break;
            case PrefixRoutePath p:
                foreach (var vrf in p.Vrfs)
                {
                    Get(vrf.Prefixes, p.Route.Key.Prefix, PathOrder.Prefix).Add(p);
                }

                break;
            case AutoDiscoveryPath { Route.IsPerSegment: true } p:
                Get(Get(_remoteSegments, p.Route.Key.Esi).ByVtep, p.Vtep, PathOrder.AutoDiscovery).Add(p);
                Array.ForEach(p.Bridges, b => b.WholeSegments.Add(p));
                Array.ForEach(p.Vrfs, v => v.WholeSegments.Add(p));
                break;
            case AutoDiscoveryPath p:
                foreach (var bridge in p.Bridges)
                {
                    Get(Get(bridge.Segments, p.Route.Key.Esi).ByVtep, p.Vtep, PathOrder.AutoDiscovery).Add(p);
                }

                break;
            case SegmentPath p:
                Get(_localSegments[p.Route.Key.Esi].Routers, p.Route.Key.Originator, PathOrder.Segment).Add(p);
                break;
        }

        Touch(path);
    }

    private void Detach(ImportedPath path)
    {
        Touch(path);
        switch (path)
        {
            case MacIpPath p:
                foreach (var bridge in p.Bridges)
                {
                    bridge.Macs[p.Mac].Remote.Remove(p);
                    if (p.Route.Key.Ip is { } ip)
                    {
                        bridge.Neighbors[ip].Remote.Remove(p);
                    }
                }

                foreach (var vrf in p.Vrfs)
                {
                    Drop(vrf.Hosts, p.Route.Key.Ip!.Value, p);
                }

                break;
            case MulticastPath p:
                foreach (var bridge in p.Bridges)
                {
                    Drop(bridge.Flood, p.Endpoint, p);
                }

                break;
            case PrefixRoutePath p:
                foreach (var vrf in p.Vrfs)
                {
                    Drop(vrf.Prefixes, p.Route.Key.Prefix, p);
                }

                break;
            case AutoDiscoveryPath { Route.IsPerSegment: true } p:
                DropAttachment(_remoteSegments, p);
                Array.ForEach(p.Bridges, b => b.WholeSegments.Remove(p));
                Array.ForEach(p.Vrfs, v => v.WholeSegments.Remove(p));
                break;
            case AutoDiscoveryPath p:
                foreach (var bridge in p.Bridges)
                {
                    DropAttachment(bridge.Segments, p);
                }

                break;
            case SegmentPath p when _localSegments.TryGetValue(p.Route.Key.Esi, out var segment):
                Drop(segment.Routers, p.Route.Key.Originator, p);
                break;
        }
    }

    private static void DropAttachment(Dictionary<EthernetSegmentId, Attachments> segments, AutoDiscoveryPath path)
    {
        var attachments = segments[path.Route.Key.Esi];
        Drop(attachments.ByVtep, path.Vtep, path);
        if (attachments.ByVtep.Count == 0)
        {
            segments.Remove(path.Route.Key.Esi);
        }
    }

    private static TValue Get<TKey, TValue>(Dictionary<TKey, TValue> table, TKey key)
        where TKey : struct
        where TValue : class, new()
    {
        if (!table.TryGetValue(key, out var value))
        {
            table[key] = value = new();
        }

        return value;
    }

    private static SortedSet<TPath> Get<TKey, TPath>(IDictionary<TKey, SortedSet<TPath>> table, TKey key, IComparer<TPath> order)
        where TKey : struct
    {
        if (!table.TryGetValue(key, out var set))
        {
            table[key] = set = new(order);
        }

        return set;
    }

    private static void Drop<TKey, TPath>(IDictionary<TKey, SortedSet<TPath>> table, TKey key, TPath path)
        where TKey : struct
    {
        if (table.TryGetValue(key, out var set) && set.Remove(path) && set.Count == 0)
        {
            table.Remove(key);
        }
    }

    /// <summary>No encapsulation community means what this fabric uses anyway (RFC 8365 section 5.1.3 wants one; some senders leave it out).</summary>
    private static bool IsVxlan(PathAttributes attributes)
    {
        var other = false;
        foreach (var community in attributes.ExtendedCommunities)
        {
            if (community.TunnelType is { } type)
            {
                if (type == ExtendedCommunity.VxlanTunnel)
                {
                    return true;
                }

                other = true;
            }
        }

        return !other;
    }

    private MulticastPath? FloodPath(EvpnPathEvent.Multicast said, PathAttributes attributes)
    {
        if (attributes.PmsiTunnel is not { TunnelType: PmsiTunnel.IngressReplication } tunnel)
        {
            Ignore($"{said.Source}: the tunnel of the multicast route of {said.Route.Key.Originator} is not ingress replication");
            return null;
        }

        return new(said.Source, said.Route, attributes, tunnel.Endpoint ?? attributes.NextHop.GetValueOrDefault());
    }

    /// <summary>What a prefix route points to, by the table of RFC 9136 section 3.2; null for a combination that is to be treated as withdrawn.</summary>
    private PrefixRoutePath? RoutedPath(EvpnPathEvent.Prefix said, PathAttributes attributes)
    {
        var route = said.Route;
        var gateway = route.Gateway.IsUnspecified ? (IpAddr?)null : route.Gateway;
        var mac = attributes.RouterMac;
        var vtep = attributes.NextHop.GetValueOrDefault();
        var shown = (route.Esi.IsZero, gateway, mac, route.Label.Vni) switch
        {
            (false, null, _, _) => new PrefixPath(OverlayIndex.Segment, vtep, null, mac, null, route.Esi),
            (true, { } via, _, _) => new PrefixPath(OverlayIndex.Gateway, vtep, null, null, via, default),
            (true, null, { } router, null) => new PrefixPath(OverlayIndex.RouterMac, vtep, null, router, null, default),
            (true, null, _, { } label) => new PrefixPath(OverlayIndex.None, vtep, label, mac, null, default),
            _ => null,
        };
        if (shown is null)
        {
            Ignore($"{said.Source}: the prefix route {route.Key.Prefix} has {(route.Esi.IsZero ? "neither overlay index nor VNI" : "two overlay indexes")}");
            return null;
        }

        return new(said.Source, route, attributes, shown);
    }
}
