using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>Addresses from which peers may connect that are not configured one by one.</summary>
/// <param name="Prefix">The addresses.</param>
/// <param name="Template">How such a peer is configured; its address is the one it connects from, and it is never connected to.</param>
/// <param name="MaxPeers">How many there may be at a time; more are refused.</param>
public sealed record ListenRange(IpPrefix Prefix, SpeakerPeerConfig Template, int MaxPeers = 1000);
