using System.Collections.Immutable;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>The EVPN routes of all peers. Writers come in batches; queries see the table between two batches.</summary>
internal sealed class EvpnRib
{
    private readonly Lock _lock = new();
    private readonly AttributeInterner _interner = new();
    private readonly RouteTable<MacIpKey, MacIpRoute> _macIp;
    private readonly RouteTable<MulticastKey, MulticastRoute> _multicast;
    private readonly RouteTable<PrefixKey, PrefixRoute> _prefix;
    private readonly RouteTable<OpaqueRoute, OpaqueRoute> _opaque;
    private long _version;

    public EvpnRib()
    {
        _macIp = new(_interner);
        _multicast = new(_interner);
        _prefix = new(_interner);
        _opaque = new(_interner);
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _macIp.Count + _multicast.Count + _prefix.Count + _opaque.Count;
            }
        }
    }

    /// <summary>Distinct attribute sets held.</summary>
    public int AttributeSets
    {
        get
        {
            lock (_lock)
            {
                return _interner.Count;
            }
        }
    }

    public long Version => Volatile.Read(ref _version);

    /// <summary>Opens a batch: the table is locked until it is disposed. With <paramref name="collect"/> the changes are kept as views.</summary>
    public Batch Begin(bool collect)
    {
        _lock.Enter();
        return new Batch(this, collect);
    }

    public EvpnSnapshot Query(EvpnRouteFilter? filter)
    {
        filter ??= new();
        var views = new List<EvpnRouteView>();
        List<KeyValuePair<MacIpKey, RibPath<MacIpRoute>[]>> macIp;
        List<KeyValuePair<MulticastKey, RibPath<MulticastRoute>[]>> multicast;
        List<KeyValuePair<PrefixKey, RibPath<PrefixRoute>[]>> prefix;
        List<KeyValuePair<OpaqueRoute, RibPath<OpaqueRoute>[]>> opaque;
        long version;

        // Under the lock only keys are looked at; the rest works on arrays that never change.
        lock (_lock)
        {
            version = _version;
            macIp = [.. _macIp.Entries.Where(e => filter.MatchesKey((byte)EvpnRouteType.MacIp, e.Key.Rd, e.Key.Mac, e.Key.Ip, null))];
            multicast = [.. _multicast.Entries.Where(e => filter.MatchesKey((byte)EvpnRouteType.Multicast, e.Key.Rd, null, e.Key.Originator, null))];
            prefix = [.. _prefix.Entries.Where(e => filter.MatchesKey((byte)EvpnRouteType.Prefix, e.Key.Rd, null, null, e.Key.Prefix))];
            opaque = [.. _opaque.Entries.Where(e => filter.MatchesKey(e.Key.Type, null, null, null, null))];
        }

        Show(macIp, static (p, f) => f.MatchesPath(p.Peer, p.Attributes, p.Route.Label1, p.Route.Label2), EvpnViews.Of, filter, views);
        Show(multicast, static (p, f) => f.MatchesPath(p.Peer, p.Attributes, p.Attributes.PmsiTunnel?.Label, null), EvpnViews.Of, filter, views);
        Show(prefix, static (p, f) => f.MatchesPath(p.Peer, p.Attributes, p.Route.Label, null), EvpnViews.Of, filter, views);
        Show(opaque, static (p, f) => f.MatchesPath(p.Peer, p.Attributes, null, null), EvpnViews.Of, filter, views);
        views.Sort(EvpnRouteView.ListOrder);
        return new(version, [.. views]);
    }

    /// <summary>Views are made only of routes of which some path may match.</summary>
    private static void Show<TKey, TRoute>(
        List<KeyValuePair<TKey, RibPath<TRoute>[]>> entries,
        Func<RibPath<TRoute>, EvpnRouteFilter, bool> matchesPath,
        Func<TKey, RibPath<TRoute>[], EvpnRouteView> view,
        EvpnRouteFilter filter,
        List<EvpnRouteView> into)
    {
        foreach (var (key, paths) in entries)
        {
            foreach (var path in paths)
            {
                if (matchesPath(path, filter))
                {
                    var candidate = view(key, paths);
                    if (filter.Matches(candidate))
                    {
                        into.Add(candidate);
                    }

                    break;
                }
            }
        }
    }

    /// <summary>Changes applied under one lock.</summary>
    internal sealed class Batch(EvpnRib rib, bool collect) : IDisposable
    {
        private readonly ImmutableArray<EvpnChange>.Builder _changes = ImmutableArray.CreateBuilder<EvpnChange>();
        private bool _dirty;

        /// <summary>Applies an UPDATE. Routes that must be treated as withdrawn are withdrawn.</summary>
        public void Apply(RibPeer peer, UpdateMessage update, DateTimeOffset now)
        {
            Withdraw(peer, update.EvpnWithdrawn);
            if (update.Action >= ErrorAction.TreatAsWithdraw || update.Attributes is not { } attributes)
            {
                Withdraw(peer, update.EvpnAnnounced);
                return;
            }

            var announced = update.EvpnAnnounced;
            foreach (var route in announced.MacIp)
            {
                Announce(rib._macIp, route.Key, new(peer, route, attributes, now), EvpnViews.Of);
            }

            foreach (var route in announced.Multicast)
            {
                Announce(rib._multicast, route.Key, new(peer, route, attributes, now), EvpnViews.Of);
            }

            foreach (var route in announced.Prefix)
            {
                Announce(rib._prefix, route.Key, new(peer, route, attributes, now), EvpnViews.Of);
            }

            foreach (var route in announced.Opaque)
            {
                Announce(rib._opaque, route.Key, new(peer, route, attributes, now), EvpnViews.Of);
            }
        }

        /// <summary>Removes everything a peer has sent.</summary>
        public void Flush(RibPeer peer)
        {
            rib._macIp.KeysOf(peer).ForEach(k => Withdraw(rib._macIp, k, peer, EvpnViews.Of));
            rib._multicast.KeysOf(peer).ForEach(k => Withdraw(rib._multicast, k, peer, EvpnViews.Of));
            rib._prefix.KeysOf(peer).ForEach(k => Withdraw(rib._prefix, k, peer, EvpnViews.Of));
            rib._opaque.KeysOf(peer).ForEach(k => Withdraw(rib._opaque, k, peer, EvpnViews.Of));
        }

        /// <summary>The changes so far as one batch; null when there are none or none were collected.</summary>
        public EvpnChangeBatch? Changes() => _changes.Count == 0 ? null : new(rib._version + 1, _changes.ToImmutable(), Resync: false);

        public void Dispose()
        {
            if (_dirty)
            {
                Volatile.Write(ref rib._version, rib._version + 1);
            }

            rib._lock.Exit();
        }

        private void Withdraw(RibPeer peer, EvpnRouteSet routes)
        {
            foreach (var route in routes.MacIp)
            {
                Withdraw(rib._macIp, route.Key, peer, EvpnViews.Of);
            }

            foreach (var route in routes.Multicast)
            {
                Withdraw(rib._multicast, route.Key, peer, EvpnViews.Of);
            }

            foreach (var route in routes.Prefix)
            {
                Withdraw(rib._prefix, route.Key, peer, EvpnViews.Of);
            }

            foreach (var route in routes.Opaque)
            {
                Withdraw(rib._opaque, route.Key, peer, EvpnViews.Of);
            }
        }

        private void Announce<TKey, TRoute>(
            RouteTable<TKey, TRoute> table, TKey key, RibPath<TRoute> path, Func<TKey, RibPath<TRoute>[], EvpnRouteView> view)
            where TKey : struct, IEquatable<TKey>
            where TRoute : struct, IEquatable<TRoute>
        {
            if (table.Announce(key, path) is { } kind)
            {
                _dirty = true;
                if (collect)
                {
                    _changes.Add(new(kind, view(key, table.Find(key))));
                }
            }
        }

        private void Withdraw<TKey, TRoute>(RouteTable<TKey, TRoute> table, TKey key, RibPeer peer, Func<TKey, RibPath<TRoute>[], EvpnRouteView> view)
            where TKey : struct, IEquatable<TKey>
            where TRoute : struct, IEquatable<TRoute>
        {
            if (table.Withdraw(key, peer, out var before) is { } kind)
            {
                _dirty = true;
                if (collect)
                {
                    _changes.Add(new(kind, view(key, kind == EvpnChangeKind.Removed ? before : table.Find(key))));
                }
            }
        }
    }
}
