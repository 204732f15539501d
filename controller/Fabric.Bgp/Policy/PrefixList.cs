using System.Collections.Frozen;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy;

/// <summary>A named set of prefixes, IPv4 and IPv6. One lookup a length of network that occurs, however many entries there are. Compared by content.</summary>
public sealed class PrefixList : IEquatable<PrefixList>
{
    private readonly FrozenDictionary<IpPrefix, (int Min, int Max)[]> _lengths;
    private readonly int[] _v4NetworkLengths;
    private readonly int[] _v6NetworkLengths;

    /// <summary>Makes a list.</summary>
    public PrefixList(string name, ValueList<PrefixListEntry> entries)
    {
        Name = name;
        Entries = entries;
        _lengths = entries.GroupBy(static e => e.Network).ToFrozenDictionary(static g => g.Key, static g => g.Select(static e => (e.MinLength, e.MaxLength)).ToArray());
        _v4NetworkLengths = NetworkLengths(IpFamily.V4);
        _v6NetworkLengths = NetworkLengths(IpFamily.V6);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The entries as given; their order does not matter.</summary>
    public ValueList<PrefixListEntry> Entries { get; }

    /// <summary>Whether the prefix is in the set.</summary>
    public bool Contains(IpPrefix prefix)
    {
        foreach (var networkLength in prefix.Family == IpFamily.V4 ? _v4NetworkLengths : _v6NetworkLengths)
        {
            if (networkLength > prefix.Length)
            {
                return false;
            }

            if (!_lengths.TryGetValue(IpPrefix.Of(prefix.Address, networkLength), out var ranges))
            {
                continue;
            }

            foreach (var (min, max) in ranges)
            {
                if (prefix.Length >= min && prefix.Length <= max)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(PrefixList? other) => ReferenceEquals(this, other) || (other is not null && Name == other.Name && Entries == other.Entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PrefixList);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Entries.Count);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private int[] NetworkLengths(IpFamily family) =>
        [.. _lengths.Keys.Where(n => n.Family == family).Select(static n => n.Length).Distinct().Order()];
}
