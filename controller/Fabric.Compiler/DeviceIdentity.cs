using System.Collections.Immutable;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Compiler;

/// <summary>The numbers and addresses by which a managed device is known in its site.</summary>
/// <param name="Number">The device's number, 1..65535.</param>
/// <param name="Asn">Autonomous system.</param>
/// <param name="RouterId">BGP identifier: the IPv4 loopback.</param>
/// <param name="Loopbacks">The IPv4 loopback and, where the site has a pool, the IPv6 one.</param>
/// <param name="RouterMac">Router's MAC of its VRFs.</param>
public sealed record DeviceIdentity(int Number, Asn Asn, IpAddr RouterId, ImmutableArray<IpPrefix> Loopbacks, MacAddress RouterMac)
{
    /// <summary>Source of its VXLAN tunnels.</summary>
    public IpAddr Vtep => RouterId;

    /// <summary>The identity of a managed device.</summary>
    public static DeviceIdentity Of(IntentSnapshot snapshot, Resource device)
    {
        var spec = (DeviceSpec)device.Spec;
        var site = snapshot.Find(ResourceKind.Site, spec.Site)!;
        var siteSpec = (SiteSpec)site.Spec;
        var number = (int)snapshot.NumberOf(IdentifierSpace.DeviceNumber, site.Uid, new(device.Uid));
        var place = snapshot.NumberOf(IdentifierSpace.Loopback, site.Uid, new(device.Uid));
        var owner = spec.Role == DeviceRole.Spine ? new IdentifierOwner(site.Uid, IdentifierAssigner.SpinesPart) : new IdentifierOwner(device.Uid);
        var asn = spec.Asn ?? new Asn(snapshot.NumberOf(IdentifierSpace.Asn, site.Uid, owner));
        var loopback = At(siteSpec.LoopbackPool, place);
        ImmutableArray<IpPrefix> loopbacks = siteSpec.LoopbackPool6 is { } pool6 ? [Host(loopback), Host(At(pool6, place))] : [Host(loopback)];

        // Locally administered; the fabric number keeps two sites on one management network apart.
        var fabric = snapshot.NumberOf(IdentifierSpace.FabricNumber, 0, new(site.Uid));
        var routerMac = new MacAddress((0x02fbUL << 32) | ((ulong)fabric << 16) | (uint)number);
        return new DeviceIdentity(number, asn, loopback, loopbacks, routerMac);
    }

    /// <summary>Address of a SoftGate's service VTEP: outer source of the VPCs that it owns.</summary>
    public static IpAddr ServiceVtep(IntentSnapshot snapshot, Resource softGate)
    {
        var site = snapshot.Find(ResourceKind.Site, ((DeviceSpec)softGate.Spec).Site)!;
        return At(((SiteSpec)site.Spec).LoopbackPool, snapshot.NumberOf(IdentifierSpace.Loopback, site.Uid, new(softGate.Uid, IdentifierAssigner.ServicePart)));
    }

    /// <summary>Route distinguisher of the device's instance of a VNI.</summary>
    public RouteDistinguisher Rd(Vni vni) => RouteNaming.RouteDistinguisher(Number, vni);

    private static IpAddr At(IpPrefix pool, long place) => IpAddr.FromNumber(pool.Address.Family, pool.Address.Number + (UInt128)place);

    private static IpPrefix Host(IpAddr address) => IpPrefix.Of(address, address.BitLength);
}
