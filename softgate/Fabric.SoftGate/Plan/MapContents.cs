using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Plan;

/// <summary>Where a value stands: a map and the octets of the key. Of cells the key is the first index and the value all of the range.</summary>
internal readonly struct EntryKey(MapId map, byte[] key) : IEquatable<EntryKey>
{
    internal MapId Map { get; } = map;

    internal byte[] Key { get; } = key;

    /// <inheritdoc/>
    public bool Equals(EntryKey other) => Map == other.Map && Key.AsSpan().SequenceEqual(other.Key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EntryKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Map);
        hash.AddBytes(Key);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{MapIds.NameOf(Map)}[{Convert.ToHexStringLower(Key)}]";
}

/// <summary>What stands in maps, or in the part of them that somebody is responsible for.</summary>
internal sealed class MapContents
{
    private readonly Dictionary<EntryKey, byte[]> _entries = [];

    /// <summary>Number of entries.</summary>
    internal int Count => _entries.Count;

    /// <summary>All entries, in no order.</summary>
    internal IReadOnlyDictionary<EntryKey, byte[]> Entries => _entries;

    /// <summary>Adds an entry. The same one twice is fine; another value for the key is a mistake of the caller.</summary>
    internal void Add<TKey, TValue>(MapId map, in TKey key, in TValue value)
        where TKey : unmanaged
        where TValue : unmanaged =>
        Add(new EntryKey(map, Octets(key)), Octets(value));

    /// <summary>Adds a range of cells.</summary>
    internal void AddCells(MapId map, uint first, ReadOnlySpan<uint> cells)
    {
        if (!cells.IsEmpty)
        {
            Add(new EntryKey(map, Octets(first)), MemoryMarshal.AsBytes(cells).ToArray());
        }
    }

    /// <summary>Adds an entry as octets.</summary>
    internal void Add(EntryKey key, byte[] value)
    {
        if (!_entries.TryAdd(key, value) && !_entries[key].AsSpan().SequenceEqual(value))
        {
            throw new InvalidOperationException($"{key} would have two different values");
        }
    }

    /// <summary>Whether an entry is there already.</summary>
    internal bool Contains<TKey>(MapId map, in TKey key)
        where TKey : unmanaged => _entries.ContainsKey(new EntryKey(map, Octets(key)));

    internal static byte[] Octets<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
