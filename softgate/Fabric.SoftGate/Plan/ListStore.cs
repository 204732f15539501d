using System.Runtime.InteropServices;
using Fabric.SoftGate.AccessLists;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>What owns a compiled list.</summary>
/// <param name="OfBalancer">It is the source limit of the balancer with the uid; otherwise the access list with the uid.</param>
/// <param name="Uid">The controller's number.</param>
internal readonly record struct ListOwner(bool OfBalancer, int Uid);

/// <summary>A version of a list in maps.</summary>
/// <param name="Version">Key in <c>acls</c>.</param>
/// <param name="Cells">Its cells.</param>
/// <param name="Counters">Its counters.</param>
/// <param name="Entries">All of its entries, counters included.</param>
internal sealed record ListVersion(uint Version, (uint First, uint Count) Cells, (uint First, uint Count) Counters, IReadOnlyList<MapWrite> Entries);

/// <summary>
/// The lists in force, each under its version. A list that changes gets a new version beside the old one; one that is refused leaves the old
/// one in force, and without an old one it has no version, so that whatever names it is denied.
/// </summary>
internal sealed class ListStore
{
    /// <summary>A version that never is: who refers to it is denied everything.</summary>
    internal const uint None = uint.MaxValue;

    private readonly Dictionary<ListOwner, InForce> _lists = [];
    private readonly List<(int Uid, ListVersion Version)> _found = [];
    private readonly RangeSpace _cells;
    private readonly RangeSpace _counters;
    private readonly IReadOnlyDictionary<MapId, uint> _tables;
    private readonly Dictionary<MapId, long> _entries = [];
    private readonly List<ListVersion> _leaving = [];
    private uint _next = 1;

    internal ListStore(Capacities capacities)
    {
        _cells = new("acl_cells", 0, capacities.AclCells);
        _counters = new("acl_counters", 0, capacities.AclCounters);
        _tables = capacities.Tables;
    }

    /// <summary>Lists that are not in force as they are wanted, and why.</summary>
    internal IEnumerable<string> Refusals => _lists.Values.Select(static l => l.Refusal).OfType<AccessListRefusal>().Select(static r => r.Detail);

    /// <summary>The version in force, or <see cref="None"/>.</summary>
    internal uint VersionOf(ListOwner owner) => _lists.TryGetValue(owner, out var list) && list.Version is { } version ? version.Version : None;

    /// <summary>Takes what the maps have had before this process began: whoever has the same list gets its version.</summary>
    /// <returns>False: its ranges cannot be.</returns>
    internal bool TryRestore(int uid, ListVersion version)
    {
        _next = Math.Max(_next, version.Version + 1);
        if (!_cells.TryReserve(version.Cells.First, version.Cells.Count))
        {
            return false;
        }

        if (!_counters.TryReserve(version.Counters.First, version.Counters.Count))
        {
            _cells.Return(version.Cells.First, version.Cells.Count);
            return false;
        }

        Count(version.Entries, 1);
        _found.Add((uid, version));
        return true;
    }

    /// <summary>Compiles what has changed. Nothing is in force before <see cref="Commit"/>.</summary>
    internal Change Prepare(IEnumerable<(ListOwner Owner, SoftGateAccessList List)> wanted)
    {
        var change = new Change();
        foreach (var (owner, list) in wanted)
        {
            if (!change.Wanted.Add(owner))
            {
                continue;
            }

            _lists.TryGetValue(owner, out var known);
            if (known is not null && known.Refusal?.Reason != AccessListRefusalReason.NoRoom && known.List == list)
            {
                continue;
            }

            change.Lists.Add(owner, Compile(owner, list, known, change));
        }

        foreach (var owner in _lists.Keys)
        {
            if (!change.Wanted.Contains(owner))
            {
                change.Gone.Add(owner);
            }
        }

        return change;
    }

    /// <summary>The version that will be in force.</summary>
    internal uint VersionOf(Change change, ListOwner owner) =>
        change.Lists.TryGetValue(owner, out var next) ? next.Version?.Version ?? None : change.Gone.Contains(owner) ? None : VersionOf(owner);

    /// <summary>Puts what was prepared in force.</summary>
    internal void Commit(Change change, Draft draft)
    {
        foreach (var owner in change.Gone)
        {
            if (_lists.Remove(owner, out var gone))
            {
                Drop(gone.Version, draft);
            }
        }

        foreach (var (owner, next) in change.Lists)
        {
            var before = _lists.GetValueOrDefault(owner)?.Version;
            if (next.Version is { } version && version != before)
            {
                foreach (var entry in version.Entries)
                {
                    draft.Set(entry.Key, entry.Value!);
                }

                Drop(before, draft);
            }

            _lists[owner] = next;
        }

        // What an earlier process has left and nobody wants: its entries are nobody's, so that they are removed.
        foreach (var (_, version) in _found)
        {
            Return(version);
        }

        _found.Clear();
    }

    /// <summary>Nothing comes of what was prepared.</summary>
    internal void Undo(Change change)
    {
        foreach (var version in change.New)
        {
            Return(version);
        }

        _found.AddRange(change.Adopted);
        Settle();
    }

    /// <summary>The last change is carried out.</summary>
    internal void Settle()
    {
        _leaving.ForEach(v => Count(v.Entries, -1));
        _leaving.Clear();
        _cells.Settle();
        _counters.Settle();
    }

    private InForce Compile(ListOwner owner, SoftGateAccessList list, InForce? known, Change change)
    {
        if (AccessListCompiler.TryCompile(list, out var compiled, out var refusal))
        {
            if (Adopt(compiled) is { } adopted)
            {
                change.Adopted.Add((list.Uid, adopted));
                return new(list, adopted, null);
            }

            try
            {
                var version = Place(compiled);
                change.New.Add(version);
                return new(list, version, null);
            }
            catch (CapacityException e)
            {
                refusal = new(AccessListRefusalReason.NoRoom, $"access list {list.Name} (uid {list.Uid}): {e.Message}");
            }
        }

        var stays = known?.Version;
        if (stays is null && !owner.OfBalancer && _found.FindIndex(f => f.Uid == list.Uid) is >= 0 and var old)
        {
            // Put in force by an earlier process.
            stays = _found[old].Version;
            change.Adopted.Add(_found[old]);
            _found.RemoveAt(old);
        }

        return new(list, stays, refusal with { Detail = refusal.Detail + (stays is null ? "; nothing may pass where it is named" : "; the rules before stay in force") });
    }

    private ListVersion Place(CompiledAccessList compiled)
    {
        var cells = (uint)compiled.Cells.Length;
        var counters = (uint)compiled.Counters;
        foreach (var (map, more) in ((MapId, int)[])[(MapId.Acls, 1), (MapId.AclAddresses, compiled.Sources.Count + compiled.Destinations.Count), (MapId.AclServices, compiled.Services.Count)])
        {
            if (_tables.TryGetValue(map, out var room) && _entries.GetValueOrDefault(map) + more > room)
            {
                throw new CapacityException(MapIds.NameOf(map), room);
            }
        }

        var first = _cells.Take(cells);
        uint firstCounter;
        try
        {
            firstCounter = _counters.Take(counters);
        }
        catch (CapacityException)
        {
            _cells.Return(first, cells);
            throw;
        }

        var entries = Entries(compiled, _next, first, firstCounter);
        Count(entries, 1);
        return new(_next++, (first, cells), (firstCounter, counters), entries);
    }

    /// <summary>A version of an earlier process that says the same; its counters go on.</summary>
    private ListVersion? Adopt(CompiledAccessList compiled)
    {
        for (var i = 0; i < _found.Count; i++)
        {
            var (uid, found) = _found[i];
            if (uid != compiled.Uid || !IsSame(found, compiled))
            {
                continue;
            }

            // Rules at the end that decide nothing have counters too.
            var (first, count) = found.Counters;
            if (count < compiled.Counters && !_counters.TryReserve(first + count, (uint)compiled.Counters - count))
            {
                continue;
            }

            _found.RemoveAt(i);
            return found with { Counters = (first, (uint)compiled.Counters), Entries = Entries(compiled, found.Version, found.Cells.First, first) };
        }

        return null;
    }

    private void Count(IReadOnlyList<MapWrite> entries, int by)
    {
        foreach (var entry in entries)
        {
            _entries[entry.Key.Map] = _entries.GetValueOrDefault(entry.Key.Map) + by;
        }
    }

    private static List<MapWrite> Entries(CompiledAccessList compiled, uint version, uint first, uint firstCounter)
    {
        var (addressKeys, addressValues) = compiled.AddressEntries(version);
        var (serviceKeys, serviceValues) = compiled.ServiceEntries(version);
        var entries = new List<MapWrite>(addressKeys.Length + serviceKeys.Length + 3)
        {
            new(EntryKey.Of(MapId.AclCounters, firstCounter), new byte[compiled.Counters * MapIds.CellSize(MapId.AclCounters)]),
            new(EntryKey.Of(MapId.AclCells, first), MemoryMarshal.AsBytes(compiled.Cells.AsSpan()).ToArray()),
            new(EntryKey.Of(MapId.Acls, version), MapContents.Octets(compiled.Value(first, firstCounter))),
        };
        for (var i = 0; i < addressKeys.Length; i++)
        {
            entries.Add(new(EntryKey.Of(MapId.AclAddresses, addressKeys[i]), MapContents.Octets(addressValues[i])));
        }

        for (var i = 0; i < serviceKeys.Length; i++)
        {
            entries.Add(new(EntryKey.Of(MapId.AclServices, serviceKeys[i]), MapContents.Octets(serviceValues[i])));
        }

        return entries;
    }

    /// <summary>Whether a version says what a list says. What was found may have fewer counters: nothing tells of rules that decide nothing.</summary>
    private static bool IsSame(ListVersion found, CompiledAccessList compiled)
    {
        if (found.Cells.Count != compiled.Cells.Length || found.Counters.Count > compiled.Counters)
        {
            return false;
        }

        var there = found.Entries.ToDictionary(static e => e.Key, static e => e.Value!);
        var wanted = Entries(compiled, found.Version, found.Cells.First, found.Counters.First);
        return there.Count == wanted.Count
            && wanted.TrueForAll(e => there.TryGetValue(e.Key, out var value) && (MapIds.IsCounters(e.Key.Map) || value.AsSpan().SequenceEqual(e.Value)));
    }

    private void Drop(ListVersion? version, Draft draft)
    {
        if (version is not null)
        {
            foreach (var entry in version.Entries)
            {
                draft.Remove(entry.Key);
            }

            Return(version);
        }
    }

    private void Return(ListVersion version)
    {
        _cells.Return(version.Cells.First, version.Cells.Count);
        _counters.Return(version.Counters.First, version.Counters.Count);
        _leaving.Add(version);
    }

    /// <summary>What was prepared.</summary>
    internal sealed class Change
    {
        internal HashSet<ListOwner> Wanted { get; } = [];

        internal Dictionary<ListOwner, InForce> Lists { get; } = [];

        internal List<ListOwner> Gone { get; } = [];

        internal List<ListVersion> New { get; } = [];

        internal List<(int Uid, ListVersion Version)> Adopted { get; } = [];

        /// <summary>Lists whose version changes.</summary>
        internal IEnumerable<ListOwner> Touched => Lists.Keys.Concat(Gone);
    }

    /// <summary>A list as it is wanted, what of it is in force, and why that is not all.</summary>
    internal sealed record InForce(SoftGateAccessList List, ListVersion? Version, AccessListRefusal? Refusal);
}
