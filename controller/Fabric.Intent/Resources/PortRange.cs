namespace Fabric.Intent.Resources;

/// <summary>Ports of TCP or UDP, both ends included.</summary>
/// <param name="First">First, 1..65535.</param>
/// <param name="Last">Last, not below the first.</param>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>How many there are.</summary>
    public int Count => Last - First + 1;

    /// <summary>Whether a port is in both.</summary>
    public bool Overlaps(PortRange other) => First <= other.Last && other.First <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}
