namespace Fabric.Intent.Resources;

/// <summary>A tenant's private network: a routing domain in which addresses are unique, apart from every other VPC.</summary>
public sealed record VpcSpec : ResourceSpec
{
    /// <summary>Who owns it.</summary>
    public required string Tenant { get; init; }

    /// <summary>True: it holds public address space, from which NAT rules, load balancers and public addresses of all VPCs may take.</summary>
    public bool System { get; init; }

    /// <summary>True: only addresses that V-Nets know (<see cref="VNetSpec.KnownHosts"/>) may send out of it.</summary>
    public bool AntiSpoof { get; init; }

    /// <summary>Most sessions in the SoftGates at a time, from 1; absent: no bound but the table's.</summary>
    public int? SessionQuota { get; init; }

    /// <summary>Limit of all that passes the SoftGates, bits a second, from 1,000; absent: none.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>The list that all its traffic through the SoftGates meets; absent: none.</summary>
    public string? AccessList { get; init; }

    /// <summary>True: IPv4 without a NAT rule leaves as it is.</summary>
    public bool RoutedIpv4 { get; init; }

    /// <summary>True: IPv6 without a NAT rule leaves as it is.</summary>
    public bool RoutedIpv6 { get; init; } = true;

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences()
    {
        yield return new("/spec/tenant", new(ResourceKind.Tenant, Tenant));
        if (AccessList is { } list)
        {
            yield return new("/spec/accessList", new(ResourceKind.AclList, list));
        }
    }
}
