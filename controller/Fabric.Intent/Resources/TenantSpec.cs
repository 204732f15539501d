namespace Fabric.Intent.Resources;

/// <summary>Who owns VPCs.</summary>
public sealed record TenantSpec : ResourceSpec
{
    /// <summary>Free text, at most 1024 characters.</summary>
    public string? Description { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [];
}
