using System.Collections.Immutable;

namespace Fabric.Bgp.Glass;

/// <summary>Why a route is as it is: who offers it, which path is the best, who is sent it.</summary>
/// <param name="Family">The family.</param>
/// <param name="Name">Its name.</param>
/// <param name="Paths">All paths: the best first, then those that could be used in the order of preference, then those that are refused.</param>
/// <param name="Peers">All peers, by address.</param>
public sealed record RouteExplanation(AddressFamily Family, string Name, ImmutableArray<PathExplanation> Paths, ImmutableArray<PeerExplanation> Peers);
