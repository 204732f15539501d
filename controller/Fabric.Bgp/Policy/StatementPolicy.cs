using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>A policy that is an ordered list of statements: the first that is for a route and ends with accept or reject decides. Compared by content.</summary>
public sealed class StatementPolicy : RoutePolicy, IEquatable<StatementPolicy>
{
    /// <summary>Makes a policy.</summary>
    /// <param name="name">Its name, for people.</param>
    /// <param name="statements">The statements in order.</param>
    /// <param name="atEnd">What becomes of a route that no statement decides: accept or reject.</param>
    public StatementPolicy(string name, ValueList<PolicyStatement> statements, PolicyVerdict atEnd = PolicyVerdict.Reject)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)atEnd, (int)PolicyVerdict.Next, nameof(atEnd));
        Name = name;
        Statements = statements;
        AtEnd = atEnd;
        foreach (var statement in statements)
        {
            DependsOnRoute |= statement.Matches.Any(static m => m.DependsOnRoute);
            if (statement.EndsForEveryRoute)
            {
                break;
            }
        }
    }

    /// <summary>Its name, for people.</summary>
    public string Name { get; }

    /// <summary>The statements in order.</summary>
    public ValueList<PolicyStatement> Statements { get; }

    /// <summary>What becomes of a route that no statement decides.</summary>
    public PolicyVerdict AtEnd { get; }

    /// <inheritdoc/>
    public override bool DependsOnRoute { get; }

    /// <inheritdoc/>
    public override PathAttributes? Apply(PolicyRoute route, PathAttributes attributes) => Run(route, attributes, out _, null);

    /// <inheritdoc/>
    public override PathAttributes? Apply(PolicyRoute route, PathAttributes attributes, out NextHopRule nextHop) =>
        Run(route, attributes, out nextHop, null);

    /// <summary>Which statement decides about a route, and why none before it did.</summary>
    public PolicyExplanation Explain(PolicyRoute route, PathAttributes attributes)
    {
        var steps = new List<PolicyStep>();
        var result = Run(route, attributes, out var nextHop, steps);
        return new PolicyExplanation(Name, [.. steps], AtEnd, result, nextHop);
    }

    /// <inheritdoc/>
    public bool Equals(StatementPolicy? other) =>
        ReferenceEquals(this, other) || (other is not null && (Name, Statements, AtEnd) == (other.Name, other.Statements, other.AtEnd));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StatementPolicy);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Statements.Count, AtEnd);

    private PathAttributes? Run(PolicyRoute route, PathAttributes attributes, out NextHopRule nextHop, List<PolicyStep>? steps)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        var facts = DependsOnRoute ? RouteFacts.Of(route) : default;
        nextHop = NextHopRule.Usual;
        foreach (var statement in Statements.AsSpan())
        {
            var miss = statement.FirstMiss(facts, attributes);
            steps?.Add(new PolicyStep(statement, miss));
            if (miss is not null)
            {
                continue;
            }

            if (statement.Verdict == PolicyVerdict.Reject)
            {
                nextHop = NextHopRule.Usual;
                return null;
            }

            attributes = statement.Edit(attributes, ref nextHop);
            if (statement.Verdict == PolicyVerdict.Accept)
            {
                return attributes;
            }
        }

        if (AtEnd == PolicyVerdict.Accept)
        {
            return attributes;
        }

        nextHop = NextHopRule.Usual;
        return null;
    }
}
