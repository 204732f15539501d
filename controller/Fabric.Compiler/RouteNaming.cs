using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Compiler;

/// <summary>The one rule for route targets and route distinguishers.</summary>
public static class RouteNaming
{
    /// <summary>
    /// Route target of a VNI: the site's fabric number and the VNI (RFC 4360 section 4, type 0). The fabric number is no
    /// device's ASN, so the target is the same wherever the route comes from, with two- and four-octet ASNs alike.
    /// </summary>
    public static RouteTarget RouteTarget(IntentSnapshot snapshot, Resource site, Vni vni) =>
        RouteTarget((ushort)snapshot.NumberOf(IdentifierSpace.FabricNumber, 0, new(site.Uid)), vni);

    /// <inheritdoc cref="RouteTarget(IntentSnapshot, Resource, Vni)"/>
    public static RouteTarget RouteTarget(ushort fabricNumber, Vni vni) => Primitives.RouteTarget.Type0(fabricNumber, vni.Value);

    /// <summary>
    /// Route distinguisher of a device's instance of a VNI: the device's number and the VNI (RFC 4364 section 4.2, type 0).
    /// Unique in the site, the same after a restart, and room for every VNI, which type 1 with its two octets has not.
    /// </summary>
    public static RouteDistinguisher RouteDistinguisher(long deviceNumber, Vni vni) =>
        Primitives.RouteDistinguisher.Type0((ushort)deviceNumber, vni.Value);
}
