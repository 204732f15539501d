using System.Collections.Immutable;
using Fabric.Drivers.State;

namespace Fabric.Drivers.Planning;

/// <summary>An ordered list of changes that takes a device from one state to another.</summary>
/// <param name="Current">The state that the plan starts from.</param>
/// <param name="Changes">The steps, in the order in which they are carried out.</param>
public sealed record DevicePlan(DeviceState Current, ImmutableArray<DeviceChange> Changes)
{
    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => Changes.IsEmpty;

    /// <summary>The plan that undoes this one, in reverse order.</summary>
    public DevicePlan Inverse => new(DeviceDiff.Apply(Current, this), [.. Changes.Reverse().Select(c => c.Inverse)]);

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', Changes);
}
