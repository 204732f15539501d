using Fabric.Drivers.Contract;
using Fabric.Drivers.FrrLinux;
using Fabric.Drivers.FrrLinux.Rendering;

namespace Fabric.Drivers.KvmHost;

/// <summary>
/// A KVM host that is a VTEP. FRR's configuration, the loopback address and the underlay ports named in the state are Fabric's,
/// nothing else: bridges, VXLAN devices and taps are made by CloudStack's agent and only read.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class KvmHostDriver(TimeProvider time) : FrrLinuxDriver(FrrDialect.Host, time)
{
    /// <inheritdoc/>
    public override string Os => "kvm-host";

    /// <inheritdoc/>
    public override DeviceCapabilities Capabilities { get; } = new(BridgesPorts: false, RoutesVpcs: false, RunsBfd: true);
}
