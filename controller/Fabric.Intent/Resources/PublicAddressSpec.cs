using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>
/// What holds of a public address besides translation: its access list, its limit, or that it is routed into a VPC as it is. Addresses of
/// NAT rules and load balancers need none.
/// </summary>
public sealed record PublicAddressSpec : ResourceSpec
{
    /// <summary>The VPC that owns it.</summary>
    public required string Vpc { get; init; }

    /// <summary>The address (/32, /128) or, when it is routed, a prefix. Lies in an IpamSubnet of a system VPC.</summary>
    public required IpPrefix Prefix { get; init; }

    /// <summary>True: the prefix is routed into the VPC without translation.</summary>
    public bool Routed { get; init; }

    /// <summary>Limit of both directions together, bits a second, from 1,000; absent: none.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>The list for what comes to it from outside, before translation; absent: none.</summary>
    public string? AccessList { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences()
    {
        yield return new("/spec/vpc", new(ResourceKind.Vpc, Vpc));
        if (AccessList is { } list)
        {
            yield return new("/spec/accessList", new(ResourceKind.AclList, list));
        }
    }
}
