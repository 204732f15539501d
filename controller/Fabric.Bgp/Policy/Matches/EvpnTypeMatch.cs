using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>The route is an EVPN route of one of the types.</summary>
/// <param name="Types">Route types, 1..255.</param>
public sealed record EvpnTypeMatch(ValueList<byte> Types) : RouteMatch
{
    /// <inheritdoc/>
    public override bool DependsOnRoute => true;

    /// <inheritdoc/>
    public override string Text => $"EVPN route type {string.Join(" or ", Types)}";

    /// <inheritdoc/>
    internal override bool Holds(in RouteFacts facts, PathAttributes attributes) => Types.AsSpan().Contains(facts.EvpnType);
}
