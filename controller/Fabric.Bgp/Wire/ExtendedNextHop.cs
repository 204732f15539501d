namespace Fabric.Bgp.Wire;

/// <summary>Routes of a family may have a next hop of another address family, RFC 8950 section 4.</summary>
/// <param name="Family">Family of the routes.</param>
/// <param name="NextHopAfi">Address family identifier of the next hop; 2 is IPv6.</param>
public readonly record struct ExtendedNextHop(AddressFamily Family, ushort NextHopAfi)
{
    /// <summary>IPv4 unicast routes with IPv6 next hops: what unnumbered peering needs.</summary>
    public static ExtendedNextHop Ipv4OverIpv6 => new(AddressFamily.Ipv4Unicast, 2);
}
