namespace Fabric.Drivers.Contract;

/// <summary>What a device can do; the compiler asks before it plans.</summary>
/// <param name="BridgesPorts">It has a VLAN-aware bridge, so servers can be attached to its ports.</param>
/// <param name="RoutesVpcs">It has VRFs, so it can be the gateway of V-Nets (symmetric IRB).</param>
/// <param name="RunsBfd">BFD runs beside BGP.</param>
public sealed record DeviceCapabilities(bool BridgesPorts, bool RoutesVpcs, bool RunsBfd)
{
    /// <summary>Nothing beyond routing the underlay and bridging what others made.</summary>
    public static readonly DeviceCapabilities None = new(false, false, false);

    /// <summary>What both this and the other can do.</summary>
    public DeviceCapabilities And(DeviceCapabilities other) =>
        new(BridgesPorts && other.BridgesPorts, RoutesVpcs && other.RoutesVpcs, RunsBfd && other.RunsBfd);
}
