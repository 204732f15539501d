using System.Collections.Immutable;

namespace Fabric.Controller.RouteReflector.Metrics;

/// <summary>A reflector as metrics show it, at one moment.</summary>
/// <param name="Asn">Own AS.</param>
/// <param name="RouterId">Own BGP identifier.</param>
/// <param name="Routes">Routes in the table by family: each once, and all paths.</param>
/// <param name="AttributeSets">Different attribute sets that these routes use.</param>
/// <param name="Peers">All peers.</param>
public sealed record ReflectorSample(
    uint Asn, string RouterId, ImmutableArray<TableRoutes> Routes, long AttributeSets, ImmutableArray<PeerSample> Peers);

/// <summary>Routes of one family in the table.</summary>
/// <param name="Family">The family.</param>
/// <param name="Routes">Routes, each counted once.</param>
/// <param name="Paths">Paths of all of them.</param>
public readonly record struct TableRoutes(Bgp.AddressFamily Family, long Routes, long Paths);
