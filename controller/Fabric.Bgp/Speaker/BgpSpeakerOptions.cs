using System.Collections.Immutable;
using System.Net;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Transport;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>What a speaker is made of.</summary>
public sealed record BgpSpeakerOptions
{
    /// <summary>Own AS.</summary>
    public required Asn LocalAsn { get; init; }

    /// <summary>Own BGP identifier, an IPv4 address other than 0.0.0.0.</summary>
    public required IpAddr RouterId { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Opens connections.</summary>
    public IBgpConnector Connector { get; init; } = new TcpBgpConnector();

    /// <summary>Takes events for the log. Called from the peers' own tasks: must be quick; what it throws is ignored.</summary>
    public Action<BgpEvent>? OnEvent { get; init; }

    /// <summary>How many octets received from one peer may wait to be put into the table before its socket is read no further.</summary>
    public int OctetsInFlight { get; init; } = 1 << 20;

    /// <summary>Routes for which memory is ready from the start: the first so many come without a wait for it. Some 120 octets each.</summary>
    public int RoomForRoutes { get; init; }

    /// <summary>Own cluster as a route reflector (RFC 4456); null takes the BGP identifier.</summary>
    public IpAddr? ClusterId { get; init; }

    /// <summary>Where to listen for peers that connect; empty to connect only.</summary>
    public ImmutableArray<IPEndPoint> Listen { get; init; } = [];

    /// <summary>Watches the EVPN routes for contradictions (see <see cref="BgpSpeaker.Findings"/>); null does not, and costs nothing.</summary>
    public EvpnLinterOptions? Lint { get; init; }

    /// <summary>Directory in which each peer's session is recorded, to be replayed later; null records nothing. Slower: for finding faults.</summary>
    public string? RecordDirectory { get; init; }

    /// <summary>Whether peers that filter by route target are told that everything is wanted (RFC 4684), as a reflector must.</summary>
    public bool AnnounceAllTargets { get; init; }
}
