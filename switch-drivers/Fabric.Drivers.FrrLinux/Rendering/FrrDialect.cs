namespace Fabric.Drivers.FrrLinux.Rendering;

/// <summary>What differs between the kinds of device that run FRR on Linux.</summary>
/// <param name="OwnRoutesOnly">The device announces what it originates and nothing it learned: it is never transit.</param>
/// <param name="AnnouncesGateways">A VTEP announces MAC and addresses of its gateway interfaces.</param>
/// <param name="OwnsKernel">Bridge, VXLAN devices, VRFs and kernel settings are ours too.</param>
internal sealed record FrrDialect(bool OwnRoutesOnly, bool AnnouncesGateways, bool OwnsKernel)
{
    /// <summary>A switch.</summary>
    public static readonly FrrDialect Switch = new(OwnRoutesOnly: false, AnnouncesGateways: true, OwnsKernel: true);

    /// <summary>A KVM host.</summary>
    public static readonly FrrDialect Host = new(OwnRoutesOnly: true, AnnouncesGateways: false, OwnsKernel: false);
}
