using Fabric.Bgp.Fsm;
using Fabric.Bgp.Transport;

namespace Fabric.Bgp.Speaker;

/// <summary>What lands in a peer's inbox.</summary>
internal abstract record PeerInput
{
    /// <summary>An event as it is.</summary>
    public sealed record Fsm(PeerEvent Event) : PeerInput;

    /// <summary>A timer's callback; the owner checks whether it really expired.</summary>
    public sealed record TimerFired(PeerTimer Timer) : PeerInput;

    /// <summary>A connection we opened is up.</summary>
    public sealed record Connected(int Connection, IBgpConnection Transport) : PeerInput;

    /// <summary>The peer has opened a connection.</summary>
    public sealed record Accepted(IBgpConnection Transport) : PeerInput;

    /// <summary>A message was received.</summary>
    /// <param name="Link">The connection.</param>
    /// <param name="Event">What it means.</param>
    /// <param name="Octets">The message itself, when the session is recorded.</param>
    public sealed record Received(PeerLink Link, PeerEvent Event, byte[]? Octets) : PeerInput;
}
