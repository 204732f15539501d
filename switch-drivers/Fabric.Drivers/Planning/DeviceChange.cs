using Fabric.Drivers.State;

namespace Fabric.Drivers.Planning;

/// <summary>What a change does to its object.</summary>
public enum ChangeKind
{
    /// <summary>The object is made.</summary>
    Add,

    /// <summary>The object stays and gets other values.</summary>
    Modify,

    /// <summary>The object goes.</summary>
    Remove,
}

/// <summary>One step of a plan: an object of a device before and after.</summary>
/// <param name="Before">The object as it is; null when it is to be made.</param>
/// <param name="After">The object as it shall be; null when it is to go.</param>
public sealed record DeviceChange(DeviceObject? Before, DeviceObject? After)
{
    /// <summary>The key of the object.</summary>
    public ObjectKey Key => (After ?? Before)!.Key;

    /// <summary>What happens to the object.</summary>
    public ChangeKind Kind => Before is null ? ChangeKind.Add : After is null ? ChangeKind.Remove : ChangeKind.Modify;

    /// <summary>Whether traffic or sessions beyond the object itself are interrupted (a BGP process that starts anew, say).</summary>
    public bool Disruptive => this switch
    {
        { Before: BgpInstance before, After: BgpInstance after } =>
            before.RouterId != after.RouterId || before.LoopbackPool6.HasValue != after.LoopbackPool6.HasValue,
        { Before: BgpInstance, After: null } => true,
        { Before: FabricNeighbor or UnderlayPort or UpstreamPort or UpstreamVlan or UpstreamAddress or LoopbackAddress or Vrf or Bridge, After: null } => true,
        { Before: UnderlayPort before, After: UnderlayPort after } => before.Mtu != after.Mtu,
        { Before: Vrf before, After: Vrf after } => before with { Missing = [] } != after,
        _ => false,
    };

    /// <summary>The change that undoes this one.</summary>
    public DeviceChange Inverse => new(After, Before);

    /// <inheritdoc/>
    public override string ToString() => Kind == ChangeKind.Modify ? $"Modify {Before} to {After}" : $"{Kind} {After ?? Before}";
}
