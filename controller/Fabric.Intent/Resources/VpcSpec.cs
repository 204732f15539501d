namespace Fabric.Intent.Resources;

/// <summary>A tenant's private network: a routing domain in which addresses are unique, apart from every other VPC.</summary>
public sealed record VpcSpec : ResourceSpec
{
    /// <summary>Who owns it.</summary>
    public required string Tenant { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/tenant", new(ResourceKind.Tenant, Tenant))];
}
