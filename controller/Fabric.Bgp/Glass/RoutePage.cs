using System.Collections.Immutable;

namespace Fabric.Bgp.Glass;

/// <summary>A page of routes, in no particular order. What is there from the first page to the last is on exactly one of them.</summary>
/// <param name="Routes">The routes.</param>
/// <param name="Next">Where the next page begins; null on the last.</param>
/// <param name="IsComplete">With <see cref="GlassRib.Out"/>: whether the peer has been given everything. If not, some routes are marked as pending.</param>
public sealed record RoutePage(ImmutableArray<RouteView> Routes, string? Next, bool IsComplete = true);
