using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>One statement of a policy: what it is for, what it changes, how it ends.</summary>
/// <param name="Name">Its name within the policy.</param>
/// <param name="Matches">All of them must hold; none: it is for every route.</param>
/// <param name="Edits">What it changes, in this order.</param>
/// <param name="Verdict">How it ends.</param>
public sealed record PolicyStatement(string Name, ValueList<RouteMatch> Matches, ValueList<RouteEdit> Edits, PolicyVerdict Verdict)
{
    /// <summary>Whether no statement behind this one is ever asked.</summary>
    internal bool EndsForEveryRoute => Matches.Count == 0 && Verdict != PolicyVerdict.Next;

    /// <summary>The first condition that does not hold; null when the statement is for this route.</summary>
    internal RouteMatch? FirstMiss(in RouteFacts facts, PathAttributes attributes)
    {
        foreach (var match in Matches.AsSpan())
        {
            if (!match.Holds(facts, attributes))
            {
                return match;
            }
        }

        return null;
    }

    /// <summary>The attributes after all edits; the same instance where nothing changes.</summary>
    internal PathAttributes Edit(PathAttributes attributes, ref NextHopRule nextHop)
    {
        if (Edits.Count == 0)
        {
            return attributes;
        }

        var edited = new EditedAttributes(attributes, nextHop);
        foreach (var edit in Edits.AsSpan())
        {
            edit.Apply(ref edited);
        }

        nextHop = edited.NextHopRule;
        return edited.Build();
    }
}
