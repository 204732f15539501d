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

    /// <summary>How many received messages of one peer may wait to be processed before its socket is read no further.</summary>
    public int MessagesInFlight { get; init; } = 256;
}
