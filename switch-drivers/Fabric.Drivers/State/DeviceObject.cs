using Fabric.Primitives;

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

    /// <summary>
    /// What belongs to the object and was not found on the device: configuration lines or kernel settings, in the words of
    /// the device. Empty in a desired object, so that an object somebody damaged differs from the desired one.
    /// </summary>
    public ValueList<string> Missing { get; init; }

    /// <summary>
    /// Whether a device can be taken from this value to <paramref name="desired"/> (same key) in place. Otherwise the object and
    /// all that depends on it are removed and made anew.
    /// </summary>
    public virtual bool CanBecome(DeviceObject desired) => true;
}
