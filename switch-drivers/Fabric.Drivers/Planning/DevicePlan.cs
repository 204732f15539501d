using System.Collections.Immutable;

namespace Fabric.Drivers.Planning;

/// <summary>An ordered list of changes that takes a device from one state to another.</summary>
public sealed record DevicePlan(ImmutableArray<DeviceChange> Changes)
{
    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => Changes.IsEmpty;

    /// <summary>The plan that undoes this one, in reverse order.</summary>
    public DevicePlan Inverse => new([.. Changes.Reverse().Select(c => c.Inverse)]);
}
