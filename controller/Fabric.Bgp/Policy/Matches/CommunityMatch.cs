using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The standard communities hold what is asked.</summary>
/// <param name="Wanted">The patterns.</param>
public sealed record CommunityMatch(CommunitySet<CommunityPattern, uint> Wanted) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => $"{CommunityPattern.Kind} {Wanted}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => Wanted.Holds(attributes.Communities.AsSpan());
}
