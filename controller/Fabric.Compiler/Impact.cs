using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Compiler;

/// <summary>Which devices a change can concern, so that only they are compiled anew.</summary>
public static class Impact
{
    /// <summary>Names of the managed devices of the later snapshot whose desired state may differ, in order.</summary>
    public static IReadOnlyCollection<string> DevicesOf(IntentSnapshot before, IntentSnapshot after, IEnumerable<ResourceChange> changes)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            foreach (var (snapshot, resource) in new[] { (before, change.Before), (after, change.After) })
            {
                if (resource is not null)
                {
                    names.UnionWith(DevicesOf(snapshot, resource));
                }
            }
        }

        names.RemoveWhere(n => after.Find(ResourceKind.Device, n)?.Spec is not DeviceSpec { IsManaged: true });
        return names;
    }

    private static IEnumerable<string> DevicesOf(IntentSnapshot snapshot, Resource resource) => resource.Spec switch
    {
        SiteSpec => snapshot.ReferrersOf(resource.Key, ResourceKind.Device).Select(d => d.Key.Name),
        DeviceSpec { Role: DeviceRole.Softgate } device => snapshot.ReferrersOf(new(ResourceKind.Site, device.Site), ResourceKind.Device).Select(d => d.Key.Name),
        DeviceSpec => Topology.NeighboursOf(snapshot, resource.Key.Name).Append(resource.Key.Name),
        LinkSpec link => Topology.Ends(link).Select(e => e.Device),
        VNetSpec vnet => Placement.DevicesOf(snapshot, vnet).Select(d => d.Key.Name),
        VpcSpec => DevicesOfVpc(snapshot, resource.Key.Name),

        // Services move the gateways of their VPC's V-Nets from leaves to SoftGates.
        NatRuleSpec nat => DevicesOfVpc(snapshot, nat.Vpc),
        LoadBalancerSpec balancer => DevicesOfVpc(snapshot, balancer.Vpc),
        PublicAddressSpec address => DevicesOfVpc(snapshot, address.Vpc),
        SoftGatePairSpec pair => snapshot.ReferrersOf(new(ResourceKind.Site, pair.Site), ResourceKind.Device).Select(d => d.Key.Name),
        _ => [],
    };

    private static IEnumerable<string> DevicesOfVpc(IntentSnapshot snapshot, string vpc) =>
        snapshot.ReferrersOf(new(ResourceKind.Vpc, vpc), ResourceKind.VNet).SelectMany(v => Placement.DevicesOf(snapshot, (VNetSpec)v.Spec)).Select(d => d.Key.Name);
}
