using System.Collections.Immutable;

namespace Fabric.Intent.Resources;

/// <summary>Names a resource: its kind and its name, unique together.</summary>
public readonly record struct ResourceKey(ResourceKind Kind, string Name) : IComparable<ResourceKey>
{
    /// <inheritdoc/>
    public int CompareTo(ResourceKey other)
    {
        var byKind = Kind.CompareTo(other.Kind);
        return byKind != 0 ? byKind : string.CompareOrdinal(Name, other.Name);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} '{Name}'";
}

/// <summary>One thing that an operator wants, as of one revision. Immutable.</summary>
/// <param name="Key">Kind and name.</param>
/// <param name="Uid">Number for life, unique over all kinds, 1..2^31-1; never given again.</param>
/// <param name="Revision">The store's revision at which the resource was last changed; also its entity tag.</param>
/// <param name="Labels">Free marks; key and value 1..253 and 0..253 characters.</param>
/// <param name="Spec">What is wanted.</param>
public sealed record Resource(
    ResourceKey Key,
    int Uid,
    long Revision,
    ImmutableSortedDictionary<string, string> Labels,
    ResourceSpec Spec);

/// <summary>What is wanted of a resource. Each kind has its own record; compared by value.</summary>
public abstract record ResourceSpec
{
    /// <summary>The resources this one needs, each with the JSON pointer (below <c>/spec</c>) of the field that names it.</summary>
    public abstract IEnumerable<ResourceReference> GetReferences();
}

/// <summary>A field of a spec that names another resource.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) of the field, from the resource's root: <c>/spec/vpc</c>.</param>
/// <param name="Target">The resource named.</param>
public readonly record struct ResourceReference(string Pointer, ResourceKey Target);
