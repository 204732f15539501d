using System.Collections.Immutable;
using Fabric.Intent.Resources;

namespace Fabric.Intent.Changes;

/// <summary>What a change wants.</summary>
public enum ChangeOperation
{
    /// <summary>Make a resource that is not there yet.</summary>
    Create,

    /// <summary>Replace a resource that is there.</summary>
    Update,

    /// <summary>Make it, or replace it if it is there.</summary>
    Apply,

    /// <summary>Remove a resource that is there.</summary>
    Delete,
}

/// <summary>One write of a change set.</summary>
/// <param name="Operation">What is wanted.</param>
/// <param name="Key">Of which resource.</param>
/// <param name="Spec">The new spec; null for a deletion.</param>
/// <param name="Labels">The new labels; null keeps those there are.</param>
/// <param name="ExpectedRevision">The revision that the author saw; the change is refused when the resource has another. Null: any.</param>
public sealed record Change(
    ChangeOperation Operation,
    ResourceKey Key,
    ResourceSpec? Spec,
    ImmutableSortedDictionary<string, string>? Labels = null,
    long? ExpectedRevision = null);

/// <summary>What a committed change did to one resource.</summary>
/// <param name="Before">The resource before; null when it is new.</param>
/// <param name="After">The resource after; null when it is gone.</param>
public sealed record ResourceChange(Resource? Before, Resource? After)
{
    /// <summary>The resource's kind and name.</summary>
    public ResourceKey Key => (After ?? Before)!.Key;
}
