namespace Fabric.Bgp.Glass;

/// <summary>Whether a peer is sent a route, and if not, why.</summary>
public enum ExportVerdict
{
    /// <summary>It is sent.</summary>
    Sent,

    /// <summary>It is to be sent; the peer has not caught up with the table yet.</summary>
    Pending,

    /// <summary>There is no session.</summary>
    NoSession,

    /// <summary>The family was not negotiated.</summary>
    NotNegotiated,

    /// <summary>There is no path that may be used.</summary>
    NoPath,

    /// <summary>The peer is only observed: it is sent nothing.</summary>
    ObservedPeer,

    /// <summary>The best path is the peer's own.</summary>
    OwnRoute,

    /// <summary>The peer has asked for other route targets (RFC 4684).</summary>
    NotWanted,

    /// <summary>The route carries NO_ADVERTISE (RFC 1997).</summary>
    NoAdvertise,

    /// <summary>The route carries NO_EXPORT and the peer is external (RFC 1997).</summary>
    NoExport,

    /// <summary>Neither sender nor peer is a client of this reflector (RFC 4456 section 6).</summary>
    NotReflected,

    /// <summary>The peer is sent only routes that were injected here.</summary>
    NotOwn,

    /// <summary>The export policy refuses it.</summary>
    RefusedByPolicy,

    /// <summary>The session is external and has no export policy (RFC 8212).</summary>
    NoPolicy,

    /// <summary>Its next hop is of the other IP version, and the peer does not take that (RFC 8950).</summary>
    NextHopNotTaken,
}
