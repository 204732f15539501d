using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The extended communities hold what is asked.</summary>
/// <param name="Wanted">The patterns.</param>
public sealed record ExtendedCommunityMatch(CommunitySet<ExtendedCommunityPattern, ExtendedCommunity> Wanted) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => $"{ExtendedCommunityPattern.Kind} {Wanted}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => Wanted.Holds(attributes.ExtendedCommunities.AsSpan());
}
