using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>Changes the large communities.</summary>
/// <param name="Change">The change.</param>
public sealed record EditLargeCommunities(CommunityChange<LargeCommunityPattern, LargeCommunity> Change) : RouteEdit
{
    /// <inheritdoc/>
    public override string Text => Change.ToString();

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes) => attributes.LargeCommunities = Change.Apply(attributes.LargeCommunities);
}
