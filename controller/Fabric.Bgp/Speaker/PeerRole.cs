namespace Fabric.Bgp.Speaker;

/// <summary>What happens to the routes between this speaker and a peer.</summary>
public enum PeerRole
{
    /// <summary>An ordinary peer: internal routes stay with internal peers that sent none of them, external ones get the own AS and next hop.</summary>
    Ordinary,

    /// <summary>An internal peer for which routes are reflected (RFC 4456); next hop and communities stay.</summary>
    ReflectorClient,

    /// <summary>An external peer of a route server (RFC 7947); AS path, next hop and communities stay.</summary>
    RouteServerClient,

    /// <summary>Routes are taken and none are sent.</summary>
    Observed,
}
