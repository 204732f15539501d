using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>A route of a VPC to a machine in it.</summary>
public sealed record StaticRouteSpec : ResourceSpec
{
    /// <summary>The VPC.</summary>
    public required string Vpc { get; init; }

    /// <summary>Where to.</summary>
    public required IpPrefix Prefix { get; init; }

    /// <summary>The machine: an address in the subnet of a gateway of the VPC.</summary>
    public required IpAddr NextHop { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/vpc", new(ResourceKind.Vpc, Vpc))];
}
