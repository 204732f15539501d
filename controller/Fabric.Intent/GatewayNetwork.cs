using Fabric.Primitives;

namespace Fabric.Intent;

/// <summary>A subnet of a VPC that a gateway of one of its V-Nets spans.</summary>
/// <param name="Network">The subnet.</param>
/// <param name="VNet">Name of the V-Net.</param>
public readonly record struct GatewayNetwork(IpPrefix Network, string VNet) : IComparable<GatewayNetwork>
{
    /// <inheritdoc/>
    public int CompareTo(GatewayNetwork other)
    {
        var byNetwork = Network.CompareTo(other.Network);
        return byNetwork != 0 ? byNetwork : string.CompareOrdinal(VNet, other.VNet);
    }
}
