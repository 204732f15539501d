using Fabric.Primitives;

namespace Fabric.SoftGate.Plan;

/// <summary>Sizes of the maps that have indices.</summary>
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

    /// <summary>Limits of bandwidth.</summary>
    public uint Meters { get; init; } = 8192;
}

/// <summary>What owns an entry of <c>vnets</c>.</summary>
/// <param name="IsL3">It is the L3VNI of the VPC with the uid; otherwise the V-Net with the uid.</param>
/// <param name="Uid">The controller's number.</param>
internal readonly record struct VNetOwner(bool IsL3, int Uid);

/// <summary>What owns a meter.</summary>
/// <param name="Vpc">Uid of the VPC.</param>
/// <param name="Address">Its public address; null: all of the VPC.</param>
internal readonly record struct MeterOwner(int Vpc, IpAddr? Address);

/// <summary>What owns a hop.</summary>
/// <param name="Vtep">A VTEP.</param>
/// <param name="Gateway">Or a router on a public link.</param>
internal readonly record struct HopOwner(IpAddr? Vtep, PublicGateway? Gateway);

/// <summary>What owns a back end: sessions count on its index, so that it keeps it while it is named.</summary>
/// <param name="Balancer">Uid.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
internal readonly record struct BackendOwner(int Balancer, IpAddr Address, ushort Port);

/// <summary>All indices of array maps. 0 stands for "none" everywhere but in <c>vpcs</c>, where it is the public realm.</summary>
internal sealed class Indices(Capacities capacities)
{
    internal IndexSpace<int> Vpcs { get; } = new("vpcs", 1, capacities.Vpcs);

    internal IndexSpace<VNetOwner> VNets { get; } = new("vnets", 1, capacities.VNets);

    internal IndexSpace<HopOwner> Hops { get; } = new("hops", 1, capacities.Hops);

    internal IndexSpace<int> Pools { get; } = new("pools", 1, capacities.Pools);

    internal RangeSpace PoolAddresses { get; } = new("pool_addresses", 0, capacities.PoolAddresses);

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
}
