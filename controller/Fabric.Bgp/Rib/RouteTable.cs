using System.Buffers.Binary;
using System.Security.Cryptography;
using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Rib;

/// <summary>
/// The routes of all peers in all families: for each route its paths, the best one first, and all routes in the order of their last
/// change. Belongs to the engine's thread.
/// </summary>
/// <remarks>
/// A withdrawn path stays, dead, until no mark stands before its entry's change: whoever reads the list of changes later must learn
/// of it. <see cref="Bury"/> then frees it.
/// </remarks>
internal sealed class RouteTable
{
    private const int PathIdLength = 4;
    private const int UsualRouteLength = 40; // of EVPN type 2, with an IPv4 address

    private readonly NlriArena _arena = new();
    private readonly PlaceList<RouteEntry> _entries = new();
    private readonly PlaceList<RoutePath> _paths = new();
    private readonly List<RibPeer?> _peers = [null];
    private readonly Queue<(int Entry, long Version)> _dying = new();
    private readonly int[] _count = new int[Families.Count];
    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private readonly DateTimeOffset _born;
    private uint _now;
    private readonly EntryIndex _index;
    private long _version;
    private long _touched;

    /// <summary>An empty table.</summary>
    /// <param name="now">The time.</param>
    /// <param name="room">Routes for which it has memory ready: so many come without a wait for it.</param>
    public RouteTable(DateTimeOffset now, int room = 0)
    {
        _born = now;
        _index = new EntryIndex(room);
        _entries.MakeRoom(room);
        _paths.MakeRoom(room);
        _arena.MakeRoom((long)room * UsualRouteLength);
        _paths.Take(); // 0 is none
        for (var family = 0; family < Families.Count; family++)
        {
            var ends = _entries.Take();
            ref var e = ref _entries[ends];
            (e.Earlier, e.Later, e.Flags) = (ends, ends, EntryFlags.Mark);
        }
    }

    public AttributeSets Sets { get; } = new();

    /// <summary>The time that paths get which come from now on.</summary>
    public void SetTime(DateTimeOffset now) => _now = (uint)Math.Max(0, (now - _born).TotalSeconds);

    /// <summary>Grows with every change of an entry.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Takes entries of which any path is about to change; for those who watch all paths.</summary>
    public Action<int>? OnTouch { get; set; }

    /// <summary>Takes paths that are about to be freed: their numbers will be others' afterwards.</summary>
    public Action<int>? OnFree { get; set; }

    /// <summary>Grows with every change of any path.</summary>
    public long Touched => Volatile.Read(ref _touched);

    /// <summary>Whether a change of a path that is not the best one counts as a change of its entry: somebody is sent several paths.</summary>
    public bool AllPathsCount { get; set; }

    /// <summary>Whether somebody's policy looks at attributes, so that any other attributes may mean another verdict.</summary>
    public bool PoliciesLook { get; set; }

    /// <summary>Routes with at least one usable path.</summary>
    public int Count(FamilyIndex family) => Volatile.Read(ref _count[(int)family]);

    /// <summary>Numbers of entries are below it.</summary>
    public int Top => _entries.Top;

    public ref RouteEntry Entry(int entry) => ref _entries[entry];

    public ref RoutePath Path(int path) => ref _paths[path];

    public RibPeer Peer(int id) => _peers[id]!;

    /// <summary>The octets of a path's route.</summary>
    public ReadOnlySpan<byte> Nlri(in RoutePath path) => Nlri(path, _entries[path.Entry].Family);

    /// <summary>The same, where the family is known: it saves a look.</summary>
    public ReadOnlySpan<byte> Nlri(in RoutePath path, FamilyIndex family)
    {
        var from = _arena.From(path.Nlri);
        return from[..NlriLayout.Length(family, from)];
    }

    public DateTimeOffset ReceivedAt(in RoutePath path) => _born.AddSeconds(path.ReceivedAt);

    /// <summary>The best path of an entry; 0 when none is usable.</summary>
    public int Best(int entry)
    {
        var first = _entries[entry].First;
        return first != 0 && _paths[first].IsUsable ? first : 0;
    }

    public void Enter(RibPeer peer)
    {
        var at = _peers.IndexOf(null, 1);
        if (at < 0)
        {
            at = _peers.Count;
            _peers.Add(null);
        }

        _peers[at] = peer;
        peer.Id = at;
    }

    /// <summary>Forgets a peer whose paths were withdrawn before. False while dead ones are still to be told of.</summary>
    public bool TryLeave(RibPeer peer)
    {
        for (var path = 1; path < _paths.Top; path++)
        {
            if (_paths[path].Peer == peer.Id)
            {
                return false;
            }
        }

        _peers[peer.Id] = null;
        peer.Id = 0;
        return true;
    }

    /// <summary>A peer's version of a route, new or again.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="family">The family.</param>
    /// <param name="nlri">One well-formed route.</param>
    /// <param name="pathId">The peer's path identifier.</param>
    /// <param name="set">Its attributes; the caller holds them meanwhile.</param>
    /// <param name="refused">Whether it is kept and not used.</param>
    /// <returns>The path.</returns>
    public int Announce(RibPeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, uint pathId, AttributeSet set, bool refused) =>
        Announce(peer, family, nlri, Hash(family, nlri), pathId, set, refused);

    /// <summary>The same, with the hash that <see cref="Foresee"/> gave.</summary>
    public int Announce(RibPeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, uint hash, uint pathId, AttributeSet set, bool refused)
    {
        var flags = refused ? PathFlags.Refused : PathFlags.None;
        var entry = Find(family, nlri, hash, out var slot);
        if (entry == 0)
        {
            return AddFirst(peer, family, nlri, hash, slot, pathId, set, flags);
        }

        var path = FindPath(entry, peer.Id, pathId);
        if (path == 0)
        {
            return Add(entry, peer, family, nlri, pathId, set, flags);
        }

        ref var present = ref _paths[path];
        var same = Nlri(present).SequenceEqual(nlri);
        if (!present.IsDead && present.Set == set.Id && same && (present.Flags & PathFlags.Refused) == flags)
        {
            var wasStale = present.Flags.HasFlag(PathFlags.Stale);
            present.Flags = flags;
            if (wasStale)
            {
                Touch(entry);
                Reorder(entry);
            }

            return path;
        }

        Touch(entry);
        if (present.IsDead)
        {
            peer.Count(family, 1);
        }

        if (!same)
        {
            _arena.Free(present.Nlri, Nlri(present).Length);
            present.Nlri = _arena.Add(nlri);
        }

        var before = _paths[_entries[entry].First].IsUsable ? _entries[entry].First : 0;
        var oldSet = Sets[present.Set];
        if (present.IsDead)
        {
            _entries[entry].Flags |= EntryFlags.Moved;
        }

        Take(path);
        Put(path, ref present, set, flags);
        NoteMove(entry, before == path, peer.Id, oldSet, peer.Id, set);
        Sets.Release(oldSet);
        Choose(entry, before, contentChanged: path);
        return path;
    }

    /// <summary>Looks at the next routes of a row and asks memory for what finding them needs, so that nothing waits for it later.</summary>
    /// <param name="family">The family.</param>
    /// <param name="row">Well-formed routes.</param>
    /// <param name="pathIds">Whether each has a path identifier before it.</param>
    /// <param name="soon">Takes what is seen.</param>
    /// <returns>How many routes that is.</returns>
    public int Foresee(FamilyIndex family, ReadOnlySpan<byte> row, bool pathIds, Span<ForeseenRoute> soon)
    {
        var count = 0;
        while (count < soon.Length && !row.IsEmpty)
        {
            var pathId = 0u;
            if (pathIds)
            {
                pathId = BinaryPrimitives.ReadUInt32BigEndian(row);
                row = row[PathIdLength..];
            }

            var length = NlriLayout.Length(family, row);
            var hash = Hash(family, row[..length]);
            row = row[length..];
            _index.Prefetch(hash);
            soon[count++] = new(hash, length, pathId);
        }

        return count;
    }

    /// <summary>A peer takes its version of a route back. False when it had none.</summary>
    public bool Withdraw(RibPeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, uint pathId)
    {
        var entry = Find(family, nlri, Hash(family, nlri), out _);
        if (entry == 0)
        {
            return false;
        }

        var path = FindPath(entry, peer.Id, pathId);
        if (path == 0 || _paths[path].IsDead)
        {
            return false;
        }

        Kill(path);
        return true;
    }

    /// <summary>Takes back all of a peer's routes that fit.</summary>
    public void WithdrawAll(RibPeer peer, Func<RouteTable, int, bool> fits)
    {
        if (peer.AllRoutes == 0)
        {
            return;
        }

        for (var path = 1; path < _paths.Top; path++)
        {
            if (_paths[path].Peer == peer.Id && !_paths[path].IsDead && fits(this, path))
            {
                Kill(path);
            }
        }
    }

    /// <summary>Marks all of a peer's routes of a family, as stale or awaited. The mark goes when the peer sends the route again.</summary>
    public void Mark(RibPeer peer, FamilyIndex family, PathFlags flag)
    {
        for (var path = 1; path < _paths.Top; path++)
        {
            ref var candidate = ref _paths[path];
            if (candidate.Peer == peer.Id && !candidate.IsDead && _entries[candidate.Entry].Family == family)
            {
                candidate.Flags |= flag;
                if (flag == PathFlags.Stale)
                {
                    Touch(candidate.Entry);
                    Reorder(candidate.Entry);
                }
            }
        }
    }

    /// <summary>The entry of a route; 0 when it is not there.</summary>
    public int Find(FamilyIndex family, ReadOnlySpan<byte> nlri) => Find(family, nlri, Hash(family, nlri), out _);

    /// <summary>All entries with paths, from a number on; numbers of entries do not change while they live.</summary>
    public IEnumerable<int> EntriesFrom(int first)
    {
        for (var entry = Math.Max(first, Families.Count); entry < _entries.Top; entry++)
        {
            if (_entries[entry].First != 0)
            {
                yield return entry;
            }
        }
    }

    /// <summary>The two ends of a family's list of changes, as a place.</summary>
    public static int Ends(FamilyIndex family) => (int)family;

    /// <summary>A mark in a family's list of changes, behind a place of it.</summary>
    public int AddMark(FamilyIndex family, int behind)
    {
        var mark = _entries.Take();
        ref var e = ref _entries[mark];
        (e.Family, e.Flags, e.Version) = (family, EntryFlags.Mark, _entries[behind].Version);
        Link(mark, behind);
        return mark;
    }

    /// <summary>Puts a mark behind a place of its list.</summary>
    public void MoveMark(int mark, int behind)
    {
        if (behind == mark)
        {
            return;
        }

        Unlink(mark);
        Link(mark, behind);
        _entries[mark].Version = _entries[behind].Version;
    }

    /// <summary>Notes that the reader of a mark at the end of its list has read all there is.</summary>
    public void MarkIsAtEnd(int mark) => _entries[mark].Version = _version;

    public void RemoveMark(int mark)
    {
        Unlink(mark);
        _entries.Free(mark);
    }

    /// <summary>The next entry behind a place in the list of changes, marks left out; 0 at the end.</summary>
    public int NextChange(int place)
    {
        var next = _entries[place].Later;
        while (next >= Families.Count && _entries[next].Flags.HasFlag(EntryFlags.Mark))
        {
            next = _entries[next].Later;
        }

        return next < Families.Count ? 0 : next;
    }

    /// <summary>The last place of a family's list of changes.</summary>
    public int LastChange(FamilyIndex family) => _entries[Ends(family)].Earlier;

    /// <summary>Dead paths that wait for readers.</summary>
    public int Dying => _dying.Count;

    /// <summary>Frees dead paths of changes that everybody has read.</summary>
    /// <param name="readVersion">The version up to which all have read.</param>
    public void Bury(long readVersion)
    {
        while (_dying.TryPeek(out var dying) && dying.Version <= readVersion)
        {
            _dying.Dequeue();
            ref var entry = ref _entries[dying.Entry];
            if (entry.Version <= readVersion)
            {
                BuryDead(dying.Entry);
            }
            else if (entry.First != 0)
            {
                // It has changed since: its readers have that still before them.
                _dying.Enqueue((dying.Entry, entry.Version));
            }
        }
    }

    /// <summary>The paths of an entry, best first, dead ones too.</summary>
    public IEnumerable<int> PathsOf(int entry)
    {
        for (var path = _entries[entry].First; path != 0; path = _paths[path].Next)
        {
            yield return path;
        }
    }

    /// <summary>How the best path won against a second one.</summary>
    public int Compare(int path, int other, out BestPathRule rule) => BestPath.Compare(CandidateOf(path), CandidateOf(other), out rule);

    /// <summary>Gives a path other attributes or another verdict of the import policy.</summary>
    public void Reassess(int path, AttributeSet set, bool refused)
    {
        ref var present = ref _paths[path];
        Announce(Peer(present.Peer), _entries[present.Entry].Family, Nlri(present), present.PathId, set, refused);
    }

    private BestPath.Candidate CandidateOf(int path)
    {
        ref var p = ref _paths[path];
        return new(Sets[p.Set], Peer(p.Peer), p.Flags.HasFlag(PathFlags.Stale), p.PathId);
    }

    private void Kill(int path)
    {
        ref var dead = ref _paths[path];
        var entry = dead.Entry;
        Touch(entry);
        var before = Best(entry);
        Peer(dead.Peer).Count(_entries[entry].Family, -1);
        dead.Flags = PathFlags.Dead;
        Choose(entry, before, contentChanged: 0);
        _dying.Enqueue((entry, _entries[entry].Version));
    }

    /// <summary>A route that nobody had: an entry with one path, last in the list of changes.</summary>
    private int AddFirst(RibPeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, uint hash, int slot, uint pathId, AttributeSet set, PathFlags flags)
    {
        var entry = _entries.Take();
        _index.Add(hash, entry, slot);
        ref var e = ref _entries[entry];
        e.Hash = hash;
        e.Family = family;
        e.Version = _version;
        Link(entry, LastChange(family));
        Touch(entry);
        var path = Enter(entry, peer, nlri, pathId);
        ref var p = ref _paths[path];
        Put(path, ref p, set, flags);
        peer.Count(family, 1);
        e.First = path;
        if (flags == PathFlags.None)
        {
            _count[(int)family]++;
            e.Version = NextVersion();
        }

        return path;
    }

    /// <summary>A path that a peer did not have, of an entry that is there.</summary>
    private int Add(int entry, RibPeer peer, FamilyIndex family, ReadOnlySpan<byte> nlri, uint pathId, AttributeSet set, PathFlags flags)
    {
        Touch(entry);
        var path = Enter(entry, peer, nlri, pathId);
        ref var p = ref _paths[path];
        Put(path, ref p, set, flags);
        peer.Count(family, 1);

        // Behind the first: Choose brings it forward when it is better.
        ref var e = ref _entries[entry];
        var before = Best(entry);
        e.Flags |= before == 0 ? EntryFlags.Moved : EntryFlags.None;
        p.Next = _paths[e.First].Next;
        _paths[e.First].Next = path;
        Choose(entry, before, contentChanged: 0);
        return path;
    }

    private int Enter(int entry, RibPeer peer, ReadOnlySpan<byte> nlri, uint pathId)
    {
        var path = _paths.Take();
        ref var p = ref _paths[path];
        p.Entry = entry;
        p.Peer = peer.Id;
        p.PathId = pathId;
        p.Nlri = _arena.Add(nlri);
        return path;
    }

    private void Touch(int entry)
    {
        Volatile.Write(ref _touched, _touched + 1);
        OnTouch?.Invoke(entry);
    }

    private void Reorder(int entry) => Choose(entry, Best(entry), contentChanged: 0);

    /// <summary>Puts the best path first and notes the change, if it is one for those who are sent the best path.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="before">The best path until now.</param>
    /// <param name="contentChanged">A path that stays but says something else.</param>
    private void Choose(int entry, int before, int contentChanged)
    {
        ref var e = ref _entries[entry];
        var best = e.First;
        if (_paths[best].Next != 0)
        {
            for (var path = _paths[best].Next; path != 0; path = _paths[path].Next)
            {
                if (_paths[path].IsUsable && (!_paths[best].IsUsable || Compare(path, best, out _) < 0))
                {
                    best = path;
                }
            }

            if (best != e.First)
            {
                var ahead = e.First;
                while (_paths[ahead].Next != best)
                {
                    ahead = _paths[ahead].Next;
                }

                _paths[ahead].Next = _paths[best].Next;
                _paths[best].Next = e.First;
                e.First = best;
            }
        }

        var after = _paths[best].IsUsable ? best : 0;
        if (before == 0 && after != 0)
        {
            _count[(int)e.Family]++;
        }
        else if (before != 0 && after == 0)
        {
            _count[(int)e.Family]--;
        }

        if (before != 0 && after != 0 && before != after)
        {
            NoteMove(entry, true, _paths[before].Peer, Sets[_paths[before].Set], _paths[after].Peer, Sets[_paths[after].Set]);
        }

        if (before != after || (contentChanged != 0 && contentChanged == after) || (AllPathsCount && (before | after) != 0))
        {
            Changed(entry);
        }
    }

    private void NoteMove(int entry, bool wasBest, int oldPeer, AttributeSet oldSet, int newPeer, AttributeSet newSet)
    {
        if (wasBest && (oldPeer != newPeer || PoliciesLook || oldSet.KeepInside != newSet.KeepInside || oldSet.KeepHere != newSet.KeepHere
            || oldSet.HasIpv6NextHop != newSet.HasIpv6NextHop || !oldSet.Targets.AsSpan().SequenceEqual(newSet.Targets)))
        {
            _entries[entry].Flags |= EntryFlags.Moved;
        }
    }

    private void Changed(int entry)
    {
        Unlink(entry);
        Link(entry, LastChange(_entries[entry].Family));
        _entries[entry].Version = NextVersion();
    }

    private long NextVersion()
    {
        var version = _version + 1;
        Volatile.Write(ref _version, version);
        return version;
    }

    private void BuryDead(int entry)
    {
        ref var e = ref _entries[entry];
        if (e.First == 0)
        {
            return; // freed already, and perhaps a mark now
        }

        var ahead = 0;
        for (var path = e.First; path != 0;)
        {
            var next = _paths[path].Next;
            if (_paths[path].IsDead)
            {
                if (ahead == 0)
                {
                    e.First = next;
                }
                else
                {
                    _paths[ahead].Next = next;
                }

                var length = Nlri(_paths[path]).Length;
                if (next == 0 && ahead == 0)
                {
                    _index.Remove(e.Hash, entry);
                }

                OnFree?.Invoke(path);
                var set = Sets[_paths[path].Set];
                Take(path);
                Sets.Release(set);
                _arena.Free(_paths[path].Nlri, length);
                _paths.Free(path);
            }
            else
            {
                ahead = path;
            }

            path = next;
        }

        if (e.First == 0)
        {
            Unlink(entry);
            _entries.Free(entry);
        }
    }

    /// <summary>Enters a path among those of a set, which it holds from now on.</summary>
    private void Put(int path, ref RoutePath p, AttributeSet set, PathFlags flags)
    {
        set.Users++;
        p.Set = set.Id;
        p.SetPrevious = 0;
        p.SetNext = set.FirstPath;
        if (set.FirstPath != 0)
        {
            _paths[set.FirstPath].SetPrevious = path;
        }

        set.FirstPath = path;
        p.Flags = flags;
        p.ReceivedAt = _now;
    }

    /// <summary>Takes a path out of those of its set, which it still holds.</summary>
    private void Take(int path)
    {
        ref var p = ref _paths[path];
        if (p.SetPrevious == 0)
        {
            Sets[p.Set].FirstPath = p.SetNext;
        }
        else
        {
            _paths[p.SetPrevious].SetNext = p.SetNext;
        }

        if (p.SetNext != 0)
        {
            _paths[p.SetNext].SetPrevious = p.SetPrevious;
        }
    }

    private int FindPath(int entry, int peer, uint pathId)
    {
        for (var path = _entries[entry].First; path != 0; path = _paths[path].Next)
        {
            if (_paths[path].Peer == peer && _paths[path].PathId == pathId)
            {
                return path;
            }
        }

        return 0;
    }

    private uint Hash(FamilyIndex family, ReadOnlySpan<byte> nlri) => NlriLayout.Hash(family, nlri, _seed);

    /// <summary>The entry of a route; 0 when it is not there, and where the index would have it.</summary>
    private int Find(FamilyIndex family, ReadOnlySpan<byte> nlri, uint hash, out int slot)
    {
        slot = _index.Start(hash);
        if (_index.IsAbsent(hash, ref slot))
        {
            return 0;
        }

        while (true)
        {
            var entry = _index.Next(hash, ref slot);
            if (entry == 0)
            {
                return 0;
            }

            ref var e = ref _entries[entry];
            if (e.Family == family && NlriLayout.SameKey(family, nlri, _arena.From(_paths[e.First].Nlri)))
            {
                return entry;
            }
        }
    }

    private void Link(int entry, int behind)
    {
        ref var e = ref _entries[entry];
        ref var earlier = ref _entries[behind];
        e.Earlier = behind;
        e.Later = earlier.Later;
        earlier.Later = entry;
        _entries[e.Later].Earlier = entry;
    }

    private void Unlink(int entry)
    {
        ref var e = ref _entries[entry];
        _entries[e.Earlier].Later = e.Later;
        _entries[e.Later].Earlier = e.Earlier;
    }
}

/// <summary>A route of a row that is looked for soon.</summary>
/// <param name="Hash">The hash of its key.</param>
/// <param name="Length">Its octets, without a path identifier.</param>
/// <param name="PathId">Its path identifier, 0 without.</param>
internal readonly record struct ForeseenRoute(uint Hash, int Length, uint PathId);
