namespace Fabric.Bgp.Benchmarks.Load;

/// <summary>A measurement that failed: a daemon that ended, a session that broke, a route that was wrong.</summary>
public sealed class BenchmarkException(string message) : Exception(message);
