using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy.Matches;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>One statement that a policy has asked about a route.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Miss">The first condition that does not hold; null when the statement is for the route.</param>
public sealed record PolicyStep(PolicyStatement Statement, RouteMatch? Miss)
{
    /// <inheritdoc/>
    public override string ToString() => Miss is null
        ? $"{Statement.Name}: {string.Join(", ", [.. Statement.Edits.Select(static e => e.Text), Statement.Verdict.ToString().ToLowerInvariant()])}"
        : $"{Statement.Name}: not for this route ({Miss})";
}

/// <summary>Why a policy let a route pass or refused it.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Steps">The statements asked, in order.</param>
/// <param name="AtEnd">The policy's answer when no statement decides.</param>
/// <param name="Result">The attributes the route goes on with; null when it is refused.</param>
/// <param name="NextHop">What the policy asks about the next hop.</param>
public sealed record PolicyExplanation(
    string Policy, ValueList<PolicyStep> Steps, PolicyVerdict AtEnd, PathAttributes? Result, NextHopRule NextHop)
{
    /// <summary>The statement that decided; null when none did.</summary>
    public PolicyStatement? DecidedBy =>
        Steps is [.., { Miss: null, Statement: { Verdict: not PolicyVerdict.Next } decided }] ? decided : null;

    /// <summary>One sentence for people.</summary>
    public override string ToString() =>
        $"policy {Policy} {(Result is null ? "refuses" : "accepts")}: "
        + (DecidedBy is { } statement
            ? $"statement {statement.Name}{(statement.Matches.Count == 0 ? ", for every route" : $" ({string.Join(", ", statement.Matches)})")}"
            : "no statement decides, the default applies");
}
