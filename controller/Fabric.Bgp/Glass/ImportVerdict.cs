namespace Fabric.Bgp.Glass;

/// <summary>What becomes of a route that a peer has sent.</summary>
public enum ImportVerdict
{
    /// <summary>It takes part in the choice of the best path.</summary>
    Accepted,

    /// <summary>It has been here already (RFC 4271 section 9.1.2, RFC 4456 section 8).</summary>
    Loop,

    /// <summary>Its next hop is the own address of the session (RFC 4271 section 6.3).</summary>
    OwnNextHop,

    /// <summary>The import policy refuses it.</summary>
    RefusedByPolicy,

    /// <summary>The session is external and has no import policy (RFC 8212).</summary>
    NoPolicy,
}
