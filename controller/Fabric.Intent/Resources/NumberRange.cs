namespace Fabric.Intent.Resources;

/// <summary>An inclusive range of identifiers.</summary>
/// <param name="First">Lowest.</param>
/// <param name="Last">Highest, not below <paramref name="First"/>.</param>
public sealed record NumberRange(long First, long Last)
{
    /// <summary>Whether the number is inside.</summary>
    public bool Contains(long number) => number >= First && number <= Last;

    /// <summary>Whether the two have a number in common.</summary>
    public bool Overlaps(NumberRange other) => First <= other.Last && other.First <= Last;

    /// <inheritdoc/>
    public override string ToString() => $"{First}..{Last}";
}
