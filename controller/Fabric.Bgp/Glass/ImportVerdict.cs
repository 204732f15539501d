namespace Fabric.Bgp.Glass;

/// <summary>What becomes of a route that a peer has sent.</summary>
public enum ImportVerdict
{
    /// <summary>It takes part in the choice of the best path.</summary>
    Accepted,

    /// <summary>It has been here already (RFC 4271 section 9.1.2, RFC 4456 section 8).</summary>
    Loop,

    /// <summary>The import policy refuses it.</summary>
    RefusedByPolicy,

    /// <summary>The session is external and has no import policy (RFC 8212).</summary>
    NoPolicy,
}
