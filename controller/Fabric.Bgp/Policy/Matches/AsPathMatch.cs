using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>One of the ASNs is at a place of the AS path.</summary>
/// <param name="Place">The place.</param>
/// <param name="Numbers">The ASNs.</param>
public sealed record AsPathMatch(AsPathPlace Place, ValueList<Asn> Numbers) : RouteMatch
{
    /// <inheritdoc/>
    public override string Text => $"{Place switch
    {
        AsPathPlace.First => "first AS",
        AsPathPlace.Origin => "origin AS",
        _ => "AS path contains",
    }} {string.Join(" or ", Numbers)}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes)
    {
        var path = attributes.AsPath;
        switch (Place)
        {
            case AsPathPlace.First:
                return path.First is { } first && Has(first);
            case AsPathPlace.Origin:
                return path.Segments is [.., { Kind: AsPathSegmentKind.Sequence, Numbers: [.., var origin] }] && Has(origin);
            default:
                foreach (var segment in path.Segments)
                {
                    foreach (var number in segment.Numbers)
                    {
                        if (Has(number))
                        {
                            return true;
                        }
                    }
                }

                return false;
        }
    }

    private bool Has(uint number)
    {
        foreach (var wanted in Numbers.AsSpan())
        {
            if (wanted.Value == number)
            {
                return true;
            }
        }

        return false;
    }
}
