using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The next hop lies in one of the networks.</summary>
/// <param name="Networks">The networks.</param>
public sealed record NextHopMatch(ValueList<IpPrefix> Networks) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => $"next hop in {string.Join(" or ", Networks)}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes)
    {
        if (attributes.NextHop is { } nextHop)
        {
            foreach (var network in Networks.AsSpan())
            {
                if (network.Contains(nextHop))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
