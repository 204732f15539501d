using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>What is known of a bridge domain now. Belongs to the owner of the <see cref="VtepState"/>; read between two events.</summary>
public sealed class L2VniView
{
    internal Dictionary<MacAddress, MacEntry> MacTable { get; } = [];

    internal Dictionary<IpAddr, NeighborEntry> NeighborTable { get; } = [];

    internal Dictionary<IpAddr, FloodEntry> FloodTable { get; } = [];

    /// <summary>Where each MAC is.</summary>
    public IReadOnlyDictionary<MacAddress, MacEntry> Macs => MacTable;

    /// <summary>Who has which address.</summary>
    public IReadOnlyDictionary<IpAddr, NeighborEntry> Neighbors => NeighborTable;

    /// <summary>VTEPs that want flooded frames.</summary>
    public IReadOnlyDictionary<IpAddr, FloodEntry> Flood => FloodTable;
}
