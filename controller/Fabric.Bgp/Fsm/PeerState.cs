using System.Collections.Immutable;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Fsm;

/// <summary>A TCP connection as the state machine sees it.</summary>
/// <param name="Id">Number that is never used again for this peer; late events of older connections are told by it.</param>
/// <param name="Incoming">Whether the peer opened it.</param>
/// <param name="OpenSent">Whether it is up and our OPEN went out; false while it is being opened.</param>
public sealed record PeerConnection(int Id, bool Incoming, bool OpenSent);

/// <summary>What the two OPEN messages agreed on.</summary>
/// <param name="PeerOpen">The peer's OPEN.</param>
/// <param name="HoldTime">The smaller of both hold times; zero switches timers off.</param>
/// <param name="Context">What the codec must know.</param>
public sealed record NegotiatedSession(OpenMessage PeerOpen, TimeSpan HoldTime, SessionContext Context)
{
    /// <summary>Both sides have route refresh (RFC 2918).</summary>
    public bool RouteRefresh { get; init; }

    /// <summary>Both sides have enhanced route refresh (RFC 7313).</summary>
    public bool EnhancedRouteRefresh { get; init; }

    /// <summary>Next hops of another address family that both sides understand (RFC 8950).</summary>
    public ImmutableArray<ExtendedNextHop> ExtendedNextHops { get; init; } = [];

    /// <summary>What the peer says of its restarts; null when it says nothing.</summary>
    public GracefulRestartOffer? PeerRestart { get; init; }

    /// <summary>Whether a NOTIFICATION other than Hard Reset ends the session gracefully (RFC 8538): both sides have the N bit.</summary>
    public bool GracefulNotification { get; init; }

    /// <summary>Families whose routes are kept when the session is lost.</summary>
    public ImmutableArray<AddressFamily> RestartFamilies =>
        PeerRestart is { RestartTime.Ticks: > 0 } restart
            ? [.. restart.Families.Select(static f => f.Family).Distinct().Where(f => Context.Families.Contains(f))]
            : [];

    /// <summary>Families of which the peer says that it forwarded all through its restart.</summary>
    public ImmutableArray<AddressFamily> ForwardingPreserved =>
        PeerRestart is null
            ? []
            : [.. PeerRestart.Families.Where(static f => f.ForwardingPreserved).Select(static f => f.Family).Distinct().Where(f => Context.Families.Contains(f))];

    /// <summary>A third of the hold time (RFC 4271 section 4.4).</summary>
    public TimeSpan KeepaliveTime => HoldTime / 3;

    /// <summary>The peer's BGP identifier.</summary>
    public IpAddr RemoteRouterId => PeerOpen.Identifier;
}

/// <summary>Everything the state machine remembers of a peer.</summary>
public sealed record PeerState
{
    /// <summary>A peer that was never started.</summary>
    public static PeerState Initial { get; } = new();

    /// <summary>The state of RFC 4271.</summary>
    public PeerPhase Phase { get; init; }

    /// <summary>The connection the phase speaks of; null in Idle and Active.</summary>
    public PeerConnection? Main { get; init; }

    /// <summary>A second connection while it is not decided which of the two stays (RFC 4271 section 6.8).</summary>
    public PeerConnection? Second { get; init; }

    /// <summary>What was negotiated; from OpenConfirm on.</summary>
    public NegotiatedSession? Session { get; init; }

    /// <summary>Failures in a row since a session last proved stable; sets the idle hold time.</summary>
    public int Failures { get; init; }

    /// <summary>KEEPALIVEs sent by timer in this session, up to the number that proves it stable.</summary>
    public int KeepalivesSent { get; init; }

    /// <summary>How often in a row the peer sent too many routes; sets how long it rests then.</summary>
    public int PrefixOverruns { get; init; }

    /// <summary>Families with stale routes of an earlier session. While there are any, the restart or the stale path timer runs.</summary>
    public ImmutableArray<AddressFamily> Stale { get; init; } = [];

    /// <summary>Families of which the peer is sending all routes again (RFC 7313), up to EoRR. While there are any, the refresh timer runs.</summary>
    public ImmutableArray<AddressFamily> Refreshing { get; init; } = [];

    /// <summary>The identifier for the next connection we open; incoming ones get theirs from the runner by the same counter.</summary>
    public int NextConnection { get; init; } = 1;
}

/// <summary>What a step gives: the next state and what to do.</summary>
/// <param name="Next">The next state.</param>
/// <param name="Do">Actions in order.</param>
public readonly record struct PeerStep(PeerState Next, ImmutableArray<PeerAction> Do);
