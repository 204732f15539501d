using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>One of the route's labels, or the label of its PMSI tunnel, is a VNI in one of the ranges.</summary>
/// <param name="Ranges">The ranges.</param>
public sealed record VniMatch(ValueList<VniRange> Ranges) : RouteMatch
{
    /// <inheritdoc/>
    public override bool DependsOnRoute => true;

    /// <inheritdoc/>
    public override string Text => $"VNI in {string.Join(" or ", Ranges)}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) =>
        Holds(facts.Vni) || Holds(facts.SecondVni) || Holds(attributes.PmsiTunnel?.Label.Vni);

    private bool Holds(Vni? vni)
    {
        if (vni is { } known)
        {
            foreach (var range in Ranges.AsSpan())
            {
                if (range.Contains(known))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
