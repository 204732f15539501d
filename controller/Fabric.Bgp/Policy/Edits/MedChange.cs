namespace Fabric.Bgp.Policy.Edits;

/// <summary>How a MED is changed.</summary>
public enum MedChange
{
    /// <summary>It becomes the value.</summary>
    Set,

    /// <summary>The value is added; none counts as 0, and it stays at 4294967295 where it would become more.</summary>
    Add,

    /// <summary>The value is subtracted; none counts as 0, and it stays at 0 where it would become less.</summary>
    Subtract,
}
