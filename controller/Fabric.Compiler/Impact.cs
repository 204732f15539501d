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
        var vpcs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            foreach (var (snapshot, resource) in new[] { (before, change.Before), (after, change.After) })
            {
                if (resource is not null)
                {
                    names.UnionWith(DevicesOf(snapshot, resource));
                    vpcs.UnionWith(VpcOf(resource));
                }
            }
        }

        names.UnionWith(vpcs.SelectMany(v => DevicesOfMovedGateways(before, after, v)));
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
        SoftGatePairSpec pair => snapshot.ReferrersOf(new(ResourceKind.Site, pair.Site), ResourceKind.Device).Select(d => d.Key.Name),
        _ => [],
    };

    /// <summary>The VPC whose services a resource is one of.</summary>
    private static IEnumerable<string> VpcOf(Resource resource) => resource.Spec switch
    {
        VpcSpec => [resource.Key.Name],
        NatRuleSpec nat => [nat.Vpc],
        LoadBalancerSpec balancer => [balancer.Vpc],
        PublicAddressSpec address => [address.Vpc],
        _ => [],
    };

    /// <summary>
    /// Devices with V-Nets of a VPC whose gateways its services move between leaves and SoftGates. What services do else is the SoftGates' alone:
    /// one more rule must not wake all hypervisors.
    /// </summary>
    private static IEnumerable<string> DevicesOfMovedGateways(IntentSnapshot before, IntentSnapshot after, string vpc) =>
        from vnet in after.ReferrersOf(new(ResourceKind.Vpc, vpc), ResourceKind.VNet)
        where before.Find(vnet.Key)?.Spec is VNetSpec former && GatewayPlaces.Of(before, former) != GatewayPlaces.Of(after, (VNetSpec)vnet.Spec)
        from device in Placement.DevicesOf(after, (VNetSpec)vnet.Spec)
        select device.Key.Name;
}
