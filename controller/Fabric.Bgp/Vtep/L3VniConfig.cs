using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A VRF with its VNI.</summary>
public sealed record L3VniConfig
{
    /// <summary>The VNI; also the label of own routes.</summary>
    public required Vni Vni { get; init; }

    /// <summary>Route distinguisher of own routes.</summary>
    public required RouteDistinguisher Rd { get; init; }

    /// <summary>Routes with one of these route targets are taken.</summary>
    public required ImmutableArray<RouteTarget> Import { get; init; }

    /// <summary>Route targets of own routes.</summary>
    public required ImmutableArray<RouteTarget> Export { get; init; }

    /// <summary>
    /// The VTEP address for own routes, IPv4 or IPv6; null takes the first one of the VTEP. It counts as own: a pair of VTEPs that announce the
    /// same with the address of one of them do not take each other's routes.
    /// </summary>
    public IpAddr? Address { get; init; }

    /// <summary>How good own routes are to look to others.</summary>
    public RoutePreference Preference { get; init; }

    /// <summary>The router's MAC of own routes; null takes the VTEP's. Whoever announces with another VTEP's address announces its MAC too.</summary>
    public MacAddress? RouterMac { get; init; }
}
