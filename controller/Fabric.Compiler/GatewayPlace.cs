using Fabric.Intent.Resources;

namespace Fabric.Compiler;

/// <summary>Where a V-Net's gateway is; each V-Net has exactly one place.</summary>
public enum GatewayPlace
{
    /// <summary>Nowhere: pure layer 2.</summary>
    None,

    /// <summary>On every leaf that has the V-Net: anycast gateway, symmetric IRB.</summary>
    Leaf,

    /// <summary>On the SoftGates: the V-Net is on hypervisors, which only bridge.</summary>
    SoftGate,
}

/// <summary>Chooses gateway places.</summary>
public static class GatewayPlaces
{
    /// <summary>The place of a V-Net's gateway.</summary>
    public static GatewayPlace Of(VNetSpec vnet) =>
        vnet.Gateways.Count == 0 ? GatewayPlace.None
        : vnet.Attachments.Any(a => a.Hypervisors) ? GatewayPlace.SoftGate
        : GatewayPlace.Leaf;
}
