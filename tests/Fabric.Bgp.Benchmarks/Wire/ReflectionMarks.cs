namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>What a reflector adds to a route (RFC 4456 section 8).</summary>
/// <param name="Originator">BGP identifier of the sender.</param>
/// <param name="Cluster">Cluster identifier of the reflector.</param>
public readonly record struct ReflectionMarks(uint Originator, uint Cluster);
