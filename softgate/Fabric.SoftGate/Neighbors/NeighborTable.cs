using System.Runtime.InteropServices;
using Fabric.Primitives;

namespace Fabric.SoftGate.Neighbors;

/// <summary>Bounds and times of address resolution.</summary>
internal sealed record NeighborSettings
{
    /// <summary>Most hosts of a V-Net that are known or looked for.</summary>
    internal int MostPerVNet { get; init; } = 8192;

    /// <summary>Time between two solicitations for the same host.</summary>
    internal TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Solicitations without an answer until a host counts as absent, of a host that was known.</summary>
    internal int Probes { get; init; } = 5;

    /// <summary>Of those the first so many go to where the host was, the others to all.</summary>
    internal int UnicastProbes { get; init; } = 3;

    /// <summary>Solicitations for a host that nobody knows.</summary>
    internal int FirstProbes { get; init; } = 3;

    /// <summary>Time after which a host that was not heard is asked whether it is still there.</summary>
    internal TimeSpan Refresh { get; init; } = TimeSpan.FromSeconds(120);
}

/// <summary>A host of a V-Net.</summary>
internal readonly record struct NeighborKey(Vni Vni, IpAddr Address);

/// <summary>Where a host was heard.</summary>
/// <param name="Mac">Its MAC.</param>
/// <param name="Vtep">The VTEP that it is behind.</param>
internal readonly record struct NeighborPlace(MacAddress Mac, IpAddr Vtep);

/// <summary>Something to be done about a host.</summary>
/// <param name="Key">The host.</param>
/// <param name="Ask">A solicitation is to be sent: to the place, or to all where there is none. Otherwise the host is gone.</param>
/// <param name="Place">Where the host was.</param>
internal readonly record struct NeighborDuty(NeighborKey Key, bool Ask, NeighborPlace? Place);

/// <summary>
/// Which hosts of V-Nets are where, as ARP and neighbour discovery say. Pure: time comes in, what is to be done goes out. A host that is
/// wanted is asked for; one that is known is asked again before it is forgotten; each V-Net has so many and no more.
/// </summary>
internal sealed class NeighborTable(NeighborSettings settings)
{
    private readonly Dictionary<NeighborKey, Entry> _entries = [];
    private readonly Dictionary<Vni, int> _counts = [];

    /// <summary>Each host once; one that was put off is put back when its turn comes.</summary>
    private readonly PriorityQueue<(NeighborKey Key, Entry Entry), TimeSpan> _due = new();

    /// <summary>Hosts that are known or looked for.</summary>
    internal int Count => _entries.Count;

    /// <summary>Hosts that were refused because their V-Net has too many.</summary>
    internal long Refused { get; private set; }

    /// <summary>The data path has a packet for a host. Asked for at once, unless that is under way.</summary>
    internal void Want(NeighborKey key, TimeSpan now)
    {
        if (_entries.ContainsKey(key) || !HasRoom(key.Vni))
        {
            return;
        }

        Add(key, place: null, now);
    }

    /// <summary>A host was heard.</summary>
    /// <returns>True: it was not known there.</returns>
    internal bool Hear(NeighborKey key, NeighborPlace place, TimeSpan now)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            if (!HasRoom(key.Vni))
            {
                return false;
            }

            Add(key, place, now + RefreshOf(key));
            return true;
        }

        var changed = entry.Place != place;
        entry.Place = place;
        entry.Asked = 0;
        entry.Due = now + RefreshOf(key);
        return changed;
    }

    /// <summary>A host of an earlier run: believed for now, and asked soon.</summary>
    internal void Restore(NeighborKey key, NeighborPlace place, TimeSpan now)
    {
        if (!_entries.ContainsKey(key) && HasRoom(key.Vni))
        {
            Add(key, place, now + settings.Retry);
        }
    }

    /// <summary>Where a host is known to be; null: it is not.</summary>
    internal NeighborPlace? PlaceOf(NeighborKey key) => _entries.TryGetValue(key, out var entry) ? entry.Place : null;

    /// <summary>Forgets all hosts of V-Nets that are gone.</summary>
    internal void Keep(Func<NeighborKey, bool> stays)
    {
        foreach (var key in _entries.Keys.Where(k => !stays(k)).ToList())
        {
            Remove(key);
        }
    }

    /// <summary>Forgets a host.</summary>
    internal void Remove(NeighborKey key)
    {
        if (!_entries.Remove(key))
        {
            return;
        }

        if (--CollectionsMarshal.GetValueRefOrAddDefault(_counts, key.Vni, out _) == 0)
        {
            _counts.Remove(key.Vni);
        }
    }

    /// <summary>What is to be done by now, at most so much of it.</summary>
    internal List<NeighborDuty> Due(TimeSpan now, int most)
    {
        var duties = new List<NeighborDuty>();
        while (duties.Count < most && _due.TryPeek(out var next, out var at) && at <= now)
        {
            _due.Dequeue();
            if (!_entries.TryGetValue(next.Key, out var entry) || entry != next.Entry)
            {
                continue; // Gone meanwhile.
            }

            if (entry.Due > now)
            {
                _due.Enqueue(next, entry.Due);
                continue;
            }

            if (entry.Asked >= (entry.Place is null ? settings.FirstProbes : settings.Probes))
            {
                Remove(next.Key);
                duties.Add(new(next.Key, Ask: false, entry.Place));
                continue;
            }

            var toPlace = entry.Place is not null && entry.Asked < settings.UnicastProbes;
            entry.Asked++;
            duties.Add(new(next.Key, Ask: true, toPlace ? entry.Place : null));
            entry.Due = now + settings.Retry;
            _due.Enqueue(next, entry.Due);
        }

        return duties;
    }

    private bool HasRoom(Vni vni)
    {
        if (_counts.GetValueOrDefault(vni) < settings.MostPerVNet)
        {
            return true;
        }

        Refused++;
        return false;
    }

    private void Add(NeighborKey key, NeighborPlace? place, TimeSpan due)
    {
        var entry = new Entry { Place = place, Due = due };
        _entries.Add(key, entry);
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, key.Vni, out _)++;
        _due.Enqueue((key, entry), due);
    }

    /// <summary>Spread by host, so that not all are asked in the same second.</summary>
    private TimeSpan RefreshOf(NeighborKey key) => settings.Refresh * (0.8 + ((uint)key.GetHashCode() % 256 / 640.0));

    private sealed class Entry
    {
        internal NeighborPlace? Place { get; set; }

        internal int Asked { get; set; }

        internal TimeSpan Due { get; set; }
    }
}
