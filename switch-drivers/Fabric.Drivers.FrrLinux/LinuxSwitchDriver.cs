using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux.Rendering;

namespace Fabric.Drivers.FrrLinux;

/// <summary>A Linux switch with FRR: kernel and routing are Fabric's.</summary>
/// <param name="time">The clock.</param>
public sealed class LinuxSwitchDriver(TimeProvider time) : FrrLinuxDriver(FrrDialect.Switch, time)
{
    /// <inheritdoc/>
    public override string Os => "frr-linux";

    /// <inheritdoc/>
    public override DeviceCapabilities Capabilities { get; } = new(BridgesPorts: true, RoutesVpcs: true, RunsBfd: true);
}
