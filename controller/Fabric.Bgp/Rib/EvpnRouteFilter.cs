using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>Which routes a query wants; every field that is set must match.</summary>
public sealed record EvpnRouteFilter
{
    /// <summary>Route type, 1..11.</summary>
    public byte? Type { get; init; }

    /// <summary>One of these VNIs is the route's VNI or L3VNI.</summary>
    public IReadOnlySet<Vni>? Vnis { get; init; }

    /// <summary>The route carries this route target.</summary>
    public RouteTarget? RouteTarget { get; init; }

    /// <summary>Route distinguisher.</summary>
    public RouteDistinguisher? Rd { get; init; }

    /// <summary>MAC of a type-2 route.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>IP of a type-2 route, originator of a type-3 route, or an address in the prefix of a type-5 route.</summary>
    public IpAddr? Ip { get; init; }

    /// <summary>The next hop of at least one path.</summary>
    public IpAddr? Vtep { get; init; }

    /// <summary>The peer that sent it.</summary>
    public IpAddr? Peer { get; init; }

    /// <summary>A filter for one VNI.</summary>
    public static EvpnRouteFilter ForVni(Vni vni) => new() { Vnis = new HashSet<Vni> { vni } };

    internal bool Matches(EvpnRouteView route) =>
        (Vnis is null || (route.Vni is { } vni && Vnis.Contains(vni)) || (route.L3Vni is { } l3Vni && Vnis.Contains(l3Vni)))
        && (RouteTarget is null || route.RouteTargets.Contains(RouteTarget.Value))
        && (Vtep is null || route.Paths.Any(p => p.NextHop == Vtep))
        && (Peer is null || route.Paths.Any(p => p.Peer == Peer));

    internal bool MatchesKey(byte type, RouteDistinguisher? rd, MacAddress? mac, IpAddr? ip, IpPrefix? prefix) =>
        (Type is null || Type == type)
        && (Rd is null || Rd == rd)
        && (Mac is null || Mac == mac)
        && (Ip is null || Ip == ip || (prefix is { } p && p.Contains(Ip.Value)));
}
