using System.Collections.Frozen;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>Patterns of communities, and whether any or all of them have to be found. Cheap with thousands of exact ones.</summary>
/// <param name="Patterns">The patterns.</param>
/// <param name="All">Whether all have to be found.</param>
/// <typeparam name="TPattern">Kind of pattern.</typeparam>
/// <typeparam name="TCommunity">Kind of community.</typeparam>
public sealed record CommunitySet<TPattern, TCommunity>(ValueList<TPattern> Patterns, bool All)
    where TPattern : struct, ICommunityPattern<TPattern, TCommunity>
    where TCommunity : struct, IEquatable<TCommunity>
{
    private readonly FrozenSet<TCommunity> _exact = Patterns.Select(static p => p.Exact).OfType<TCommunity>().ToFrozenSet();
    private readonly TPattern[] _open = [.. Patterns.Where(static p => p.Exact is null)];

    /// <inheritdoc/>
    public bool Equals(CommunitySet<TPattern, TCommunity>? other) => other is not null && All == other.All && Patterns == other.Patterns;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(All, Patterns);

    /// <summary>Whether the communities hold what is asked.</summary>
    public bool Holds(ReadOnlySpan<TCommunity> communities) => All ? HoldsAll(communities) : HoldsAny(communities);

    /// <inheritdoc/>
    public override string ToString() => string.Join(All ? " and " : " or ", Patterns);

    private bool HoldsAny(ReadOnlySpan<TCommunity> communities)
    {
        foreach (var community in communities)
        {
            if (_exact.Contains(community))
            {
                return true;
            }

            foreach (var pattern in _open)
            {
                if (pattern.Matches(community))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool HoldsAll(ReadOnlySpan<TCommunity> communities)
    {
        foreach (var pattern in Patterns.AsSpan())
        {
            var found = false;
            foreach (var community in communities)
            {
                if (pattern.Matches(community))
                {
                    found = true;
                    break;
                }
            }

            if (!found)
            {
                return false;
            }
        }

        return true;
    }
}
