namespace Fabric.Bgp.Policy.Edits;

/// <summary>Changes MULTI_EXIT_DISC.</summary>
/// <param name="Change">How.</param>
/// <param name="Value">By or to how much.</param>
public sealed record ChangeMed(MedChange Change, uint Value) : RouteEdit
{
    /// <inheritdoc/>
    public override string Text => Change switch
    {
        MedChange.Add => $"add {Value} to MED",
        MedChange.Subtract => $"subtract {Value} from MED",
        _ => $"set MED {Value}",
    };

    /// <inheritdoc/>
    internal override void Apply(ref EditedAttributes attributes)
    {
        var now = attributes.Med ?? 0;
        attributes.Med = Change switch
        {
            MedChange.Add => uint.MaxValue - now < Value ? uint.MaxValue : now + Value,
            MedChange.Subtract => now < Value ? 0 : now - Value,
            _ => Value,
        };
    }
}
