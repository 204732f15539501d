using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>Changes the extended communities, of which route targets and encapsulation are some.</summary>
/// <param name="Change">The change.</param>
public sealed record EditExtendedCommunities(CommunityChange<ExtendedCommunityPattern, ExtendedCommunity> Change) : RouteEdit
{
    /// <inheritdoc/>
    public override string Text => Change.ToString();

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes) => attributes.ExtendedCommunities = Change.Apply(attributes.ExtendedCommunities);
}
