using System.Buffers.Binary;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Rib;
using Fabric.Bgp.RtMembership;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Glass;

/// <summary>Which routes are wanted; every member that is set must match.</summary>
public sealed record RouteFilter
{
    private const byte LastTypeWithRd = (byte)EvpnRouteType.SelectivePmsi;

    /// <summary>The family.</summary>
    public AddressFamily? Family { get; init; }

    /// <summary>EVPN route type.</summary>
    public byte? Type { get; init; }

    /// <summary>Route distinguisher.</summary>
    public RouteDistinguisher? Rd { get; init; }

    /// <summary>MAC address of a type-2 route.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Address of a type-2 route, originator of types 3 and 4, or an address in the prefix of a route that has one.</summary>
    public IpAddr? Ip { get; init; }

    /// <summary>The prefix itself or one inside it, of unicast and type-5 routes.</summary>
    public IpPrefix? Prefix { get; init; }

    /// <summary>The route carries this route target; a membership is of it.</summary>
    public RouteTarget? RouteTarget { get; init; }

    /// <summary>The VNI in a label of the route or of its PMSI tunnel.</summary>
    public Vni? Vni { get; init; }

    /// <summary>Next hop.</summary>
    public IpAddr? NextHop { get; init; }

    /// <summary>The peer that the route comes from.</summary>
    public IpAddr? From { get; init; }

    /// <summary>Whether it asks only for what never changes while a route lives. Only such a filter can follow changes.</summary>
    public bool IsByKey => RouteTarget is null && Vni is null && NextHop is null && From is null;

    internal bool Matches(FamilyIndex family, ReadOnlySpan<byte> nlri, AttributeSet set, RibPeer source) =>
        (Family is null || Family == family.Family())
        && (From is null || (!source.IsLocal && From == source.Address))
        && (NextHop is null || NextHop == set.Attributes.NextHop)
        && (RouteTarget is null || HasTarget(family, nlri, set))
        && MatchesRoute(family, nlri, set);

    private bool HasTarget(FamilyIndex family, ReadOnlySpan<byte> nlri, AttributeSet set)
    {
        if (family != FamilyIndex.RouteTargetMembership)
        {
            return Array.IndexOf(set.Targets, RouteTarget!.Value.Bits) >= 0;
        }

        var reader = new WireReader(nlri);
        return RtMembershipRoute.TryDecode(ref reader, addPath: false, out var membership, out _) && membership.Target == RouteTarget;
    }

    private bool MatchesRoute(FamilyIndex family, ReadOnlySpan<byte> nlri, AttributeSet set)
    {
        if (Type is not null && (family != FamilyIndex.Evpn || nlri[0] != Type))
        {
            return false;
        }

        if (Rd is { } rd && (family != FamilyIndex.Evpn || nlri[0] > LastTypeWithRd || nlri.Length < 10 || BinaryPrimitives.ReadUInt64BigEndian(nlri[2..]) != rd.Bits))
        {
            return false;
        }

        if (Mac is null && Ip is null && Prefix is null && Vni is null)
        {
            return true;
        }

        var facts = RouteFacts.Of(new PolicyRoute(family.Family(), nlri));
        return (Mac is null || Mac == facts.Mac)
            && (Vni is not { } vni || vni == facts.Vni || vni == facts.SecondVni || vni == set.Attributes.PmsiTunnel?.Label.Vni)
            && (Ip is not { } ip || facts.Prefix?.Contains(ip) == true || ip == OriginatorOf(family, nlri))
            && (Prefix is not { } wanted || (facts is { Mac: null, Prefix: { } prefix } && wanted.Length <= prefix.Length && wanted.Contains(prefix.Address)));
    }

    private static IpAddr? OriginatorOf(FamilyIndex family, ReadOnlySpan<byte> nlri) => family != FamilyIndex.Evpn ? null : (EvpnRouteType)nlri[0] switch
    {
        EvpnRouteType.Multicast when MulticastRoute.TryDecode(nlri[0], nlri[2..], out var route, out _) => route.Key.Originator,
        EvpnRouteType.EthernetSegment when EthernetSegmentRoute.TryDecode(nlri[0], nlri[2..], out var route, out _) => route.Key.Originator,
        _ => null,
    };
}
