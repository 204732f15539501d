namespace Fabric.Bgp.Policy.Edits;

/// <summary>Sets LOCAL_PREF.</summary>
/// <param name="Value">The preference; the higher wins.</param>
public sealed record SetLocalPreference(uint Value) : RouteEdit
{
    /// <inheritdoc/>
    public override string Text => $"set local preference {Value}";

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes) => attributes.LocalPref = Value;
}
