using System.Collections.Immutable;

namespace Fabric.Bgp.Glass;

/// <summary>A change of a best path.</summary>
/// <param name="IsWithdrawn">Whether there is no path any more that may be used.</param>
/// <param name="Route">The best path now; the last known when it is withdrawn.</param>
public sealed record RouteChange(bool IsWithdrawn, RouteView Route);

/// <summary>Changes in order; of a route that changes often only the last is there.</summary>
/// <param name="Changes">The changes.</param>
/// <param name="Resync">The reader was too slow and has missed changes: what it knows is worth nothing. The list is empty then.</param>
public sealed record RouteChanges(ImmutableArray<RouteChange> Changes, bool Resync);
