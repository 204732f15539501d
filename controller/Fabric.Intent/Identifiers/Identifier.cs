namespace Fabric.Intent.Identifiers;

/// <summary>A space of numbers within which each stands for one owner.</summary>
public enum IdentifierSpace
{
    /// <summary>First half of route targets; one a site, over all sites.</summary>
    FabricNumber,

    /// <summary>First half of route distinguishers; one a device, within a site.</summary>
    DeviceNumber,

    /// <summary>Place in the site's loopback pools; one a device, within a site.</summary>
    Loopback,

    /// <summary>Autonomous system numbers, within a site.</summary>
    Asn,

    /// <summary>VNIs of V-Nets and VPCs, within a site.</summary>
    Vni,

    /// <summary>VLANs of a leaf, within the device.</summary>
    Vlan,
}

/// <summary>Where a number is unique.</summary>
/// <param name="Space">The kind of number.</param>
/// <param name="ScopeUid">Uid of the site or device within which it is unique; 0: everywhere.</param>
public readonly record struct IdentifierScope(IdentifierSpace Space, int ScopeUid) : IComparable<IdentifierScope>
{
    /// <inheritdoc/>
    public int CompareTo(IdentifierScope other)
    {
        var bySpace = Space.CompareTo(other.Space);
        return bySpace != 0 ? bySpace : ScopeUid.CompareTo(other.ScopeUid);
    }
}

/// <summary>Who holds a number.</summary>
/// <param name="Uid">Uid of the resource.</param>
/// <param name="Part">Which of its numbers in the same scope; empty where it has one.</param>
public readonly record struct IdentifierOwner(int Uid, string Part = "");

/// <summary>A number in somebody's hands.</summary>
/// <param name="Scope">Where it is unique.</param>
/// <param name="Owner">Who holds it.</param>
/// <param name="Value">The number.</param>
/// <param name="Given">It came with the intent instead of from a pool.</param>
public sealed record Identifier(IdentifierScope Scope, IdentifierOwner Owner, long Value, bool Given);

/// <summary>
/// A number that one device may still carry for an owner who has dropped it or is no longer on that device. Until the device has been
/// read without it, no pool hands it out again and a new owner who brought it along waits on that device.
/// </summary>
/// <param name="Scope">Where it was unique.</param>
/// <param name="Value">The number.</param>
/// <param name="DeviceUid">The device that has yet to prove it gone.</param>
/// <param name="Revision">The revision that took it from its owner or its owner from the device.</param>
public sealed record PendingRelease(IdentifierScope Scope, long Value, int DeviceUid, long Revision);
