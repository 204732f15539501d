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

    /// <summary>The VTEP address for own routes; null takes the first one of the VTEP.</summary>
    public IpAddr? Address { get; init; }
}
