using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>What becomes of a list of communities: replaced, then what matches is deleted, then what is missing is added.</summary>
/// <param name="Set">What replaces all; null keeps what is there.</param>
/// <param name="Delete">Patterns of what goes.</param>
/// <param name="Add">What is added where it is not there, in this order at the end.</param>
/// <typeparam name="TPattern">Kind of pattern.</typeparam>
/// <typeparam name="TCommunity">Kind of community.</typeparam>
public sealed record CommunityChange<TPattern, TCommunity>(ValueList<TPattern>? Set, ValueList<TPattern> Delete, ValueList<TPattern> Add)
    where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
    where TCommunity : struct, IEquatable<TCommunity>
{
    private readonly ImmutableArray<TCommunity>? _set = Set is { } set ? Exact(set) : null;
    private readonly ImmutableArray<TCommunity> _add = Exact(Add);

    /// <inheritdoc/>
    public bool Equals(CommunityChange<TPattern, TCommunity>? other) =>
        other is not null && Set == other.Set && Delete == other.Delete && Add == other.Add;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Set, Delete, Add);

    /// <inheritdoc/>
    public override string ToString()
    {
        List<string> parts = [];
        if (Set is { } set)
        {
            parts.Add($"set {TPattern.Kind} {(set.Count == 0 ? "none" : string.Join(' ', set))}");
        }

        if (Delete.Count > 0)
        {
            parts.Add($"delete {TPattern.Kind} {string.Join(' ', Delete)}");
        }

        if (Add.Count > 0)
        {
            parts.Add($"add {TPattern.Kind} {string.Join(' ', Add)}");
        }

        return string.Join(", ", parts);
    }

    /// <summary>The communities after the change; the very same list where nothing changes.</summary>
    internal ImmutableArray<TCommunity> Apply(ImmutableArray<TCommunity> communities)
    {
        var now = _set is { } set && !set.AsSpan().SequenceEqual(communities.AsSpan()) ? set : communities;
        if (FirstDeleted(now) is >= 0)
        {
            now = now.RemoveAll(Deletes);
        }

        foreach (var added in _add)
        {
            if (!now.AsSpan().Contains(added))
            {
                now = now.Add(added);
            }
        }

        // Deleted and added again is no change.
        return now.AsSpan().SequenceEqual(communities.AsSpan()) ? communities : now;
    }

    private static ImmutableArray<TCommunity> Exact(ValueList<TPattern> patterns) =>
        [.. patterns.Select(static p => p.Exact ?? throw new ArgumentException($"{p} stands for more than one {TPattern.Kind}", nameof(patterns)))];

    private int FirstDeleted(ImmutableArray<TCommunity> communities)
    {
        for (var i = 0; i < communities.Length; i++)
        {
            if (Deletes(communities[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private bool Deletes(TCommunity community)
    {
        foreach (var pattern in Delete.AsSpan())
        {
            if (pattern.Matches(community))
            {
                return true;
            }
        }

        return false;
    }
}
