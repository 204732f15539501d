using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The route targets hold what is asked.</summary>
/// <param name="Wanted">The patterns.</param>
public sealed record RouteTargetMatch(CommunitySet<RouteTargetPattern, ExtendedCommunity> Wanted) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => $"{RouteTargetPattern.Kind} {Wanted}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => Wanted.Holds(attributes.ExtendedCommunities.AsSpan());
}
