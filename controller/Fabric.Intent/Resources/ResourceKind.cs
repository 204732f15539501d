namespace Fabric.Intent.Resources;

/// <summary>The kinds of resource an operator can write.</summary>
public enum ResourceKind
{
    /// <summary><see cref="SiteSpec"/>.</summary>
    Site,

    /// <summary><see cref="TenantSpec"/>.</summary>
    Tenant,

    /// <summary><see cref="DeviceSpec"/>.</summary>
    Device,

    /// <summary><see cref="LinkSpec"/>.</summary>
    Link,

    /// <summary><see cref="VpcSpec"/>.</summary>
    Vpc,

    /// <summary><see cref="VNetSpec"/>.</summary>
    VNet,

    /// <summary><see cref="IpamAllocationSpec"/>.</summary>
    IpamAllocation,

    /// <summary><see cref="IpamSubnetSpec"/>.</summary>
    IpamSubnet,
}
