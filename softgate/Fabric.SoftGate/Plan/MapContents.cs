using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Plan;

/// <summary>Where a value stands: a map and the octets of the key. Of cells the key is the first index and the value all of the range.</summary>
internal readonly struct EntryKey : IEquatable<EntryKey>
{
    private readonly int _hash;

    internal EntryKey(MapId map, byte[] key)
    {
        Map = map;
        Key = key;
        var hash = default(HashCode);
        hash.Add((byte)map);
        hash.AddBytes(key);
        _hash = hash.ToHashCode();
    }

    internal MapId Map { get; }

    internal byte[] Key { get; }

    /// <summary>The key of a structure.</summary>
    internal static EntryKey Of<TKey>(MapId map, in TKey key)
        where TKey : unmanaged => new(map, MapContents.Octets(key));

    /// <inheritdoc/>
    public bool Equals(EntryKey other) => _hash == other._hash && Map == other.Map && Key.AsSpan().SequenceEqual(other.Key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EntryKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

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

    /// <summary>Adds an entry. The same one twice is fine.</summary>
    /// <exception cref="StateException">Another value for the key is there.</exception>
    internal void Add<TKey, TValue>(MapId map, in TKey key, in TValue value)
        where TKey : unmanaged
        where TValue : unmanaged =>
        Add(EntryKey.Of(map, key), Octets(value));

    /// <summary>Adds an entry as octets.</summary>
    /// <exception cref="StateException">Another value for the key is there.</exception>
    internal void Add(EntryKey key, byte[] value)
    {
        if (!_entries.TryAdd(key, value) && !_entries[key].AsSpan().SequenceEqual(value))
        {
            throw new StateException($"two rules want {EntryText.Of(key)} for themselves");
        }
    }

    /// <summary>Writes an entry, whether there is one or not.</summary>
    internal void Set(EntryKey key, byte[] value) => _entries[key] = value;

    internal static byte[] Octets<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}

/// <summary>A state that contradicts itself. The one before stays in force.</summary>
public sealed class StateException(string message) : Exception(message);
