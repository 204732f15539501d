using System.Collections.Frozen;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The route is a type-2 route with one of the MAC addresses.</summary>
/// <param name="Macs">The addresses.</param>
public sealed record MacMatch(ValueList<MacAddress> Macs) : RouteMatch
{
    private readonly FrozenSet<MacAddress> _macs = Macs.ToFrozenSet();

    /// <inheritdoc/>
    public override bool DependsOnRoute => true;

    /// <inheritdoc/>
    public override string Text => $"MAC {string.Join(" or ", Macs)}";

    /// <inheritdoc/>
    public bool Equals(MacMatch? other) => other is not null && Macs == other.Macs;

    /// <inheritdoc/>
    public override int GetHashCode() => Macs.GetHashCode();

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => facts.Mac is { } mac && _macs.Contains(mac);
}
