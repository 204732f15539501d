namespace Fabric.Bgp.Policy.Edits;

/// <summary>Changes the standard communities.</summary>
/// <param name="Change">The change.</param>
public sealed record EditCommunities(CommunityChange<CommunityPattern, uint> Change) : RouteEdit
{
    /// <inheritdoc/>
    public override string Text => Change.ToString();

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes) => attributes.Communities = Change.Apply(attributes.Communities);
}
