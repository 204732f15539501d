using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>Who may connect without being configured as a peer of its own (a dynamic peer). Where ranges overlap, the longest prefix counts.</summary>
/// <param name="Prefix">Addresses to take connections from.</param>
/// <param name="Template">The session's settings; its <see cref="SpeakerPeerConfig.Address"/> is that of the prefix and is replaced by the peer's.</param>
/// <param name="MaxPeers">How many peers of this range there may be at a time; further ones are refused with Cease/Connection Rejected.</param>
public sealed record ListenRange(IpPrefix Prefix, SpeakerPeerConfig Template, int MaxPeers = 1000);
