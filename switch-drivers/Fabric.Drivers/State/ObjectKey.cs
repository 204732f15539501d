namespace Fabric.Drivers.State;

/// <summary>Names one object of a device: what it is and which one. Ordinal order; unique within a <see cref="DeviceState"/>.</summary>
/// <param name="Class">What the object is.</param>
/// <param name="Id">Which one, in the object's own terms (a port name, a VNI, a prefix); empty where there is only one.</param>
public readonly record struct ObjectKey(ObjectClass Class, string Id = "") : IComparable<ObjectKey>
{
    /// <inheritdoc/>
    public int CompareTo(ObjectKey other)
    {
        var byClass = Class.CompareTo(other.Class);
        return byClass != 0 ? byClass : string.CompareOrdinal(Id, other.Id);
    }

    /// <inheritdoc/>
    public override string ToString() => Id.Length == 0 ? Class.ToString() : $"{Class}/{Id}";
}
