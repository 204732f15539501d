using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Load;

/// <summary>What kind of client a session is.</summary>
/// <param name="Checker">Looks at what comes; null: nobody does.</param>
/// <param name="Membership">VNIs whose route targets it asks for (RFC 4684); null: it does not offer to ask.</param>
/// <param name="SmallBuffer">The kernel takes 64 KiB for it at first instead of 4 MiB, so that it is felt soon when it does not read.</param>
public sealed record SessionOptions(RouteChecker? Checker, IReadOnlyCollection<int>? Membership = null, bool SmallBuffer = false);
