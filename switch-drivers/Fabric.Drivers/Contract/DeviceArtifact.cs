using System.Collections.Immutable;

namespace Fabric.Drivers.Contract;

/// <summary>A plan in a device's own language.</summary>
/// <param name="Forward">The commands that carry it out, in order, as an operator would type them; free of secrets.</param>
/// <param name="Backward">The commands that undo it, each safe to run when its counterpart never ran.</param>
public sealed record DeviceArtifact(ImmutableArray<string> Forward, ImmutableArray<string> Backward);
