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

    /// <summary><see cref="SoftGatePairSpec"/>.</summary>
    SoftGatePair,

    /// <summary><see cref="AclListSpec"/>.</summary>
    AclList,

    /// <summary><see cref="PublicAddressSpec"/>.</summary>
    PublicAddress,

    /// <summary><see cref="NatRuleSpec"/>.</summary>
    NatRule,

    /// <summary><see cref="LoadBalancerSpec"/>.</summary>
    LoadBalancer,

    /// <summary><see cref="StaticRouteSpec"/>.</summary>
    StaticRoute,
}
