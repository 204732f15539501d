using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>Sets the next hop, or says what the session shall do with it.</summary>
/// <param name="Rule"><see cref="NextHopRule.Self"/>, or <see cref="NextHopRule.AsInAttributes"/> to leave the next hop or to set the address.</param>
/// <param name="Address">The address; null leaves the one in the attributes.</param>
public sealed record SetNextHop(NextHopRule Rule, IpAddr? Address = null) : RouteEdit
{
    /// <inheritdoc/>
    public override string Text =>
        Rule == NextHopRule.Self ? "set next hop self" : Address is { } address ? $"set next hop {address}" : "leave next hop unchanged";

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes)
    {
        attributes.NextHopRule = Rule;
        attributes.NextHop = Address ?? attributes.NextHop;
    }
}
