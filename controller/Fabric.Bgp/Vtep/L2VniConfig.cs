using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A bridge domain with its VNI.</summary>
public sealed record L2VniConfig
{
    /// <summary>The VNI; also the label of own routes.</summary>
    public required Vni Vni { get; init; }

    /// <summary>Route distinguisher of own routes.</summary>
    public required RouteDistinguisher Rd { get; init; }

    /// <summary>Routes with one of these route targets are taken.</summary>
    public required ImmutableArray<RouteTarget> Import { get; init; }

    /// <summary>Route targets of own routes.</summary>
    public required ImmutableArray<RouteTarget> Export { get; init; }

    /// <summary>Ethernet tag: 0 with VLAN-based service (RFC 7432 section 6.1), else only routes with this tag are taken.</summary>
    public uint Tag { get; init; }

    /// <summary>The VRF the bridge domain is attached to, when it is routed.</summary>
    public Vni? L3Vni { get; init; }

    /// <summary>
    /// The VTEP address for own routes, IPv4 or IPv6; null takes the first one of the VTEP. It counts as own: a pair of VTEPs that announce the
    /// same with the address of one of them do not take each other's routes.
    /// </summary>
    public IpAddr? Address { get; init; }

    /// <summary>How good own routes are to look to others.</summary>
    public RoutePreference Preference { get; init; }

    /// <summary>The number that the election of a designated forwarder runs on: the tag, or the VNI where there is none (RFC 8365 section 8.1).</summary>
    internal uint ElectionTag => Tag != 0 ? Tag : Vni.Value;
}
