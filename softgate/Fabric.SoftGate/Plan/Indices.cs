using Fabric.Primitives;

namespace Fabric.SoftGate.Plan;

/// <summary>Sizes of the maps that have indices or ranges.</summary>
public sealed record Capacities
{
    /// <summary>VPCs, the public realm included.</summary>
    public uint Vpcs { get; init; } = 4096;

    /// <summary>V-Nets and L3VNIs.</summary>
    public uint VNets { get; init; } = 8192;

    /// <summary>VTEPs and routers.</summary>
    public uint Hops { get; init; } = 4096;

    /// <summary>Pools of source NAT.</summary>
    public uint Pools { get; init; } = 4096;

    /// <summary>Addresses of all pools.</summary>
    public uint PoolAddresses { get; init; } = 16384;

    /// <summary>Load balancers.</summary>
    public uint Balancers { get; init; } = 4096;

    /// <summary>Back ends.</summary>
    public uint Backends { get; init; } = 16384;

    /// <summary>Cells of Maglev tables.</summary>
    public uint MaglevCells { get; init; } = 1 << 20;

    /// <summary>Limits of bandwidth.</summary>
    public uint Meters { get; init; } = 8192;

    /// <summary>Cells of access lists.</summary>
    public uint AclCells { get; init; } = 1 << 20;

    /// <summary>Counters of rules.</summary>
    public uint AclCounters { get; init; } = 131072;

    /// <summary>Entries of maps that are tables, by map; those that are not named are not looked after.</summary>
    internal IReadOnlyDictionary<MapId, uint> Tables { get; init; } = new Dictionary<MapId, uint>();
}

/// <summary>What owns an entry of <c>vnets</c>.</summary>
/// <param name="IsL3">It is the L3VNI of the VPC with the uid; otherwise the V-Net with the uid.</param>
/// <param name="Uid">The controller's number.</param>
internal readonly record struct VNetOwner(bool IsL3, int Uid);

/// <summary>What owns a meter.</summary>
/// <param name="Vpc">Uid of the VPC.</param>
/// <param name="Public">Its public address or prefix; null: all of the VPC.</param>
internal readonly record struct MeterOwner(int Vpc, IpPrefix? Public);

/// <summary>What owns a hop.</summary>
/// <param name="Vtep">A VTEP.</param>
/// <param name="Gateway">Or a router on a public link.</param>
internal readonly record struct HopOwner(IpAddr? Vtep, PublicGateway? Gateway);

/// <summary>What owns a pool. With other addresses it is another one: hosts leave the old ones.</summary>
/// <param name="Rule">Uid of the rule.</param>
/// <param name="Addresses">Its addresses.</param>
internal readonly record struct PoolOwner(int Rule, ValueList<IpAddr> Addresses);

/// <summary>What owns a back end: sessions count on its index, so it keeps it while it is named. Balancers of a VPC share it.</summary>
/// <param name="Vpc">Uid of the VPC.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
internal readonly record struct BackendOwner(int Vpc, IpAddr Address, ushort Port);

/// <summary>All indices of array maps. 0 stands for "none" everywhere but in <c>vpcs</c>, where it is the public realm.</summary>
internal sealed class Indices(Capacities capacities)
{
    internal IndexSpace<int> Vpcs { get; } = new("vpcs", 1, capacities.Vpcs);

    internal IndexSpace<VNetOwner> VNets { get; } = new("vnets", 1, capacities.VNets);

    internal IndexSpace<HopOwner> Hops { get; } = new("hops", 1, capacities.Hops);

    internal IndexSpace<PoolOwner> Pools { get; } = new("pools", 1, capacities.Pools);

    internal OwnedRanges<PoolOwner> PoolAddresses { get; } = new(new("pool_addresses", 0, capacities.PoolAddresses));

    internal IndexSpace<int> Balancers { get; } = new("balancers", 1, capacities.Balancers);

    internal IndexSpace<BackendOwner> Backends { get; } = new("backends", 1, capacities.Backends);

    internal IndexSpace<MeterOwner> Meters { get; } = new("meters", 1, capacities.Meters);

    /// <summary>The last change is carried out.</summary>
    internal void Settle()
    {
        Vpcs.Settle();
        VNets.Settle();
        Hops.Settle();
        Pools.Settle();
        PoolAddresses.Settle();
        Balancers.Settle();
        Backends.Settle();
        Meters.Settle();
    }

    /// <summary>What was given for a change stays given.</summary>
    internal void Keep()
    {
        Vpcs.Keep();
        VNets.Keep();
        Hops.Keep();
        Pools.Keep();
        PoolAddresses.Keep();
        Balancers.Keep();
        Backends.Keep();
        Meters.Keep();
    }

    /// <summary>There is no change.</summary>
    internal void Undo()
    {
        Vpcs.Undo();
        VNets.Undo();
        Hops.Undo();
        Pools.Undo();
        PoolAddresses.Undo();
        Balancers.Undo();
        Backends.Undo();
        Meters.Undo();
    }
}
