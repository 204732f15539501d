using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Forwarding;

/// <summary>Takes up what an earlier process has left in the pinned maps, so that who is still wanted keeps its index and sessions stay valid.</summary>
internal static class Restorer
{
    /// <summary>Tells the planner who has which index, range and version.</summary>
    internal static void Restore(DataPathObject path, Planner planner)
    {
        var uids = Vpcs(path, planner);
        foreach (var (index, vnet) in path.Map<uint, VNet>("vnets").ToList().Where(static e => e.Value.Kind != 0))
        {
            planner.Indices.VNets.Restore(new(vnet.Kind == (ushort)VNetKind.L3, (int)vnet.Uid), index);
        }

        foreach (var (index, hop) in path.Map<uint, Hop>("hops").ToList())
        {
            var address = hop.Address.ToIpAddr();
            if (hop.Kind == (uint)HopKind.Vtep)
            {
                planner.Indices.Hops.Restore(new(address, null), index);
            }
            else if (hop.Kind == (uint)HopKind.Gateway)
            {
                planner.Indices.Hops.Restore(new(null, new PublicGateway(address, hop.Ifindex, hop.Vlan)), index);
            }
        }

        Pools(path, planner);
        Balancers(path, planner, uids);
        Meters(path, planner);
        Lists(path, planner);
    }

    private static Dictionary<uint, int> Vpcs(DataPathObject path, Planner planner)
    {
        var uids = new Dictionary<uint, int>();
        foreach (var (index, vpc) in path.Map<uint, Vpc>("vpcs").ToList().Where(static e => e.Key != 0 && e.Value.Policy != 0))
        {
            var present = (vpc.Flags & (uint)VpcFlags.Present) != 0;
            planner.RestorePolicy(index, vpc.Policy, gone: !present);
            if (present)
            {
                uids[index] = (int)vpc.Uid;
                planner.Indices.Vpcs.Restore((int)vpc.Uid, index);
            }
        }

        return uids;
    }

    private static void Pools(DataPathObject path, Planner planner)
    {
        var addresses = path.Map<uint, PoolAddress>("pool_addresses");
        foreach (var (index, pool) in path.Map<uint, Pool>("pools").ToList().Where(static e => e.Value.Count != 0))
        {
            if (pool.Count > addresses.MaxEntries)
            {
                continue;
            }

            var own = new IpAddr[pool.Count];
            for (var i = 0u; i < pool.Count; i++)
            {
                addresses.TryGet(pool.First + i, out var address);
                own[i] = address.Address.ToIpAddr();
            }

            var owner = new PoolOwner((int)pool.Uid, own.ToValueList());
            planner.Indices.Pools.Restore(owner, index);
            planner.Indices.PoolAddresses.Restore(owner, pool.First, pool.Count);
        }
    }

    private static void Balancers(DataPathObject path, Planner planner, Dictionary<uint, int> uids)
    {
        foreach (var (index, backend) in path.Map<uint, Backend>("backends").ToList().Where(static e => e.Value.Realm != 0))
        {
            if (uids.TryGetValue(backend.Realm, out var vpc))
            {
                planner.Indices.Backends.Restore(new(vpc, backend.Address.ToIpAddr(), backend.Port), index);
            }
        }

        using var cells = new CellMemory(path, "maglev");
        var read = new Dictionary<(uint, uint), HashSet<uint>>();
        foreach (var (index, balancer) in path.Map<uint, Balancer>("balancers").ToList())
        {
            planner.Indices.Balancers.Restore((int)balancer.Uid, index);
            if (!read.TryGetValue((balancer.Table, balancer.Size), out var chosen))
            {
                chosen = [];
                read.Add((balancer.Table, balancer.Size), chosen);
                if (balancer.Size > 0 && Cells(cells, balancer.Table, balancer.Size) is { } table)
                {
                    planner.Tables.Restore(balancer.Table, table);
                    chosen.UnionWith(table);
                }
            }

            var state = planner.StateOf((int)balancer.Uid);
            state.Size = (int)balancer.Size;
            state.Restored = chosen;
        }
    }

    private static void Meters(DataPathObject path, Planner planner)
    {
        foreach (var (index, meter) in path.Map<uint, Meter>("meters").ToList().Where(static e => e.Value.OctetTime != 0))
        {
            planner.Indices.Meters.Reserve(index);
        }

        foreach (var (index, vpc) in path.Map<uint, Vpc>("vpcs").ToList().Where(static e => e.Value.Meter != 0))
        {
            planner.Meters.Add(index, vpc.Meter);
        }

        foreach (var (address, row) in path.Map<Address16, PublicAddress>("public_addresses").ToList().Where(static e => e.Value.Meter != 0))
        {
            planner.Meters.Add(address.ToIpAddr(), row.Meter);
        }

        foreach (var (key, route) in path.Map<PrefixKey, Route>("prefixes").ToList())
        {
            if ((route.Flags & (ushort)RouteFlags.IntoVpc) != 0 && Heritage.PrefixOf(key) is { } prefix && RouteIntoVpc.MeterOf(route.Mac) is > 0 and var meter)
            {
                planner.Meters.Add(prefix, meter);
            }
        }
    }

    private static void Lists(DataPathObject path, Planner planner)
    {
        var lists = path.Map<uint, Acl>("acls").ToList();
        if (lists.Count == 0)
        {
            return;
        }

        using var cells = new CellMemory(path, "acl_cells");
        var addresses = path.Map<AclAddressKey, AclClass>("acl_addresses").ToList().ToLookup(static e => e.Key.Version);
        var services = path.Map<AclServiceKey, AclService>("acl_services").ToList().ToLookup(static e => e.Key.Version);
        foreach (var (version, acl) in lists)
        {
            if (CellsOf(cells, acl) is not { } own)
            {
                continue; // Not as we write it: it goes.
            }

            // Nothing tells how many counters there are, but which are referred to.
            var pairs = acl.Verdicts - acl.Pairs;
            var counters = own.AsSpan((int)pairs).ToArray().Max(static cell => cell & 0xffff) + 1;
            var entries = new List<MapWrite>
            {
                new(EntryKey.Of(MapId.AclCounters, acl.FirstCounter), []),
                new(EntryKey.Of(MapId.AclCells, acl.Pairs), MemoryMarshal.AsBytes(own.AsSpan()).ToArray()),
                new(EntryKey.Of(MapId.Acls, version), MapContents.Octets(acl)),
            };
            entries.AddRange(addresses[version].Select(static e => new MapWrite(EntryKey.Of(MapId.AclAddresses, e.Key), MapContents.Octets(e.Value))));
            entries.AddRange(services[version].Select(static e => new MapWrite(EntryKey.Of(MapId.AclServices, e.Key), MapContents.Octets(e.Value))));
            planner.Lists.TryRestore((int)acl.Uid, new(version, (acl.Pairs, (uint)own.Length), (acl.FirstCounter, counters), entries));
        }
    }

    /// <summary>The cells of a list: those of pairs, and as many rows of verdicts as there are pair classes. Null: they cannot be.</summary>
    private static uint[]? CellsOf(CellMemory memory, in Acl acl)
    {
        if (acl.Verdicts <= acl.Pairs || acl.ServiceClasses == 0 || Cells(memory, acl.Pairs, acl.Verdicts - acl.Pairs) is not { } pairs)
        {
            return null;
        }

        return Cells(memory, acl.Pairs, pairs.Length + ((pairs.Max() + 1L) * acl.ServiceClasses));
    }

    private static uint[]? Cells(CellMemory memory, uint first, long count)
    {
        if (first + count > memory.Count)
        {
            return null;
        }

        var cells = new uint[count];
        memory.Read(first, cells);
        return cells;
    }
}
