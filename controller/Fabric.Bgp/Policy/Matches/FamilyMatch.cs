using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The route is of one of the families.</summary>
/// <param name="Families">The families.</param>
public sealed record FamilyMatch(ValueList<AddressFamily> Families) : RouteMatch
{
    /// <inheritdoc/>
    public override bool DependsOnRoute => true;

    /// <inheritdoc/>
    public override string Text => $"family {string.Join(" or ", Families)}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => Families.AsSpan().Contains(facts.Family);
}
