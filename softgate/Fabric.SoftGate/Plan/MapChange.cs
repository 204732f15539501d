namespace Fabric.SoftGate.Plan;

/// <summary>One step of a change: write a value, or remove the entry (null).</summary>
internal readonly record struct MapWrite(EntryKey Key, byte[]? Value);

/// <summary>Steps from one content to another, in an order in which no entry ever refers to one that is not there.</summary>
internal sealed class MapChange
{
    private static readonly Comparison<MapWrite> Upwards = (a, b) => a.Key.Map.CompareTo(b.Key.Map);
    private static readonly Comparison<MapWrite> Downwards = (a, b) => b.Key.Map.CompareTo(a.Key.Map);

    private MapChange(List<MapWrite> writes, List<MapWrite> removals)
    {
        Writes = writes;
        Removals = removals;
    }

    /// <summary>What is written first, referred-to before referring.</summary>
    internal IReadOnlyList<MapWrite> Writes { get; }

    /// <summary>What is removed then, referring before referred-to.</summary>
    internal IReadOnlyList<MapWrite> Removals { get; }

    /// <summary>True: nothing changes.</summary>
    internal bool IsEmpty => Writes.Count == 0 && Removals.Count == 0;

    /// <summary>All steps in order.</summary>
    internal IEnumerable<MapWrite> Steps => Writes.Concat(Removals);

    /// <summary>The same change after other writes.</summary>
    internal MapChange Before(IEnumerable<MapWrite> first) => new([.. first, .. Writes], [.. Removals]);

    /// <summary>The change between two contents.</summary>
    internal static MapChange Between(MapContents before, MapContents after) => Between([(before, after)]);

    /// <summary>The change of several parts together. An entry may move from one part to another.</summary>
    internal static MapChange Between(IReadOnlyCollection<(MapContents Before, MapContents After)> parts)
    {
        var writes = new List<MapWrite>();
        var removals = new List<MapWrite>();
        var moved = parts.Count > 1 ? new HashSet<EntryKey>(parts.SelectMany(p => p.After.Entries.Keys)) : null;
        foreach (var (before, after) in parts)
        {
            foreach (var (key, value) in after.Entries)
            {
                if (!before.Entries.TryGetValue(key, out var old) || !old.AsSpan().SequenceEqual(value))
                {
                    writes.Add(new(key, value));
                }
            }

            foreach (var (key, _) in before.Entries)
            {
                if (!after.Entries.ContainsKey(key) && moved?.Contains(key) != true)
                {
                    removals.Add(new(key, null));
                }
            }
        }

        // Stable order for the same input is not needed; order between maps is.
        writes.Sort(Upwards);
        removals.Sort(Downwards);
        return new(writes, removals);
    }
}
