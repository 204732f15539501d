using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>A block of addresses given to a VPC.</summary>
public sealed record IpamAllocationSpec : ResourceSpec
{
    /// <summary>The VPC whose address space it is part of.</summary>
    public required string Vpc { get; init; }

    /// <summary>The block; no two of a VPC overlap.</summary>
    public required IpPrefix Prefix { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/vpc", new(ResourceKind.Vpc, Vpc))];
}

/// <summary>What a subnet is for.</summary>
public enum SubnetPurpose
{
    /// <summary>Servers and virtual machines.</summary>
    Common,

    /// <summary>Loopbacks of devices.</summary>
    Loopback,

    /// <summary>Management addresses of devices.</summary>
    Management,

    /// <summary>Front ends of load balancers.</summary>
    LoadBalancer,

    /// <summary>Public addresses of NAT.</summary>
    Nat,

    /// <summary>Reserved, not in use.</summary>
    Inactive,
}

/// <summary>A part of an <see cref="IpamAllocationSpec"/> with a purpose.</summary>
public sealed record IpamSubnetSpec : ResourceSpec
{
    /// <summary>The VPC whose address space it is part of.</summary>
    public required string Vpc { get; init; }

    /// <summary>The subnet; inside one allocation of the VPC. Subnets of a system VPC may nest (an address of a range has its purpose), others are apart.</summary>
    public required IpPrefix Prefix { get; init; }

    /// <summary>What it is for.</summary>
    public SubnetPurpose Purpose { get; init; } = SubnetPurpose.Common;

    /// <summary>True: reached from outside the VPC as it is, without translation.</summary>
    public bool GlobalRouting { get; init; }

    /// <summary>Default gateway; inside the subnet.</summary>
    public IpAddr? DefaultGateway { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/vpc", new(ResourceKind.Vpc, Vpc))];
}
