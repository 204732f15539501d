using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>VNIs from one to another, both included.</summary>
/// <param name="First">The lowest.</param>
/// <param name="Last">The highest, not below the first.</param>
public readonly record struct VniRange(Vni First, Vni Last)
{
    /// <summary>Whether the VNI lies in the range.</summary>
    public bool Contains(Vni vni) => vni >= First && vni <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}
