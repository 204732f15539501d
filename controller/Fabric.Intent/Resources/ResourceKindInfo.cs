using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Fabric.Intent.Resources;

/// <summary>What the API needs to know of a kind: one row a kind, and nowhere else.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Plural">Path segment below <c>/api/v1</c>.</param>
/// <param name="SpecType">Type of its <see cref="Resource.Spec"/>.</param>
public sealed record ResourceKindInfo(ResourceKind Kind, string Plural, Type SpecType)
{
    /// <summary>Every kind, in an order in which each refers only to kinds before it.</summary>
    public static readonly ImmutableArray<ResourceKindInfo> All =
    [
        new(ResourceKind.Site, "sites", typeof(SiteSpec)),
        new(ResourceKind.Tenant, "tenants", typeof(TenantSpec)),
        new(ResourceKind.Device, "devices", typeof(DeviceSpec)),
        new(ResourceKind.Link, "links", typeof(LinkSpec)),
        new(ResourceKind.SoftGatePair, "softgate-pairs", typeof(SoftGatePairSpec)),
        new(ResourceKind.AclList, "acl-lists", typeof(AclListSpec)),
        new(ResourceKind.Vpc, "vpcs", typeof(VpcSpec)),
        new(ResourceKind.VNet, "vnets", typeof(VNetSpec)),
        new(ResourceKind.IpamAllocation, "ipam-allocations", typeof(IpamAllocationSpec)),
        new(ResourceKind.IpamSubnet, "ipam-subnets", typeof(IpamSubnetSpec)),
        new(ResourceKind.PublicAddress, "public-addresses", typeof(PublicAddressSpec)),
        new(ResourceKind.NatRule, "nat-rules", typeof(NatRuleSpec)),
        new(ResourceKind.LoadBalancer, "load-balancers", typeof(LoadBalancerSpec)),
        new(ResourceKind.StaticRoute, "static-routes", typeof(StaticRouteSpec)),
    ];

    private static readonly FrozenDictionary<ResourceKind, ResourceKindInfo> ByKind = All.ToFrozenDictionary(i => i.Kind);

    /// <summary>The row of a kind.</summary>
    public static ResourceKindInfo Of(ResourceKind kind) => ByKind[kind];
}
