using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The AS path's length, as best-path selection counts it (a set is 1), lies in a range. 0..0: the route comes from the own AS.</summary>
/// <param name="Min">Shortest length.</param>
/// <param name="Max">Longest length.</param>
public sealed record AsPathLengthMatch(int Min, int Max) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => Max == 0 ? "AS path empty" : Min == Max ? $"AS path length {Min}" : $"AS path length {Min}-{Max}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes)
    {
        // Not AsPath.Length, which allocates.
        var length = 0;
        foreach (var segment in attributes.AsPath.Segments)
        {
            length += segment.Kind switch
            {
                AsPathSegmentKind.Sequence => segment.Numbers.Length,
                AsPathSegmentKind.Set => 1,
                _ => 0,
            };
        }

        return length >= Min && length <= Max;
    }
}
