using Fabric.Intent;
using Fabric.Intent.Resources;

namespace Fabric.Reconciler.Status;

/// <summary>Status where nobody looks at devices: the numbers that resources hold, and that no more is known.</summary>
public sealed class UnobservedStatus : IStatusSource
{
    /// <inheritdoc/>
    public event Action<string>? DeviceStatusChanged
    {
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public ResourceStatus StatusOf(IntentSnapshot snapshot, Resource resource) => new(
        0,
        [new Condition("Ready", ConditionStatus.Unknown, "NotObserved", "this controller does not look at devices")],
        AllocatedNumbers.Of(snapshot, resource));
}
