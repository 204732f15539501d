using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Forwarding;

/// <summary>What has become of a state.</summary>
/// <param name="InForce">Whether it is in force but for the refusals; false: the state before stays.</param>
/// <param name="Refusals">Parts that are not in force, and why.</param>
internal sealed record ApplyResult(bool InForce, IReadOnlyList<string> Refusals);

/// <summary>Keeps the maps as the planner wants them. For one caller at a time.</summary>
internal sealed class Forwarding
{
    private readonly Planner _planner;
    private readonly KernelMaps _maps;
    private readonly BpfMap<uint, BackendUsage> _usages;
    private readonly Heritage _heritage;
    private Dictionary<Vni, int> _vpcs = [];

    /// <summary>No state has been applied: the maps are those of an earlier process.</summary>
    private bool _fresh = true;

    /// <summary>A write has failed: what stands in the maps is to be looked at before the next one.</summary>
    private bool _doubtful;

    /// <param name="path">The loaded object; what its maps hold from an earlier run keeps its indices.</param>
    /// <param name="capacities">Sizes of the maps; of tables those of the loaded maps count.</param>
    /// <param name="settings">Timeouts.</param>
    internal Forwarding(DataPathObject path, Capacities capacities, in Settings settings)
    {
        _maps = new KernelMaps(path);
        _usages = path.Map<uint, BackendUsage>("backend_usages");
        _planner = new Planner(
            capacities with
            {
                MaglevCells = path.MaxEntries("maglev"),
                AclCells = path.MaxEntries("acl_cells"),
                AclCounters = path.MaxEntries("acl_counters"),
                Tables = MapIds.All.Where(static m => !MapIds.IsArray(m)).ToDictionary(static m => m, m => path.MaxEntries(MapIds.NameOf(m))),
            },
            settings);
        path.TablesChanged(); // An earlier process may have ended before it could say so.
        _heritage = Heritage.Read(path);
        Restorer.Restore(path, _planner);
    }

    /// <summary>Learnt hosts, prefixes and tables of balancers that have found no room so far.</summary>
    internal long NotLearnt { get; private set; }

    /// <summary>Entries of maps written or removed so far.</summary>
    internal long Written => _maps.Written;

    /// <summary>Takes a state as the wanted one and writes it. Access lists that cannot be are refused one by one, anything else as a whole.</summary>
    /// <exception cref="KernelException">The kernel refuses a write. What is in force is tried again with the next call.</exception>
    internal ApplyResult Apply(SoftGateState state, IReadOnlyDictionary<string, uint> interfaces)
    {
        try
        {
            var change = _planner.Apply(state, interfaces);
            _vpcs = state.Vpcs.Select(v => (v.L3Vni, v.Uid)).Concat(state.VNets.Select(v => (v.Vni, v.Vpc))).DistinctBy(p => p.Item1).ToDictionary();
            if (_fresh)
            {
                Inherit();
                _fresh = false;
            }
            else
            {
                Write(change);
            }

            return new(true, _planner.Refusals);
        }
        catch (Exception e) when (e is CapacityException or StateException)
        {
            return new(false, [e.Message]);
        }
    }

    /// <summary>A back end is well or not, as probes have found.</summary>
    internal void SetBackendHealth(int balancer, IpAddr address, ushort port, bool well) => Learn(() => _planner.SetBackendHealth(balancer, address, port, well));

    /// <summary>Back ends of a balancer with their indices, and whether each is well as far as is known.</summary>
    internal IReadOnlyList<(BalancedBackend Backend, bool Well)> BackendsOf(int balancer) => _planner.BackendsOf(balancer);

    /// <summary>Whether a back end is well as far as is known.</summary>
    internal bool IsWell(int balancer, IpAddr address, ushort port) => _planner.IsWell(balancer, address, port);

    /// <summary>Has the weights of balancers with least connections follow their sessions. To be called each second.</summary>
    internal void Balance() => Learn(() =>
    {
        foreach (var change in _planner.Balance(SessionsOf))
        {
            Write(change);
        }

        return new MapChange();
    });

    /// <summary>A host is at a place, or nowhere.</summary>
    internal void LearnHost(Vni vni, IpAddr address, Place? place)
    {
        if (_vpcs.TryGetValue(vni, out var vpc))
        {
            _heritage.Hosts.Remove((vpc, address));
        }

        Learn(() => _planner.LearnHost(vni, address, place));
    }

    /// <summary>A prefix is at a place, or nowhere.</summary>
    internal void LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place)
    {
        if (_vpcs.TryGetValue(l3Vni, out var vpc))
        {
            _heritage.Prefixes.Remove((vpc, prefix));
        }

        Learn(() => _planner.LearnPrefix(l3Vni, prefix, place));
    }

    /// <summary>A prefix outside is behind a router, or nowhere.</summary>
    internal void LearnPublic(IpPrefix prefix, PublicGateway? gateway)
    {
        _heritage.Public.Remove(prefix);
        Learn(() => _planner.LearnPublic(prefix, gateway));
    }

    /// <summary>
    /// All that protocols have to say about VPCs has been said: what an earlier process had learnt beyond that is no longer so. Hosts of V-Nets
    /// may have been heard rather than told of: they are handed over before they are forgotten.
    /// </summary>
    /// <param name="heard">Gets such hosts; what it does not learn anew is forgotten.</param>
    internal void CompleteOverlay(Action<Vni, IpAddr, Place> heard)
    {
        foreach (var ((_, address), place) in _heritage.Hosts.ToList())
        {
            heard(place.Vni, address, place);
        }

        foreach (var ((_, address), place) in _heritage.Hosts.ToList())
        {
            LearnHost(place.Vni, address, place: null);
        }

        foreach (var ((_, prefix), place) in _heritage.Prefixes.ToList())
        {
            LearnPrefix(place.Vni, prefix, place: null);
        }

        _heritage.Hosts.Clear(); // Of V-Nets that are gone.
        _heritage.Prefixes.Clear();
    }

    /// <summary>The same of what is outside all VPCs.</summary>
    internal void CompletePublic()
    {
        foreach (var prefix in _heritage.Public.Keys.ToList())
        {
            LearnPublic(prefix, gateway: null);
        }
    }

    /// <summary>Compares the maps with what is wanted.</summary>
    /// <returns>Entries that are missing, wrong, or not wanted.</returns>
    internal IReadOnlyList<string> Verify()
    {
        if (_fresh)
        {
            return [];
        }

        var there = There();
        var wrong = new List<string>();
        foreach (var step in MapChange.Between(there, _planner.Wanted).Steps.SelectMany(static s => s))
        {
            wrong.Add($"{EntryText.Of(step.Key)} is {(step.Value is null ? "there and not wanted" : there.ContainsKey(step.Key) ? "wrong" : "missing")} in {MapIds.NameOf(step.Key.Map)}");
        }

        return wrong;
    }

    /// <summary>Writes what is missing or wrong and removes what is not wanted.</summary>
    /// <exception cref="KernelException">The kernel refuses a write.</exception>
    internal void Repair()
    {
        if (!_fresh)
        {
            _maps.Carry(MapChange.Between(There(), _planner.Wanted));
            _doubtful = false;
            _planner.Settle();
        }
    }

    /// <summary>From what an earlier process has left to what is wanted now, with all that it had learnt.</summary>
    private void Inherit()
    {
        foreach (var ((_, address), place) in _heritage.Hosts)
        {
            Learn(() => _planner.LearnHost(place.Vni, address, place));
        }

        foreach (var ((_, prefix), place) in _heritage.Prefixes)
        {
            Learn(() => _planner.LearnPrefix(place.Vni, prefix, place));
        }

        foreach (var (prefix, gateway) in _heritage.Public)
        {
            Learn(() => _planner.LearnPublic(prefix, gateway));
        }

        var there = There();
        var change = MapChange.Between(there, _planner.Wanted);
        if (there.Count > 0 && change.Steps.SelectMany(static s => s).Any(s => IsPolicy(s.Key.Map)))
        {
            // Rules have changed while nobody was there to count it.
            _planner.JudgeAgain();
            change = MapChange.Between(there, _planner.Wanted);
        }

        _fresh = false;
        Write(change);
    }

    /// <summary>Whether what stands in a map decides what may pass or what becomes of it.</summary>
    private static bool IsPolicy(MapId map) => map is MapId.Vnets or MapId.StaticSources or MapId.Services or MapId.ServiceAddresses or MapId.SnatSources
        or MapId.PublicAddresses or MapId.Prefixes or MapId.Vpcs or MapId.Acls;

    /// <summary>What stands in the maps; of cells and counters as much as is wanted.</summary>
    private Dictionary<EntryKey, byte[]> There()
    {
        var there = new Dictionary<EntryKey, byte[]>();
        foreach (var map in MapIds.All)
        {
            if (!MapIds.IsCells(map))
            {
                _maps.Read(map, there);
            }
        }

        foreach (var (key, value) in _planner.Wanted)
        {
            if (key.Map == MapId.Acls && there.ContainsKey(key))
            {
                // Counters of a list that is there have been counting.
                var counters = EntryKey.Of(MapId.AclCounters, System.Runtime.InteropServices.MemoryMarshal.Read<Acl>(value).FirstCounter);
                there[counters] = _planner.Wanted[counters];
            }
            else if (MapIds.IsCells(key.Map) && !MapIds.IsCounters(key.Map) && _maps.Read(key, value.Length) is { } cells)
            {
                there[key] = cells;
            }
        }

        // An array has a value everywhere: to want zeros is to want nothing.
        foreach (var (key, value) in _planner.Wanted)
        {
            if (MapIds.IsArray(key.Map) && !MapIds.IsCells(key.Map) && !there.ContainsKey(key) && value.AsSpan().IndexOfAnyExcept((byte)0) < 0)
            {
                there[key] = value;
            }
        }

        return there;
    }

    private long SessionsOf(uint backend) => _usages.TryGet(backend, out var usage) ? (long)usage.Sessions : 0;

    /// <summary>Carries out what was learnt. What finds no room is not learnt.</summary>
    private void Learn(Func<MapChange> learn)
    {
        try
        {
            Write(learn());
        }
        catch (CapacityException)
        {
            NotLearnt++;
        }
    }

    private void Write(MapChange change)
    {
        if (_fresh)
        {
            return; // All is compared when there is a state.
        }

        if (_doubtful)
        {
            Repair();
            return;
        }

        try
        {
            _maps.Carry(change);
            _planner.Settle();
        }
        catch (Exception e) when (e is KernelException or ReadBackException)
        {
            // Whatever of it is done: from what stands there to what is wanted.
            _doubtful = true;
            Repair();
        }
    }
}
