using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>Adds and deletes route targets; all other extended communities stay.</summary>
/// <param name="Delete">Patterns of what goes.</param>
/// <param name="Add">What is added where it is not there.</param>
public sealed record EditRouteTargets(ValueList<RouteTargetPattern> Delete, ValueList<RouteTargetPattern> Add) : RouteEdit
{
    private readonly CommunityChange<RouteTargetPattern, ExtendedCommunity> _change = new(null, Delete, Add);

    /// <inheritdoc/>
    public override string Text => _change.ToString();

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes) => attributes.ExtendedCommunities = _change.Apply(attributes.ExtendedCommunities);
}
