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

    /// <summary>The identifier for the next connection we open; incoming ones get theirs from the runner by the same counter.</summary>
    public int NextConnection { get; init; } = 1;
}

/// <summary>What a step gives: the next state and what to do.</summary>
/// <param name="Next">The next state.</param>
/// <param name="Do">Actions in order.</param>
public readonly record struct PeerStep(PeerState Next, ImmutableArray<PeerAction> Do);
