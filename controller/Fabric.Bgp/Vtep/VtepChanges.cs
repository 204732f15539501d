using System.Collections.Immutable;

namespace Fabric.Bgp.Vtep;

/// <summary>Rows as they are at one moment, each at most once.</summary>
/// <param name="Version">Grows with what the VTEP takes in; for logs and comparisons.</param>
/// <param name="Changes">The rows.</param>
/// <param name="InSync">Nothing more is waiting: whoever has taken in all batches up to this one has the tables as they are at this version.</param>
public sealed record VtepChanges(long Version, ImmutableArray<VtepChange> Changes, bool InSync);
