using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Forwarding;

/// <summary>What has become of a state.</summary>
/// <param name="Refusals">Parts that are not in force, and why.</param>
internal sealed record ApplyResult(IReadOnlyList<string> Refusals);

/// <summary>Keeps the maps as the planner wants them. For one caller at a time.</summary>
internal sealed unsafe class Forwarding
{
    private readonly DataPathObject _path;
    private readonly Planner _planner;
    private readonly Heritage _heritage;
    private Dictionary<Vni, int> _vpcs = [];
    private bool _fresh = true;

    /// <param name="path">The loaded object; what its maps hold from an earlier run keeps its indices.</param>
    /// <param name="capacities">Sizes of the maps.</param>
    /// <param name="settings">Timeouts.</param>
    internal Forwarding(DataPathObject path, Capacities capacities, in Settings settings)
    {
        _path = path;
        _planner = new Planner(capacities, settings);
        path.TablesChanged(); // An earlier process may have ended before it could say so.
        _heritage = Heritage.Read(path);
        foreach (var (index, vpc) in path.Map<uint, Vpc>("vpcs").ToList())
        {
            if (index != 0 && (vpc.Flags & (uint)VpcFlags.Present) != 0)
            {
                _planner.Indices.Vpcs.Restore((int)vpc.Uid, index);
                _planner.Policies[index] = vpc.Policy;
            }
        }

        foreach (var (index, vnet) in path.Map<uint, VNet>("vnets").ToList())
        {
            if (vnet.Kind != 0)
            {
                _planner.Indices.VNets.Restore(new(vnet.Kind == (ushort)VNetKind.L3, (int)vnet.Uid), index);
            }
        }

        foreach (var (index, hop) in path.Map<uint, Hop>("hops").ToList())
        {
            var address = hop.Address.ToIpAddr();
            if (hop.Kind == (uint)HopKind.Vtep)
            {
                _planner.Indices.Hops.Restore(new(address, null), index);
            }
            else if (hop.Kind == (uint)HopKind.Gateway)
            {
                _planner.Indices.Hops.Restore(new(null, new PublicGateway(address, hop.Ifindex, hop.Vlan)), index);
            }
        }

        foreach (var (index, pool) in path.Map<uint, Pool>("pools").ToList())
        {
            if (pool.Count != 0)
            {
                _planner.Indices.Pools.Restore((int)pool.Uid, index);
            }
        }
    }

    /// <summary>Takes a state as the wanted one and writes it.</summary>
    internal ApplyResult Apply(SoftGateState state, IReadOnlyDictionary<string, uint> interfaces)
    {
        try
        {
            var change = _planner.Apply(state, interfaces);
            _vpcs = state.Vpcs.Select(v => (v.L3Vni, v.Uid)).Concat(state.VNets.Select(v => (v.Vni, v.Vpc))).DistinctBy(p => p.Item1).ToDictionary();
            Write(_fresh ? Inherit() : change);
            _fresh = false;
            return new([]);
        }
        catch (CapacityException e)
        {
            return new([e.Message]);
        }
    }

    /// <summary>A host is at a place, or nowhere.</summary>
    internal void LearnHost(Vni vni, IpAddr address, Place? place)
    {
        if (_vpcs.TryGetValue(vni, out var vpc))
        {
            _heritage.Hosts.Remove((vpc, address));
        }

        Write(_planner.LearnHost(vni, address, place));
    }

    /// <summary>A prefix is at a place, or nowhere.</summary>
    internal void LearnPrefix(Vni l3Vni, IpPrefix prefix, Place? place)
    {
        if (_vpcs.TryGetValue(l3Vni, out var vpc))
        {
            _heritage.Prefixes.Remove((vpc, prefix));
        }

        Write(_planner.LearnPrefix(l3Vni, prefix, place));
    }

    /// <summary>A prefix outside is behind a router, or nowhere.</summary>
    internal void LearnPublic(IpPrefix prefix, PublicGateway? gateway)
    {
        _heritage.Public.Remove(prefix);
        Write(_planner.LearnPublic(prefix, gateway));
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

    /// <summary>What stands wrong in the maps.</summary>
    internal IReadOnlyList<string> Verify()
    {
        var wrong = new List<string>();
        if (_fresh)
        {
            return wrong;
        }

        foreach (var (key, value) in _planner.Wanted().Entries)
        {
            if (MapIds.IsCells(key.Map))
            {
                continue;
            }

            var there = new byte[value.Length];
            var fd = _path.MapDescriptor(MapIds.NameOf(key.Map));
            fixed (byte* k = key.Key)
            fixed (byte* v = there)
            {
                if (LibBpf.Lookup(fd, k, v) != 0 || !there.AsSpan().SequenceEqual(value))
                {
                    wrong.Add($"{key}");
                }
            }
        }

        return wrong;
    }

    /// <summary>From what an earlier process has left to what is wanted now, with all that it had learnt.</summary>
    private MapChange Inherit()
    {
        foreach (var ((_, address), place) in _heritage.Hosts)
        {
            _planner.LearnHost(place.Vni, address, place);
        }

        foreach (var ((_, prefix), place) in _heritage.Prefixes)
        {
            _planner.LearnPrefix(place.Vni, prefix, place);
        }

        foreach (var (prefix, gateway) in _heritage.Public)
        {
            _planner.LearnPublic(prefix, gateway);
        }

        var there = new MapContents();
        foreach (var map in MapIds.All)
        {
            if (!MapIds.IsCells(map))
            {
                Read(map, there);
            }
        }

        return MapChange.Between(there, _planner.Wanted());
    }

    /// <summary>What stands in a map; of arrays what is not zero.</summary>
    private void Read(MapId map, MapContents into)
    {
        var (fd, keySize, valueSize) = _path.MapShape(MapIds.NameOf(map));
        var key = new byte[keySize];
        var value = new byte[valueSize];
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            for (var found = LibBpf.NextKey(fd, null, k); found == 0; found = LibBpf.NextKey(fd, k, k))
            {
                if (LibBpf.Lookup(fd, k, v) == 0 && !(MapIds.IsArray(map) && value.AsSpan().IndexOfAnyExcept((byte)0) < 0))
                {
                    into.Add(new EntryKey(map, key.ToArray()), value.ToArray());
                }
            }
        }
    }

    private void Write(MapChange change)
    {
        // What is remembered must be forgotten before that to which it leads goes.
        var changed = false;
        try
        {
            foreach (var step in change.Steps)
            {
                var remembered = MapIds.IsRemembered(step.Key.Map);
                if (changed && !remembered)
                {
                    _path.TablesChanged();
                }

                changed = remembered;
                Write(step);
            }
        }
        finally
        {
            if (changed)
            {
                _path.TablesChanged();
            }
        }

        _planner.Settle();
    }

    private void Write(MapWrite step)
    {
        var fd = _path.MapDescriptor(MapIds.NameOf(step.Key.Map));
        if (MapIds.IsCells(step.Key.Map))
        {
            var first = MemoryMarshal.Read<uint>(step.Key.Key);
            foreach (var cell in MemoryMarshal.Cast<byte, uint>(step.Value ?? []))
            {
                Set(fd, MemoryMarshal.AsBytes([first++]), MemoryMarshal.AsBytes([cell]), step);
            }
        }
        else if (step.Value is { } value)
        {
            Set(fd, step.Key.Key, value, step);
        }
        else if (MapIds.IsArray(step.Key.Map))
        {
            Set(fd, step.Key.Key, new byte[2048], step);
        }
        else
        {
            fixed (byte* k = step.Key.Key)
            {
                _ = LibBpf.Delete(fd, k);
            }
        }
    }

    private static void Set(int fd, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MapWrite step)
    {
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            if (LibBpf.Update(fd, k, v, 0) != 0)
            {
                throw KernelException.Last($"cannot write {step.Key}");
            }
        }
    }
}
