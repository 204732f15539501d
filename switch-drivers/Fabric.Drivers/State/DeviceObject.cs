namespace Fabric.Drivers.State;

/// <summary>
/// One vendor-neutral fact that shall hold, or does hold, on a device. Immutable, compared by value: two objects
/// with the same key and different values are a change.
/// </summary>
public abstract record DeviceObject
{
    /// <summary>The object's name within the device.</summary>
    public abstract ObjectKey Key { get; }

    /// <summary>Objects that must exist before this one is made and may go only after it. Keys of absent objects are ignored.</summary>
    public virtual IEnumerable<ObjectKey> DependsOn => [];
}
