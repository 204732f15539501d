using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Glass;

/// <summary>One path of a route, and why it is or is not the best.</summary>
/// <param name="Path">The path.</param>
/// <param name="LostBy">The rule by which the best path beat it; for the best path itself <see cref="BestPathRule.OnlyPath"/> when there is no other to use, else null; null when it is not used.</param>
/// <param name="Reason">One sentence for people.</param>
public sealed record PathExplanation(RouteView Path, BestPathRule? LostBy, string Reason);
