namespace Fabric.SoftGate.Plan;

/// <summary>One step of a change: write a value, or remove the entry (null).</summary>
internal readonly record struct MapWrite(EntryKey Key, byte[]? Value);

/// <summary>Steps from one content to another, in an order in which no entry ever refers to one that is not there.</summary>
internal sealed class MapChange
{
    private readonly List<MapWrite>?[] _writes = new List<MapWrite>?[MapIds.All.Length];
    private readonly List<MapWrite>?[] _removals = new List<MapWrite>?[MapIds.All.Length];

    /// <summary>What is written first, referred-to before referring.</summary>
    internal IEnumerable<MapWrite> Writes => _writes.OfType<List<MapWrite>>().SelectMany(static w => w);

    /// <summary>What is removed then, referring before referred-to.</summary>
    internal IEnumerable<MapWrite> Removals => _removals.Reverse().OfType<List<MapWrite>>().SelectMany(static w => w);

    /// <summary>True: nothing changes.</summary>
    internal bool IsEmpty => Steps.Count == 0;

    /// <summary>All steps in order, those of a map and kind together.</summary>
    internal IReadOnlyList<IReadOnlyList<MapWrite>> Steps => [.. _writes.OfType<List<MapWrite>>(), .. _removals.Reverse().OfType<List<MapWrite>>()];

    /// <summary>The change between two contents.</summary>
    internal static MapChange Between(IReadOnlyDictionary<EntryKey, byte[]> before, IReadOnlyDictionary<EntryKey, byte[]> after)
    {
        var change = new MapChange();
        foreach (var (key, value) in after)
        {
            if (!before.TryGetValue(key, out var old) || !old.AsSpan().SequenceEqual(value))
            {
                change.Add(key, value);
            }
        }

        foreach (var key in before.Keys)
        {
            if (!after.ContainsKey(key))
            {
                change.Add(key, null);
            }
        }

        return change;
    }

    /// <summary>One more step; its place follows from the map.</summary>
    internal void Add(EntryKey key, byte[]? value) => ((value is null ? _removals : _writes)[(int)key.Map] ??= []).Add(new(key, value));

    /// <summary>Number of writes to a map.</summary>
    internal int WritesTo(MapId map) => _writes[(int)map]?.Count ?? 0;
}
