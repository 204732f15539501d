using Fabric.Primitives;
using Fabric.SoftGate.Balancing;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>
/// Knows what should stand in the maps, and tells how to get there from what was told last. A change of the state costs what the VPCs cost that have
/// changed; a route that is learnt costs itself. For one caller at a time; after each change that is carried out, <see cref="Settle"/>.
/// </summary>
internal sealed class Planner
{
    private static readonly EntryKey PublicRow = EntryKey.Of(MapId.Vpcs, 0u);

    private readonly Capacities _capacities;
    private readonly Settings _settings;
    private readonly Dictionary<EntryKey, byte[]> _wanted = [];
    private readonly int[] _counts = new int[MapIds.All.Length];
    private readonly Dictionary<int, VpcPlan> _vpcs = [];
    private readonly Dictionary<Vni, VpcPlan> _vnis = [];
    private readonly Dictionary<int, BalancerState> _balancers = [];
    private readonly Dictionary<int, VpcPlan> _balancerVpcs = [];
    private readonly Dictionary<IpPrefix, PublicGateway> _publicRoutes = [];
    private readonly Dictionary<IpPrefix, int> _intoVpcs = [];
    private readonly PrefixLengths _publicLengths = new();
    private readonly PrefixLengths _publicSources = new();
    private readonly Dictionary<uint, uint> _policies = [];
    private readonly SortedDictionary<int, IReadOnlyList<string>> _refusals = [];
    private SoftGateState? _state;
    private NodePlan? _node;

    /// <param name="capacities">Sizes of the maps.</param>
    /// <param name="settings">Timeouts.</param>
    internal Planner(Capacities capacities, in Settings settings)
    {
        _capacities = capacities;
        _settings = settings;
        Indices = new Indices(capacities);
        Lists = new ListStore(capacities);
        Tables = new MaglevTables(new RangeSpace("maglev", 0, capacities.MaglevCells));
    }

    /// <summary>Indices, to take up those that the maps have from an earlier run.</summary>
    internal Indices Indices { get; }

    /// <summary>Lists, for the same.</summary>
    internal ListStore Lists { get; }

    /// <summary>Tables of balancers, for the same.</summary>
    internal MaglevTables Tables { get; }

    /// <summary>Meters, for the same.</summary>
    internal MeterHints Meters { get; } = new();

    /// <summary>Parts of the last state that are not in force, and why.</summary>
    internal IReadOnlyList<string> Refusals => [.. Lists.Refusals, .. _refusals.Values.SelectMany(static r => r)];

    /// <summary>Everything that should stand in the maps, to compare with what does.</summary>
    internal IReadOnlyDictionary<EntryKey, byte[]> Wanted => _wanted;

    /// <summary>
    /// The count of changes of policy of a realm, as the maps have it from an earlier run, of a VPC that is gone too: no session may take a new
    /// count for an old one.
    /// </summary>
    /// <param name="realm">The realm.</param>
    /// <param name="policy">The count.</param>
    /// <param name="gone">Its VPC was gone already.</param>
    internal void RestorePolicy(uint realm, uint policy, bool gone) => _policies[realm] = gone ? policy - 1 : policy;

    /// <summary>What is known of a balancer from an earlier run.</summary>
    internal BalancerState StateOf(int balancer)
    {
        if (!_balancers.TryGetValue(balancer, out var state))
        {
            state = new BalancerState();
            _balancers.Add(balancer, state);
        }

        return state;
    }

    /// <summary>Takes a state as the wanted one.</summary>
    /// <param name="state">The state.</param>
    /// <param name="interfaces">Interface numbers by name.</param>
    /// <exception cref="CapacityException">A map is too small. Nothing has changed.</exception>
    /// <exception cref="StateException">The state contradicts itself. Nothing has changed.</exception>
    internal MapChange Apply(SoftGateState state, IReadOnlyDictionary<string, uint> interfaces)
    {
        var node = NodePlan.Compile(state, interfaces, _settings);
        var lists = Lists.Prepare(ListsOf(state));
        var compiled = new List<(VpcSlice Slice, SliceContents Contents)>();
        var needs = new SliceNeeds
        {
            Node = node,
            Indices = Indices,
            Tables = Tables,
            VersionOf = owner => Lists.VersionOf(lists, owner),
            StateOf = StateOf,
            Hints = Meters,
        };
        List<int> gone;
        Draft draft;
        try
        {
            var affected = Affected(state, node, lists);
            var slices = VpcSlice.Of(state, affected);
            foreach (var slice in slices.Values)
            {
                compiled.Add((slice, SliceCompiler.Compile(slice, needs)));
            }

            gone = (affected ?? (IEnumerable<int>)_vpcs.Keys).Where(uid => _vpcs.ContainsKey(uid) && !slices.ContainsKey(uid)).ToList();
            draft = DraftOf(node, compiled, gone);
            draft.Check(_counts);
        }
        catch
        {
            compiled.ForEach(c => needs.Release(c.Contents));
            Lists.Undo(lists);
            Indices.Undo();
            throw;
        }

        // Nothing fails from here on.
        Lists.Commit(lists, draft);
        Commit(draft, compiled, gone, needs);
        _node = node;
        _state = state;
        Meters.Clear();
        SetPublicRow(draft);
        Indices.Keep();
        return draft.Commit(_counts);
    }

    /// <summary>What sessions were judged by has changed in ways that nobody has counted: all are judged again.</summary>
    internal MapChange JudgeAgain()
    {
        var draft = NewDraft();
        foreach (var plan in _vpcs.Values)
        {
            plan.Policy++;
            draft.Set(plan.RowKey, MapContents.Octets(plan.Row));
        }

        return draft.Commit(_counts);
    }

    /// <summary>A host of a VPC is at a place, or nowhere any more (null).</summary>
    /// <param name="vni">VNI of the V-Net, or the L3VNI.</param>
    /// <param name="address">The host.</param>
    /// <param name="place">Where it is.</param>
    /// <exception cref="CapacityException">There is no room for it. Nothing has changed.</exception>
    internal MapChange LearnHost(Vni vni, IpAddr address, Place? place)
    {
        if (!_vnis.TryGetValue(vni, out var plan))
        {
            return new MapChange();
        }

        return Learn(plan.Hosts, address, place, draft =>
        {
            Put(draft, plan, address);
            foreach (var (prefix, nextHop) in plan.Contents.StaticRoutes)
            {
                if (nextHop == address)
                {
                    Put(draft, plan, prefix);
                }
            }
        });
    }

    /// <summary>A prefix of a VPC is at a place, or nowhere any more (null).</summary>
    /// <param name="l3Vni">L3VNI of the VPC.</param>
    /// <param name="prefix">The prefix.</param>
    /// <param name="place">Where it is.</param>
    /// <exception cref="CapacityException">There is no room for it. Nothing has changed.</exception>
    internal MapChange LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place)
    {
        if (!_vnis.TryGetValue(l3Vni, out var plan))
        {
            return new MapChange();
        }

        return Learn(plan.Prefixes, prefix, place, draft =>
        {
            Put(draft, plan, prefix);
            draft.Set(plan.RowKey, MapContents.Octets(plan.Row));
        });
    }

    /// <summary>A prefix outside all VPCs is reached through a router, or not at all any more (null).</summary>
    /// <exception cref="CapacityException">There is no room for it. Nothing has changed.</exception>
    internal MapChange LearnPublic(IpPrefix prefix, PublicGateway? gateway)
    {
        var had = _publicRoutes.ContainsKey(prefix);
        return Learn(_publicRoutes, prefix, gateway, draft =>
        {
            PutPublic(draft, prefix);
            var has = _publicRoutes.ContainsKey(prefix);
            if (has && !had)
            {
                _publicLengths.Add(prefix);
            }
            else if (had && !has)
            {
                _publicLengths.Remove(prefix);
            }

            had = has;
            SetPublicRow(draft);
        });
    }

    /// <summary>A back end is well or not, as probes have found.</summary>
    /// <exception cref="CapacityException">There is no room for another table. Nothing has changed but that the verdict is remembered.</exception>
    internal MapChange SetBackendHealth(int balancer, IpAddr address, ushort port, bool well)
    {
        if (!_balancerVpcs.TryGetValue(balancer, out var plan))
        {
            return new MapChange();
        }

        var unwell = StateOf(balancer).Unwell;
        return (well ? unwell.Remove((address, port)) : unwell.Add((address, port))) ? Rebalance(plan, balancer) : new MapChange();
    }

    /// <summary>Back ends of a balancer, and whether each is well as far as is known; none: there is no such balancer.</summary>
    internal IReadOnlyList<(BalancedBackend Backend, bool Well)> BackendsOf(int balancer) =>
        _balancerVpcs.TryGetValue(balancer, out var plan)
            ? [.. plan.Contents.Balancers[balancer].Backends.Select(b => (b, !StateOf(balancer).Unwell.Contains(BalancerPlan.NameOf(b))))]
            : [];

    /// <summary>Whether a back end is well as far as is known.</summary>
    internal bool IsWell(int balancer, IpAddr address, ushort port) => !_balancers.TryGetValue(balancer, out var state) || !state.Unwell.Contains((address, port));

    /// <summary>Weights of balancers with least connections follow the sessions that back ends have. To be called each second.</summary>
    /// <param name="sessions">Sessions of a back end by its index.</param>
    internal IEnumerable<MapChange> Balance(Func<uint, long> sessions)
    {
        foreach (var (uid, plan) in _balancerVpcs)
        {
            if (plan.Contents.Balancers[uid].Derive(StateOf(uid), sessions) is not null)
            {
                yield return Rebalance(plan, uid);
            }
        }
    }

    /// <summary>The last change is carried out: what it has freed may be used again.</summary>
    internal void Settle()
    {
        Indices.Settle();
        Lists.Settle();
        Tables.Settle();
    }

    private Draft NewDraft() => new(_wanted, _capacities.Tables);

    private static IEnumerable<(ListOwner Owner, SoftGateAccessList List)> ListsOf(SoftGateState state)
    {
        foreach (var list in state.AccessLists)
        {
            yield return (new(OfBalancer: false, list.Uid), list);
        }

        foreach (var balancer in state.Balancers)
        {
            if (balancer.Sources.Count > 0 && AccessLists.SourceRanges.ListOf(balancer) is { } list)
            {
                yield return (new(OfBalancer: true, balancer.Uid), list);
            }
        }
    }

    /// <summary>VPCs whose entries may be other ones; null: all.</summary>
    private HashSet<int>? Affected(SoftGateState state, NodePlan node, ListStore.Change lists)
    {
        if (_state is null || _node is null || !node.IsSameForVpcs(_node))
        {
            return null;
        }

        var affected = StateDifference.Vpcs(_state, state);
        var touched = lists.Touched.ToHashSet();
        if (touched.Count > 0)
        {
            foreach (var (uid, plan) in _vpcs)
            {
                if (plan.Slice.Lists.Any(l => touched.Contains(new(OfBalancer: false, l.Uid)))
                    || plan.Slice.Balancers.Any(b => touched.Contains(new(OfBalancer: true, b.Uid)))
                    || plan.Contents.Refusals.Count > 0)
                {
                    affected.Add(uid);
                }
            }
        }

        return affected;
    }

    /// <summary>Entries of the node and of slices; throws what can be wrong with them.</summary>
    private Draft DraftOf(NodePlan node, List<(VpcSlice Slice, SliceContents Contents)> compiled, List<int> gone)
    {
        var draft = NewDraft();
        foreach (var uid in gone)
        {
            RemoveSlice(draft, _vpcs[uid].Contents, now: null);
        }

        foreach (var (slice, contents) in compiled)
        {
            if (_vpcs.TryGetValue(slice.Vpc.Uid, out var plan))
            {
                RemoveSlice(draft, plan.Contents, contents);
            }
        }

        foreach (var key in _node?.Maps.Entries.Keys ?? [])
        {
            draft.Remove(key);
        }

        foreach (var (key, value) in node.Maps.Entries)
        {
            draft.Claim(key, value);
        }

        ClaimPublicPrefixes(compiled, gone);
        foreach (var (slice, contents) in compiled)
        {
            var before = _vpcs.GetValueOrDefault(slice.Vpc.Uid)?.Contents.Maps.Entries;
            foreach (var (key, value) in contents.Maps.Entries)
            {
                if (before?.TryGetValue(key, out var old) != true)
                {
                    if (key.Map == MapId.Prefixes)
                    {
                        draft.Set(key, value); // It may have been learnt, and is nobody else's.
                    }
                    else
                    {
                        draft.Claim(key, value);
                    }
                }
                else if (!old!.AsSpan().SequenceEqual(value))
                {
                    draft.Set(key, value);
                }
            }

            foreach (var table in contents.Balancers.Values.Select(static b => b.Table).OfType<MaglevTables.Shared>())
            {
                draft.Set(KeyOf(table), CellsOf(table));
            }

            // Values follow; here it is about room.
            Indices.Vpcs.TryGet(slice.Vpc.Uid, out var realm);
            foreach (var host in contents.Known.Keys)
            {
                draft.Set(VpcPlan.KeyOf(realm, host), []);
            }

            foreach (var prefix in contents.StaticRoutes.Keys)
            {
                draft.Set(VpcPlan.KeyOf(realm, prefix), []);
            }
        }

        return draft;
    }

    /// <summary>No prefix leads into two VPCs.</summary>
    private void ClaimPublicPrefixes(List<(VpcSlice Slice, SliceContents Contents)> compiled, List<int> gone)
    {
        var left = gone.Concat(compiled.Select(static c => c.Slice.Vpc.Uid)).ToHashSet();
        var claimed = new HashSet<IpPrefix>();
        foreach (var prefix in compiled.SelectMany(static c => c.Contents.PublicPrefixes))
        {
            if (!claimed.Add(prefix) || (_intoVpcs.TryGetValue(prefix, out var owner) && !left.Contains(owner)))
            {
                throw new StateException($"public prefix {prefix} is wanted by two VPCs");
            }
        }
    }

    private static void RemoveSlice(Draft draft, SliceContents before, SliceContents? now)
    {
        foreach (var key in before.Maps.Entries.Keys)
        {
            if (now?.Maps.Entries.ContainsKey(key) != true)
            {
                draft.Remove(key);
            }
        }
    }

    private void Commit(Draft draft, List<(VpcSlice Slice, SliceContents Contents)> compiled, List<int> gone, SliceNeeds needs)
    {
        var before = new List<SliceContents>();
        var touched = new HashSet<IpPrefix>();
        foreach (var uid in gone)
        {
            var plan = _vpcs[uid];
            before.Add(plan.Contents);
            Forget(draft, plan);
            _vpcs.Remove(uid);
            _refusals.Remove(uid);

            // Goes on counting when the realm is another VPC's.
            _policies[plan.Realm] = plan.Policy;
            draft.Set(plan.RowKey, MapContents.Octets(new Vpc { Policy = plan.Policy + 1 }));
        }

        foreach (var (slice, contents) in compiled)
        {
            var uid = slice.Vpc.Uid;
            if (!_vpcs.TryGetValue(uid, out var plan))
            {
                Indices.Vpcs.TryGet(uid, out var realm);

                // After a restart it stays as it was: who finds a difference counts it. A realm that was another VPC's is two further than that.
                plan = new VpcPlan(realm, !_policies.Remove(realm, out var policy) ? 1 : Indices.Vpcs.IsRestored(uid) ? policy : policy + 2);
                _vpcs.Add(uid, plan);
            }
            else
            {
                before.Add(plan.Contents);
                Leave(plan);
                if (!IsSame(plan.Contents, contents))
                {
                    plan.Policy++;
                }
            }

            var hosts = plan.Hosts.Keys.Concat(plan.Contents.Known.Keys).ToHashSet();
            plan.Take(slice, contents);
            foreach (var vni in contents.VNets.Keys)
            {
                _vnis[vni] = plan;
            }

            foreach (var balancer in contents.Balancers)
            {
                _balancerVpcs[balancer.Key] = plan;
                var known = StateOf(balancer.Key);
                known.Size = balancer.Value.Size;
                known.Restored = null;
            }

            hosts.UnionWith(contents.Known.Keys);
            foreach (var host in hosts)
            {
                Put(draft, plan, host);
            }

            foreach (var prefix in plan.AllPrefixes.ToList())
            {
                Put(draft, plan, prefix);
            }

            draft.Set(plan.RowKey, MapContents.Octets(plan.Row));
            if (contents.Refusals.Count > 0)
            {
                _refusals[uid] = contents.Refusals;
            }
            else
            {
                _refusals.Remove(uid);
            }
        }

        foreach (var (realm, policy) in _state is null ? _policies : [])
        {
            // Of VPCs that an earlier process has had.
            draft.Set(EntryKey.Of(MapId.Vpcs, realm), MapContents.Octets(new Vpc { Policy = policy + 1 }));
        }

        // The public side: what leads into VPCs comes before what was learnt.
        foreach (var contents in before)
        {
            foreach (var prefix in contents.PublicPrefixes)
            {
                _intoVpcs.Remove(prefix);
                _publicLengths.Remove(prefix);
                touched.Add(prefix);
            }

            foreach (var prefix in contents.PublicSources)
            {
                _publicSources.Remove(prefix);
            }
        }

        foreach (var (slice, contents) in compiled)
        {
            foreach (var prefix in contents.PublicPrefixes)
            {
                _intoVpcs[prefix] = slice.Vpc.Uid;
                _publicLengths.Add(prefix);
            }

            foreach (var prefix in contents.PublicSources)
            {
                _publicSources.Add(prefix);
            }
        }

        foreach (var prefix in touched)
        {
            PutPublic(draft, prefix);
        }

        ReturnPlaces(draft, before, compiled, needs);
    }

    /// <summary>Takes back the indices and tables that nobody has any more.</summary>
    private void ReturnPlaces(Draft draft, List<SliceContents> before, List<(VpcSlice Slice, SliceContents Contents)> compiled, SliceNeeds needs)
    {
        var kept = compiled.SelectMany(static c => c.Contents.Places).ToHashSet();
        foreach (var contents in before)
        {
            foreach (var (space, owner) in contents.Places)
            {
                if (!kept.Contains((space, owner)))
                {
                    space.Return(owner);
                }
            }

            needs.Release(contents);
            foreach (var (uid, balancer) in contents.Balancers)
            {
                RemoveTable(draft, balancer);
                if (!_balancerVpcs.ContainsKey(uid))
                {
                    _balancers.Remove(uid);
                }
            }
        }
    }

    private static void RemoveTable(Draft draft, BalancerPlan before)
    {
        if (before.Table is { Users: 0 } table)
        {
            draft.Remove(KeyOf(table));
        }
    }

    /// <summary>A VPC no longer has what its contents name.</summary>
    private void Leave(VpcPlan plan)
    {
        foreach (var vni in plan.Contents.VNets.Keys)
        {
            if (_vnis.TryGetValue(vni, out var owner) && owner == plan)
            {
                _vnis.Remove(vni);
            }
        }

        foreach (var uid in plan.Contents.Balancers.Keys)
        {
            if (_balancerVpcs.TryGetValue(uid, out var owner) && owner == plan)
            {
                _balancerVpcs.Remove(uid);
            }
        }
    }

    private void Forget(Draft draft, VpcPlan plan)
    {
        Leave(plan);
        foreach (var host in plan.Hosts.Keys.Union(plan.Contents.Known.Keys))
        {
            draft.Remove(plan.KeyOf(host));
        }

        foreach (var prefix in plan.AllPrefixes)
        {
            draft.Remove(plan.KeyOf(prefix));
        }
    }

    /// <summary>Whether sessions may be judged as before.</summary>
    private static bool IsSame(SliceContents before, SliceContents now) =>
        MapContents.Octets(before.Row).AsSpan().SequenceEqual(MapContents.Octets(now.Row))
        && MapChange.Between(before.Maps.Entries, now.Maps.Entries).IsEmpty
        && before.Known.Keys.ToHashSet().SetEquals(now.Known.Keys);

    private MapChange Learn<TKey, TValue>(Dictionary<TKey, TValue> learnt, TKey key, TValue? value, Action<Draft> put)
        where TKey : notnull
        where TValue : struct
    {
        var had = learnt.TryGetValue(key, out var before);
        Store(value);
        var draft = NewDraft();
        try
        {
            put(draft);
            draft.Check(_counts);
        }
        catch (CapacityException)
        {
            Store(had ? before : null);
            put(NewDraft());
            Indices.Undo();
            throw;
        }

        Indices.Keep();
        return draft.Commit(_counts);

        void Store(TValue? now)
        {
            if (now is { } known)
            {
                learnt[key] = known;
            }
            else
            {
                learnt.Remove(key);
            }
        }
    }

    private MapChange Rebalance(VpcPlan plan, int uid)
    {
        var before = plan.Contents.Balancers[uid];
        var state = StateOf(uid);
        var now = BalancerPlan.Make(before.Config, before.Index, before.Backends, state, Tables);
        var draft = NewDraft();
        plan.Contents.Balancers[uid] = now;
        plan.Contents.Maps.Set(now.Key, now.Row);
        state.Size = now.Size;
        if (now.Table is { } table)
        {
            draft.Set(KeyOf(table), CellsOf(table));
        }

        draft.Set(now.Key, now.Row);
        if (before.Table is { } old)
        {
            Tables.Release(old);
            RemoveTable(draft, before);
        }

        return draft.Commit(_counts);
    }

    private static EntryKey KeyOf(MaglevTables.Shared table) => EntryKey.Of(MapId.Maglev, table.First);

    private static byte[] CellsOf(MaglevTables.Shared table) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(table.Cells.AsSpan()).ToArray();

    private void Put(Draft draft, VpcPlan plan, IpAddr host) => Put(draft, plan.KeyOf(host), plan.ValueOf(host, vtep => HopOf(draft, new(vtep, null))));

    private void Put(Draft draft, VpcPlan plan, IpPrefix prefix) => Put(draft, plan.KeyOf(prefix), plan.ValueOf(prefix, vtep => HopOf(draft, new(vtep, null))));

    private static void Put(Draft draft, EntryKey key, byte[]? value)
    {
        if (value is null)
        {
            draft.Remove(key);
        }
        else
        {
            draft.Set(key, value);
        }
    }

    /// <summary>What was learnt of a prefix of the public realm, unless it leads into a VPC.</summary>
    private void PutPublic(Draft draft, IpPrefix prefix)
    {
        if (!_intoVpcs.ContainsKey(prefix))
        {
            Put(
                draft,
                EntryKey.Of(MapId.Prefixes, SliceCompiler.KeyOf(0, prefix)),
                _publicRoutes.TryGetValue(prefix, out var gateway) ? MapContents.Octets(new Route { Hop = HopOf(draft, new(null, gateway)) }) : null);
        }
    }

    /// <summary>The index of a hop. Hops stay: there are as many as VTEPs.</summary>
    private uint HopOf(Draft draft, HopOwner owner)
    {
        var index = Indices.Hops.Of(owner);
        var key = EntryKey.Of(MapId.Hops, index);
        if (!_wanted.ContainsKey(key))
        {
            draft.Set(key, MapContents.Octets(owner.Gateway is { } gateway
                ? new Hop { Kind = (uint)HopKind.Gateway, Address = Address16.Of(gateway.Address), Ifindex = gateway.Port, Vlan = gateway.Vlan }
                : new Hop { Kind = (uint)HopKind.Vtep, Address = Address16.Of(owner.Vtep!.Value) }));
        }

        return index;
    }

    private void SetPublicRow(Draft draft)
    {
        if (_node is not null)
        {
            draft.Set(PublicRow, MapContents.Octets(new Vpc
            {
                Flags = (uint)VpcFlags.Present,
                Policy = 1,
                Prefixes4 = _publicLengths.Bits4,
                Prefixes6 = _publicLengths.Bits6,
                Sources4 = _publicSources.Bits4,
                Sources6 = _publicSources.Bits6,
            }));
        }
    }
}
