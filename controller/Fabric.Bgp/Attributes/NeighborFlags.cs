namespace Fabric.Bgp.Attributes;

/// <summary>Flags of the ARP/ND community, RFC 9047 section 2.</summary>
[Flags]
public enum NeighborFlags : byte
{
    /// <summary>None is set.</summary>
    None = 0,

    /// <summary>R: the neighbour is a router.</summary>
    Router = 0x01,

    /// <summary>O: overrides what is in the neighbour cache.</summary>
    Override = 0x02,

    /// <summary>I: the pair of addresses is configured and may not move.</summary>
    Immutable = 0x08,
}
