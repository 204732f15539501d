using Fabric.Intent;
using Fabric.Intent.Resources;

namespace Fabric.Compiler;

/// <summary>Where a V-Net's gateway is; each V-Net has exactly one place.</summary>
public enum GatewayPlace
{
    /// <summary>Nowhere: pure layer 2.</summary>
    None,

    /// <summary>On every leaf that has the V-Net: anycast gateway, symmetric IRB.</summary>
    Leaf,

    /// <summary>On the SoftGates: the V-Net is on hypervisors, which only bridge, or its VPC has services that only they have.</summary>
    SoftGate,
}

/// <summary>Chooses gateway places.</summary>
public static class GatewayPlaces
{
    /// <summary>The place of a V-Net's gateway.</summary>
    public static GatewayPlace Of(IntentSnapshot snapshot, VNetSpec vnet) =>
        vnet.Gateways.Count == 0 ? GatewayPlace.None
        : vnet.Attachments.Any(static a => a.Hypervisors) ? GatewayPlace.SoftGate
        : snapshot.ReferrersOf(new(ResourceKind.Site, vnet.Site), ResourceKind.SoftGatePair).Any() && NeedsSoftGate(snapshot, vnet) ? GatewayPlace.SoftGate
        : GatewayPlace.Leaf;

    /// <summary>Traffic between the tiers of a VPC with services crosses the SoftGates, so that what holds of it holds for all of them.</summary>
    private static bool NeedsSoftGate(IntentSnapshot snapshot, VNetSpec vnet)
    {
        if ((vnet.IngressAccessList ?? vnet.EgressAccessList) is not null || vnet.AwaitRules)
        {
            return true;
        }

        var key = new ResourceKey(ResourceKind.Vpc, vnet.Vpc);
        return snapshot.Find(key)?.Spec is VpcSpec { AccessList: not null } or VpcSpec { AntiSpoof: true } or VpcSpec { BandwidthLimit: not null }
            || snapshot.ReferrersOf(key, ResourceKind.NatRule).Any(static n => ((NatRuleSpec)n.Spec).Enabled)
            || snapshot.ReferrersOf(key, ResourceKind.LoadBalancer).Any(static b => ((LoadBalancerSpec)b.Spec).Enabled)
            || snapshot.ReferrersOf(key, ResourceKind.PublicAddress).Any();
    }
}
