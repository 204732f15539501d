using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>
/// Knows what should stand in the maps, and tells how to get there from what was told last. A change of the state costs what the VPCs cost that have
/// changed; a route that is learnt costs itself. For one caller at a time; after each change that is carried out, <see cref="Settle"/>.
/// </summary>
internal sealed class Planner
{
    private readonly Indices _indices;
    private readonly Settings _settings;
    private readonly Dictionary<int, VpcPlan> _vpcs = [];
    private readonly Dictionary<Vni, VpcPlan> _vnis = [];
    private readonly Dictionary<IpPrefix, PublicGateway> _publicRoutes = [];
    private readonly PrefixLengths _publicLengths = new();
    private readonly Dictionary<HopOwner, uint> _hops = [];
    private NodePlan? _node;

    /// <param name="capacities">Sizes of the maps.</param>
    /// <param name="settings">Timeouts.</param>
    internal Planner(Capacities capacities, in Settings settings)
    {
        _indices = new Indices(capacities);
        _settings = settings;
    }

    /// <summary>Indices, to take up those that the maps have from an earlier run.</summary>
    internal Indices Indices => _indices;

    /// <summary>Counts of changes of policy by realm, as the maps have them from an earlier run: no session may take a new count for an old one.</summary>
    internal Dictionary<uint, uint> Policies { get; } = [];

    /// <summary>Takes a state as the wanted one.</summary>
    /// <param name="state">The state.</param>
    /// <param name="interfaces">Interface numbers by name.</param>
    /// <exception cref="CapacityException">A map is too small. Nothing has changed.</exception>
    internal MapChange Apply(SoftGateState state, IReadOnlyDictionary<string, uint> interfaces)
    {
        var node = NodePlan.Compile(state, interfaces, _settings);
        var slices = VpcSlice.Of(state);
        var parts = new List<(MapContents Before, MapContents After)>();
        var nodeChanged = _node is null || MapChange.Between(_node.Maps, node.Maps) is { IsEmpty: false };
        var compiled = new List<(VpcSlice Slice, SliceContents Contents)>();
        try
        {
            foreach (var (uid, slice) in slices)
            {
                if (nodeChanged || !_vpcs.TryGetValue(uid, out var known) || known.Slice != slice)
                {
                    compiled.Add((slice, SliceCompiler.Compile(slice, node, _indices)));
                }
            }
        }
        catch
        {
            compiled.ForEach(c => Free(c.Contents));
            throw;
        }

        foreach (var uid in _vpcs.Keys.Where(uid => !slices.ContainsKey(uid)).ToList())
        {
            var gone = _vpcs[uid];
            parts.Add((gone.Render(this), new MapContents()));
            Free(gone.Contents);
            _vpcs.Remove(uid);
            foreach (var vni in gone.Contents.VNets.Keys)
            {
                _vnis.Remove(vni);
            }

            Return(gone, now: null);
        }

        foreach (var (slice, contents) in compiled)
        {
            if (_vpcs.TryGetValue(slice.Vpc.Uid, out var plan))
            {
                var before = plan.Render(this);
                Free(plan.Contents);
                foreach (var vni in plan.Contents.VNets.Keys.Except(contents.VNets.Keys))
                {
                    _vnis.Remove(vni);
                }

                Return(plan, contents);
                plan.Take(slice, contents);
                parts.Add((before, plan.Render(this)));
            }
            else
            {
                var realm = _indices.Vpcs.Of(slice.Vpc.Uid);
                plan = new VpcPlan(realm, Policies.GetValueOrDefault(realm));
                plan.Take(slice, contents);
                _vpcs.Add(slice.Vpc.Uid, plan);
                parts.Add((new MapContents(), plan.Render(this)));
            }

            foreach (var vni in contents.VNets.Keys)
            {
                _vnis[vni] = plan;
            }
        }

        parts.Add((_node is null ? new MapContents() : RenderNode(_node), RenderNode(node)));
        _node = node;
        return WithHops(MapChange.Between(parts));
    }

    /// <summary>A host of a VPC is at a place, or nowhere any more (null).</summary>
    /// <param name="vni">VNI of the V-Net, or the L3VNI.</param>
    /// <param name="address">The host.</param>
    /// <param name="place">Where it is.</param>
    internal MapChange LearnHost(Vni vni, IpAddr address, Place? place)
    {
        if (!_vnis.TryGetValue(vni, out var plan))
        {
            return MapChange.Between(new MapContents(), new MapContents());
        }

        var touched = plan.Contents.StaticRoutes.Where(r => r.Value == address).Select(r => r.Key).ToList();
        return WithHops(plan.Change(this, [address], touched, () =>
        {
            if (place is { } known)
            {
                plan.Hosts[address] = known;
            }
            else
            {
                plan.Hosts.Remove(address);
            }
        }));
    }

    /// <summary>A prefix of a VPC is at a place, or nowhere any more (null).</summary>
    /// <param name="l3Vni">L3VNI of the VPC.</param>
    /// <param name="prefix">The prefix.</param>
    /// <param name="place">Where it is.</param>
    internal MapChange LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place)
    {
        if (!_vnis.TryGetValue(l3Vni, out var plan))
        {
            return MapChange.Between(new MapContents(), new MapContents());
        }

        return WithHops(plan.Change(this, [], [prefix], () =>
        {
            if (place is { } known)
            {
                plan.Prefixes[prefix] = known;
            }
            else
            {
                plan.Prefixes.Remove(prefix);
            }
        }));
    }

    /// <summary>A prefix outside all VPCs is reached through a router, or not at all any more (null).</summary>
    internal MapChange LearnPublic(IpPrefix prefix, PublicGateway? gateway)
    {
        var before = _node is null ? new MapContents() : RenderNode(_node);
        if (gateway is { } through)
        {
            if (_publicRoutes.TryAdd(prefix, through))
            {
                _publicLengths.Add(prefix);
            }

            _publicRoutes[prefix] = through;
        }
        else if (_publicRoutes.Remove(prefix))
        {
            _publicLengths.Remove(prefix);
        }

        return WithHops(MapChange.Between(before, _node is null ? new MapContents() : RenderNode(_node)));
    }

    /// <summary>The last change is carried out: what it has freed may be used again.</summary>
    internal void Settle() => _indices.Settle();

    /// <summary>Everything that should stand in the maps, to compare with what does.</summary>
    internal MapContents Wanted()
    {
        var all = new MapContents();
        foreach (var plan in _vpcs.Values)
        {
            Copy(plan.Render(this));
        }

        if (_node is { } node)
        {
            Copy(RenderNode(node));
        }

        foreach (var (owner, index) in _hops)
        {
            Copy(RenderHop(owner, index));
        }

        return all;

        void Copy(MapContents part)
        {
            foreach (var (key, value) in part.Entries)
            {
                all.Add(key, value);
            }
        }
    }

    internal uint HopOf(HopOwner owner)
    {
        if (!_hops.TryGetValue(owner, out var index))
        {
            index = _indices.Hops.Of(owner);
            _hops.Add(owner, index);
            _newHops.Add((owner, index));
        }

        return index;
    }

    private readonly List<(HopOwner Owner, uint Index)> _newHops = [];

    private static MapContents RenderHop(HopOwner owner, uint index)
    {
        var maps = new MapContents();
        maps.Add(MapId.Hops, index, owner.Gateway is { } gateway
            ? new Hop { Kind = (uint)HopKind.Gateway, Address = Address16.Of(gateway.Address), Ifindex = gateway.Port, Vlan = gateway.Vlan }
            : new Hop { Kind = (uint)HopKind.Vtep, Address = Address16.Of(owner.Vtep!.Value) });
        return maps;
    }

    /// <summary>Adds the hops that were met for the first time. Hops stay: there are as many as VTEPs.</summary>
    private MapChange WithHops(MapChange change)
    {
        if (_newHops.Count == 0)
        {
            return change;
        }

        var before = new List<MapWrite>();
        foreach (var (owner, index) in _newHops)
        {
            before.AddRange(RenderHop(owner, index).Entries.Select(e => new MapWrite(e.Key, e.Value)));
        }

        _newHops.Clear();
        return change.Before(before);
    }

    private MapContents RenderNode(NodePlan node)
    {
        var maps = new MapContents();
        foreach (var (key, value) in node.Maps.Entries)
        {
            if (key.Map != MapId.Vpcs)
            {
                maps.Add(key, value);
            }
        }

        maps.Add(MapId.Vpcs, 0u, new Vpc
        {
            Flags = (uint)VpcFlags.Present,
            Policy = 1,
            Prefixes4 = _publicLengths.Bits4,
            Prefixes6 = _publicLengths.Bits6,
        });
        foreach (var (prefix, gateway) in _publicRoutes)
        {
            maps.Add(MapId.Prefixes, SliceCompiler.KeyOf(0, prefix), new Route { Hop = HopOf(new(null, gateway)) });
        }

        return maps;
    }

    private static void Free(SliceContents contents)
    {
        foreach (var (space, first, count) in contents.Ranges)
        {
            space.Return(first, count);
        }
    }

    /// <summary>Gives back the indices of what a VPC no longer has.</summary>
    private void Return(VpcPlan before, SliceContents? now)
    {
        var slice = before.Slice;
        var stays = now?.VNets.Values.ToHashSet() ?? [];
        foreach (var vnet in slice.VNets)
        {
            var owner = new VNetOwner(IsL3: false, vnet.Uid);
            if (_indices.VNets.TryGet(owner, out var index) && !stays.Contains(index))
            {
                _indices.VNets.Return(owner);
            }
        }

        if (now is null)
        {
            _indices.VNets.Return(new(IsL3: true, slice.Vpc.Uid));
            _indices.Vpcs.Return(slice.Vpc.Uid);
        }

        foreach (var rule in slice.Nat.Where(n => n.Kind == SoftGateNatKind.Source))
        {
            if (_indices.Pools.TryGet(rule.Uid, out var pool) && now?.Maps.Contains(MapId.Pools, pool) != true)
            {
                _indices.Pools.Return(rule.Uid);
            }
        }
    }

    /// <summary>One VPC: its slice, and what was learnt of it.</summary>
    private sealed class VpcPlan(uint realm, uint policy)
    {
        private readonly PrefixLengths _prefixLengths = new();
        private readonly PrefixLengths _sourceLengths = new();
        private uint _policy = policy;

        internal VpcSlice Slice { get; private set; } = null!;

        internal SliceContents Contents { get; private set; } = new();

        internal Dictionary<IpAddr, Place> Hosts { get; } = [];

        internal Dictionary<IpPrefix, Place> Prefixes { get; } = [];

        internal void Take(VpcSlice slice, SliceContents contents)
        {
            foreach (var vni in Contents.VNets.Keys.Except(contents.VNets.Keys).ToHashSet())
            {
                foreach (var host in Hosts.Where(h => h.Value.Vni == vni).Select(h => h.Key).ToList())
                {
                    Hosts.Remove(host);
                }
            }

            Move(_sourceLengths, Contents.Sources, contents.Sources);
            Slice = slice;
            Contents = contents;
            _policy++;
        }

        /// <summary>All entries of the VPC.</summary>
        internal MapContents Render(Planner planner)
        {
            var maps = new MapContents();
            foreach (var (key, value) in Contents.Maps.Entries)
            {
                maps.Add(key, value);
            }

            foreach (var address in Hosts.Keys.Union(Contents.Known.Keys))
            {
                RenderHost(planner, maps, address);
            }

            foreach (var prefix in Prefixes.Keys.Union(Contents.StaticRoutes.Keys))
            {
                RenderPrefix(planner, maps, prefix);
            }

            RenderRow(maps);
            return maps;
        }

        /// <summary>A change of few hosts and prefixes, without looking at the others.</summary>
        internal MapChange Change(Planner planner, IReadOnlyList<IpAddr> hosts, IReadOnlyList<IpPrefix> prefixes, Action change)
        {
            var before = Part();
            change();
            return MapChange.Between(before, Part());

            MapContents Part()
            {
                var maps = new MapContents();
                foreach (var host in hosts)
                {
                    RenderHost(planner, maps, host);
                }

                foreach (var prefix in prefixes)
                {
                    RenderPrefix(planner, maps, prefix);
                    if (Contents.Prefixes.Contains(prefix))
                    {
                        var key = new EntryKey(MapId.Prefixes, MapContents.Octets(SliceCompiler.KeyOf(realm, prefix)));
                        maps.Add(key, Contents.Maps.Entries[key]);
                    }
                }

                RenderRow(maps);
                return maps;
            }
        }

        private static void Move(PrefixLengths lengths, IEnumerable<IpPrefix> before, IEnumerable<IpPrefix> after)
        {
            foreach (var prefix in after)
            {
                lengths.Add(prefix);
            }

            foreach (var prefix in before)
            {
                lengths.Remove(prefix);
            }
        }

        private void RenderRow(MapContents maps)
        {
            var row = Contents.Row;
            row.Policy = _policy;

            // Counted anew: a VPC has few prefixes, and none may be forgotten.
            var lengths = new PrefixLengths();
            foreach (var prefix in Contents.Prefixes)
            {
                lengths.Add(prefix);
            }

            foreach (var prefix in Prefixes.Keys)
            {
                lengths.Add(prefix);
            }

            foreach (var prefix in Contents.StaticRoutes.Keys)
            {
                lengths.Add(prefix);
            }

            row.Prefixes4 = lengths.Bits4;
            row.Prefixes6 = lengths.Bits6;
            row.Sources4 = _sourceLengths.Bits4;
            row.Sources6 = _sourceLengths.Bits6;
            maps.Add(MapId.Vpcs, realm, row);
        }

        private void RenderHost(Planner planner, MapContents maps, IpAddr address)
        {
            var known = Contents.Known.TryGetValue(address, out var host);
            var placed = Hosts.TryGetValue(address, out var place) && Contents.VNets.ContainsKey(place.Vni);
            if (!known && !placed)
            {
                return;
            }

            var route = placed
                ? RouteTo(planner, place)
                : new Route { Vnet = host.VNet, Mac = Mac6.Of(host.Mac), Flags = (ushort)RouteFlags.NoPath };
            route.Flags |= known ? (ushort)RouteFlags.Known : (ushort)0;
            maps.Add(MapId.Hosts, new HostKey { Realm = realm, Address = Address16.Of(address) }, route);
        }

        private void RenderPrefix(Planner planner, MapContents maps, IpPrefix prefix)
        {
            if (Contents.Prefixes.Contains(prefix))
            {
                return; // The VPC's own comes first.
            }

            Route route;
            if (Contents.StaticRoutes.TryGetValue(prefix, out var nextHop))
            {
                route = Hosts.TryGetValue(nextHop, out var at) && Contents.VNets.ContainsKey(at.Vni)
                    ? RouteTo(planner, at)
                    : new Route { Flags = (ushort)RouteFlags.NoPath };
            }
            else if (Prefixes.TryGetValue(prefix, out var place) && Contents.VNets.ContainsKey(place.Vni))
            {
                route = RouteTo(planner, place);
            }
            else
            {
                return;
            }

            maps.Add(MapId.Prefixes, SliceCompiler.KeyOf(realm, prefix), route);
        }

        private Route RouteTo(Planner planner, Place place) =>
            new() { Hop = planner.HopOf(new(place.Vtep, null)), Vnet = Contents.VNets[place.Vni], Mac = Mac6.Of(place.Mac) };
    }
}
