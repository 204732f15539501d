using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>Routes between this speaker and a peer, in one family.</summary>
/// <param name="Peer">The peer's address.</param>
/// <param name="Interface">The interface it is on, of a link-local peer.</param>
/// <param name="Family">The family.</param>
/// <param name="Accepted">Paths of the peer that may be used.</param>
/// <param name="Advertised">Paths the peer is told of, those included that it is still to be told of.</param>
public readonly record struct RouteCounts(IpAddr Peer, string? Interface, AddressFamily Family, long Accepted, long Advertised);
