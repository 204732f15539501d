namespace Fabric.CloudStackBridge.Intent;

/// <summary>The controller's kinds of resource that the bridge reads or writes, and their paths below <c>/api/v1</c>.</summary>
public static class Kinds
{
    public const string Site = "Site";
    public const string Tenant = "Tenant";
    public const string Vpc = "Vpc";
    public const string VNet = "VNet";
    public const string Allocation = "IpamAllocation";
    public const string Subnet = "IpamSubnet";
    public const string AclList = "AclList";
    public const string PublicAddress = "PublicAddress";
    public const string NatRule = "NatRule";
    public const string LoadBalancer = "LoadBalancer";
    public const string StaticRoute = "StaticRoute";

    /// <summary>Each kind and its path, in an order in which each refers to kinds before it.</summary>
    public static readonly IReadOnlyList<(string Kind, string Path)> All =
    [
        (Site, "sites"), (Tenant, "tenants"), (AclList, "acl-lists"), (Vpc, "vpcs"), (VNet, "vnets"), (Allocation, "ipam-allocations"), (Subnet, "ipam-subnets"),
        (PublicAddress, "public-addresses"), (NatRule, "nat-rules"), (LoadBalancer, "load-balancers"), (StaticRoute, "static-routes"),
    ];

    /// <summary>The path of a kind.</summary>
    public static string PathOf(string kind) => All.First(k => k.Kind == kind).Path;
}
