using System.Collections.Immutable;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>A peer at one moment.</summary>
public sealed record PeerStatus
{
    /// <summary>How it is configured.</summary>
    public required SpeakerPeerConfig Config { get; init; }

    /// <summary>State of the state machine.</summary>
    public PeerPhase Phase { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>The peer's BGP identifier, while there is a session.</summary>
    public IpAddr? RemoteRouterId { get; init; }

    /// <summary>The AS the peer says it is in, while there is a session.</summary>
    public Asn? SessionAsn { get; init; }

    /// <summary>The peer's AS: what it says, else what is configured; null while neither gives a number.</summary>
    public Asn? RemoteAsn => SessionAsn ?? Config.RemoteAsn.Number;

    /// <summary>Own end of the connection, while there is a session.</summary>
    public string? LocalEndpoint { get; init; }

    /// <summary>Negotiated hold time, while there is a session.</summary>
    public TimeSpan? HoldTime { get; init; }

    /// <summary>Negotiated families, while there is a session.</summary>
    public ImmutableArray<AddressFamily> Families { get; init; } = [];

    /// <summary>Whether the peer can be asked for its routes again (RFC 2918), while there is a session.</summary>
    public bool TakesRefresh { get; init; }

    /// <summary>Whether the peer has sent all its EVPN routes at least once in this session.</summary>
    public bool EvpnComplete { get; init; }

    /// <summary>Why the last session or attempt ended.</summary>
    public string? LastError { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>How often the session was established.</summary>
    public long EstablishedCount { get; init; }

    /// <summary>Routes held from this peer, by family.</summary>
    public ImmutableArray<(AddressFamily Family, int Routes)> RoutesReceived { get; init; } = [];

    /// <summary>EVPN routes held from this peer.</summary>
    public int EvpnRoutes => RoutesOf(AddressFamily.L2VpnEvpn);

    /// <summary>Messages received since the peer was added, by type.</summary>
    public ImmutableArray<(BgpMessageType Type, long Count)> Received { get; init; } = [];

    /// <summary>Messages sent since the peer was added, by type.</summary>
    public ImmutableArray<(BgpMessageType Type, long Count)> Sent { get; init; } = [];

    /// <summary>Messages received since the peer was added.</summary>
    public long MessagesReceived => Received.Sum(static m => m.Count);

    /// <summary>UPDATE messages among them.</summary>
    public long UpdatesReceived => Received.FirstOrDefault(static m => m.Type == BgpMessageType.Update).Count;

    /// <summary>Messages sent since the peer was added.</summary>
    public long MessagesSent => Sent.Sum(static m => m.Count);

    /// <summary>Routes of a family held from this peer.</summary>
    public int RoutesOf(AddressFamily family) => RoutesReceived.FirstOrDefault(r => r.Family == family).Routes;

    /// <summary>UPDATE messages with at least one problem.</summary>
    public long MalformedUpdates { get; init; }
}

/// <summary>What a <see cref="BgpEvent"/> is about.</summary>
public enum BgpEventKind
{
    /// <summary>The session is established.</summary>
    SessionUp,

    /// <summary>An established session ended.</summary>
    SessionDown,

    /// <summary>An attempt or a session ended; the text says why.</summary>
    Problem,

    /// <summary>An UPDATE was malformed; the text says how and what it cost.</summary>
    MalformedUpdate,

    /// <summary>The peer has sent all its routes of a family.</summary>
    EndOfRib,

    /// <summary>The linter has raised or cleared a finding; no peer's own.</summary>
    Finding,
}

/// <summary>Something an operator may want to read in the log.</summary>
/// <param name="Time">When.</param>
/// <param name="Peer">Which peer.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Text">Text for people.</param>
public sealed record BgpEvent(DateTimeOffset Time, IpAddr Peer, BgpEventKind Kind, string Text);
