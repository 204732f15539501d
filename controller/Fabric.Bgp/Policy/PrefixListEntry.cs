using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>Prefixes that lie in a network and are of certain lengths.</summary>
/// <param name="Network">The network.</param>
/// <param name="MinLength">Shortest length, at least the network's own.</param>
/// <param name="MaxLength">Longest length, at most 32 or 128.</param>
public readonly record struct PrefixListEntry(IpPrefix Network, int MinLength, int MaxLength)
{
    /// <summary>Exactly this prefix.</summary>
    public PrefixListEntry(IpPrefix prefix)
        : this(prefix, prefix.Length, prefix.Length)
    {
    }

    /// <inheritdoc/>
    public override string ToString() =>
        MinLength == Network.Length && MaxLength == Network.Length ? $"{Network}" : $"{Network} ge {MinLength} le {MaxLength}";
}
