namespace Fabric.SoftGate.Plan;

/// <summary>A change in the making: nothing of it is so before <see cref="Commit"/>.</summary>
/// <param name="present">What is wanted so far; the change is made in it.</param>
/// <param name="tables">Entries that tables have room for, by map.</param>
internal sealed class Draft(Dictionary<EntryKey, byte[]> present, IReadOnlyDictionary<MapId, uint> tables)
{
    private readonly Dictionary<EntryKey, byte[]?> _pending = [];

    /// <summary>An entry goes, unless it is claimed afterwards.</summary>
    internal void Remove(EntryKey key)
    {
        if (present.ContainsKey(key))
        {
            _pending[key] = null;
        }
        else
        {
            _pending.Remove(key);
        }
    }

    /// <summary>An entry of one owner. Whoever else has had it must have removed it before.</summary>
    /// <exception cref="StateException">Somebody else has it.</exception>
    internal void Claim(EntryKey key, byte[] value)
    {
        if (_pending.TryGetValue(key, out var pending) ? pending is not null : present.ContainsKey(key))
        {
            throw new StateException($"{EntryText.Of(key)} is wanted twice: by two VPCs, or by a VPC and the node");
        }

        _pending[key] = value;
    }

    /// <summary>An entry that has one owner for ever.</summary>
    internal void Set(EntryKey key, byte[] value) => _pending[key] = value;

    /// <summary>Entry as it will be.</summary>
    internal bool Has(EntryKey key) => _pending.TryGetValue(key, out var pending) ? pending is not null : present.ContainsKey(key);

    /// <summary>Whether all finds room, old and new together: new entries are written before old ones go.</summary>
    /// <param name="counts">Entries that maps have now.</param>
    /// <exception cref="CapacityException">It does not.</exception>
    internal void Check(int[] counts)
    {
        Span<int> more = stackalloc int[counts.Length];
        foreach (var (key, value) in _pending)
        {
            if (value is not null && !present.ContainsKey(key))
            {
                more[(int)key.Map]++;
            }
        }

        foreach (var (map, room) in tables)
        {
            if (more[(int)map] > 0 && counts[(int)map] + more[(int)map] > room)
            {
                throw new CapacityException(MapIds.NameOf(map), room);
            }
        }
    }

    /// <summary>Makes it so.</summary>
    /// <param name="counts">Entries that maps have; brought up to date.</param>
    /// <returns>The steps.</returns>
    internal MapChange Commit(int[] counts)
    {
        var change = new MapChange();
        foreach (var (key, value) in _pending)
        {
            if (value is null)
            {
                present.Remove(key);
                counts[(int)key.Map]--;
                change.Add(key, null);
            }
            else if (!present.TryGetValue(key, out var old))
            {
                present.Add(key, value);
                counts[(int)key.Map]++;
                change.Add(key, value);
            }
            else if (!old.AsSpan().SequenceEqual(value))
            {
                present[key] = value;
                change.Add(key, value);
            }
        }

        _pending.Clear();
        return change;
    }
}
