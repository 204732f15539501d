using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The large communities hold what is asked.</summary>
/// <param name="Wanted">The patterns.</param>
public sealed record LargeCommunityMatch(CommunitySet<LargeCommunityPattern, LargeCommunity> Wanted) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => $"{LargeCommunityPattern.Kind} {Wanted}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => Wanted.Holds(attributes.LargeCommunities.AsSpan());
}
