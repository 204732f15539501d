using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The prefix of a unicast or type-5 route, or the address of a type-2 route as /32 or /128, is in one of the lists.</summary>
/// <param name="Lists">The lists.</param>
public sealed record PrefixListMatch(ValueList<PrefixList> Lists) : RouteMatch
{
    /// <inheritdoc/>
    public override bool DependsOnRoute => true;

    /// <inheritdoc/>
    public override string Text => $"prefix in {string.Join(" or ", Lists)}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes)
    {
        if (facts.Prefix is { } prefix)
        {
            foreach (var list in Lists.AsSpan())
            {
                if (list.Contains(prefix))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
