using Fabric.Bgp.Attributes;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>
/// What goes out. Members of a group follow the list of changes together, and what has changed is packed once for all of them. One whose
/// socket does not keep up gets a mark of its own there and reads on from it when its socket takes more.
/// </summary>
internal sealed partial class RouteEngine
{
    private const int MostEntriesAtOnce = 8192;

    // A member with more octets waiting than this is left behind; it goes on when fewer than a quarter wait.
    private readonly long _highWater;

    private readonly UpdatePacker _packer;
    private readonly List<UpdateGroup>[] _groups = new List<UpdateGroup>[Families.Count];
    private readonly int[] _front = new int[Families.Count];
    private readonly List<FamilyMember> _marks = [];
    private readonly List<FamilyMember> _livePlain = [];
    private readonly List<FamilyMember> _liveChoosy = [];
    private readonly Parcels _parcels = new();
    private long _segment;

    /// <summary>Who is told.</summary>
    private enum Audience : byte
    {
        /// <summary>An announcement: all who may have it but the sender.</summary>
        Entitled,

        /// <summary>A withdrawal for those who do not get the announcement beside it: the sender, and those who want other route targets.</summary>
        Rest,

        /// <summary>A withdrawal of what all but the sender may have.</summary>
        AllButSender,

        /// <summary>A withdrawal for everybody.</summary>
        All,
    }

    private void Emit()
    {
        for (var family = 0; family < Families.Count; family++)
        {
            var front = _front[family];
            if (_table.NextChange(front) == 0)
            {
                continue;
            }

            foreach (var group in _groups[family])
            {
                EmitTo(group, front);
            }

            _table.MoveMark(front, _table.LastChange((FamilyIndex)family));
        }
    }

    private void EmitTo(UpdateGroup group, int front)
    {
        _livePlain.Clear();
        _liveChoosy.Clear();
        foreach (var member in group.Members)
        {
            if (member.Mark != 0)
            {
                continue;
            }

            if (member.Session.Output.Octets > _highWater)
            {
                SetMark(member, front);
                Call(member);
            }
            else
            {
                (member.IsChoosy ? _liveChoosy : _livePlain).Add(member);
            }
        }

        if (_livePlain.Count + _liveChoosy.Count == 0)
        {
            return;
        }

        for (var entry = _table.NextChange(front); entry != 0; entry = _table.NextChange(entry))
        {
            Sort(group, entry);
        }

        var block = OutputBlock.Rent();
        OutputBlock? pending = null;
        var (from, to, audience, sender, set) = (0, 0, default(Audience), 0, (AttributeSet?)null);
        foreach (var parcel in _parcels.All)
        {
            Pack(group, parcel, ref block, (b, start, length) =>
            {
                var joins = pending == b && to == start && audience == parcel.Audience && sender == parcel.Sender
                    && (_liveChoosy.Count == 0 || set == parcel.Set);
                if (!joins)
                {
                    Deliver(pending, from, to, audience, sender, set);
                    if (pending != b)
                    {
                        pending?.Release();
                        b.Share();
                    }

                    (pending, from, audience, sender, set) = (b, start, parcel.Audience, parcel.Sender, parcel.Set);
                }

                to = start + length;
            });
        }

        Deliver(pending, from, to, audience, sender, set);
        pending?.Release();
        block.Release();
        _parcels.Clear();
    }

    /// <summary>Puts an entry's paths where they belong among what is to be told to a group.</summary>
    private void Sort(UpdateGroup group, int entry)
    {
        if (group.Key.OwnRoutesOnly && !HasOwn(entry))
        {
            return;
        }

        var moved = _table.Entry(entry).Flags.HasFlag(EntryFlags.Moved);
        if (group.Key.AddPath)
        {
            SortAllPaths(group, entry, moved);
            return;
        }

        var first = _table.Entry(entry).First;
        if (first == 0)
        {
            return;
        }

        ref var path = ref _table.Path(first);
        if (!moved && path.IsUsable && group.Key.Export is not { DependsOnRoute: true } && _parcels.TryAddLike(path.Peer, path.Set, first))
        {
            return;
        }

        var set = _table.Sets[path.Set];
        if (!path.IsUsable)
        {
            if (path.IsDead || moved)
            {
                _parcels.Add(moved ? Audience.All : Audience.AllButSender, path.Peer, set, null, first);
            }

            return;
        }

        if (group.Outgoing(path, set) is { } attributes)
        {
            _parcels.Add(Audience.Entitled, path.Peer, set, attributes, first);
            if (moved)
            {
                _parcels.Add(Audience.Rest, path.Peer, set, null, first);
            }
        }
        else if (moved)
        {
            _parcels.Add(Audience.All, path.Peer, set, null, first);
        }
    }

    /// <summary>Whether an entry has a path that was injected here, a dead one too: only then is there something to tell a peer that gets own routes only.</summary>
    private bool HasOwn(int entry)
    {
        for (var path = _table.Entry(entry).First; path != 0; path = _table.Path(path).Next)
        {
            if (_table.Path(path).Peer == _local.Rib.Id)
            {
                return true;
            }
        }

        return false;
    }

    private void SortAllPaths(UpdateGroup group, int entry, bool moved)
    {
        for (var at = _table.Entry(entry).First; at != 0; at = _table.Path(at).Next)
        {
            ref var path = ref _table.Path(at);
            var set = _table.Sets[path.Set];
            if (path.IsUsable && group.Outgoing(path, set) is { } attributes)
            {
                _parcels.Add(Audience.Entitled, path.Peer, set, attributes, at);
                if (moved)
                {
                    _parcels.Add(Audience.Rest, path.Peer, set, null, at);
                }
            }
            else if (path.IsDead || moved)
            {
                _parcels.Add(Audience.All, path.Peer, set, null, at);
            }
        }
    }

    private void Pack(UpdateGroup group, Parcel parcel, ref OutputBlock block, UpdatePacker.Sink sink)
    {
        if (parcel.Attributes is { } attributes)
        {
            _packer.Announce(group, attributes, parcel.Paths, ref block, sink);
        }
        else
        {
            _packer.Withdraw(group, parcel.Paths, ref block, sink);
        }
    }

    private void Deliver(OutputBlock? block, int from, int to, Audience audience, int sender, AttributeSet? set)
    {
        if (block is null)
        {
            return;
        }

        foreach (var member in _livePlain)
        {
            var isSender = member.Peer.Rib.Id == sender;
            if (audience == Audience.All || isSender == (audience == Audience.Rest))
            {
                member.Session.Output.Add(block, from, to - from);
            }
        }

        if (_liveChoosy.Count == 0)
        {
            return;
        }

        if (audience is Audience.All or Audience.Rest)
        {
            foreach (var member in _liveChoosy)
            {
                if (audience == Audience.All || member.Peer.Rib.Id == sender || !member.Wants(set!))
                {
                    member.Session.Output.Add(block, from, to - from);
                }
            }

            return;
        }

        _segment++;
        foreach (var target in set!.Targets)
        {
            if (!_topics.TryGetValue(target, out var topic))
            {
                continue;
            }

            foreach (var member in topic.Members)
            {
                if (member.Group == _liveChoosy[0].Group && member.Mark == 0 && member.LastSegment != _segment && member.Peer.Rib.Id != sender)
                {
                    member.LastSegment = _segment;
                    member.Session.Output.Add(block, from, to - from);
                }
            }
        }
    }

    /// <summary>Has a member looked after when the present work is done.</summary>
    private void Call(FamilyMember member)
    {
        if (!member.IsCalled)
        {
            member.IsCalled = true;
            Post(() =>
            {
                member.IsCalled = false;
                if (member.Peer.Members[(int)member.Group.Key.Family] == member)
                {
                    LookAfter(member);
                }
            });
        }
    }

    private void CallAll(EnginePeer peer)
    {
        foreach (var member in peer.Members)
        {
            if (member is not null && (member.Mark != 0 || member.Turned.Count > 0 || member.TurnedSets is not null || member.OwesEndOfRib || member.OwesEndOfRefresh))
            {
                Call(member);
            }
        }
    }

    /// <summary>Tells a member the next part of what it has not been told, if its socket takes it.</summary>
    private void LookAfter(FamilyMember member)
    {
        if (member.Session.Output.Octets > _highWater / 4 && member.Session.Output.WakeBelow(_highWater / 4))
        {
            return;
        }

        if (member.Mark != 0)
        {
            // Those who follow with the group must not be behind what this member is about to be told.
            Emit();
            ReadOn(member);
        }
        else if (member.TurnedSets is not null || member.Turned.Count > 0)
        {
            TellTurned(member);
        }

        if (member.Mark != 0 || member.TurnedSets is not null || member.Turned.Count > 0)
        {
            Call(member);
        }
        else if (!member.IsFiltered || member.Peer.Interest!.Complete)
        {
            member.WithdrawsRest = false;
            if (member.OwesEndOfRefresh)
            {
                member.OwesEndOfRefresh = false;
                SendRefresh(member, RouteRefreshSubtype.End);
            }

            if (member.OwesEndOfRib)
            {
                member.OwesEndOfRib = false;
                SendEndOfRib(member);
            }
        }
    }

    private void ReadOn(FamilyMember member)
    {
        var place = member.Mark;
        for (var count = 0; count < MostEntriesAtOnce; count++)
        {
            var entry = _table.NextChange(place);
            if (entry == 0)
            {
                place = 0;
                break;
            }

            place = entry;
            SortFor(member, entry);
        }

        TellParcels(member);
        if (place == 0)
        {
            ClearMark(member);
        }
        else
        {
            _table.MoveMark(member.Mark, place);
        }
    }

    private void SortFor(FamilyMember member, int entry)
    {
        // Under another configuration it may have got what is not our own.
        if (member.Group.Key.OwnRoutesOnly && !member.WithdrawsRest && !HasOwn(entry))
        {
            return;
        }

        var rest = member.WithdrawsRest || _table.Entry(entry).Flags.HasFlag(EntryFlags.Moved);
        for (var at = _table.Entry(entry).First; at != 0; at = _table.Path(at).Next)
        {
            ref var path = ref _table.Path(at);
            var set = _table.Sets[path.Set];
            var isSender = path.Peer == member.Peer.Rib.Id;
            if (path.IsUsable && !isSender && member.Wants(set) && member.Group.Outgoing(path, set) is { } attributes)
            {
                _parcels.Add(Audience.Entitled, path.Peer, set, attributes, at);
            }
            else if (rest || (path.IsDead && !isSender))
            {
                _parcels.Add(Audience.All, path.Peer, set, null, at);
            }

            if (!member.Group.Key.AddPath)
            {
                break;
            }
        }
    }

    /// <summary>Tells the routes of targets that came to be wanted, and withdraws those of targets that are not any more.</summary>
    private void TellTurned(FamilyMember member)
    {
        var wanted = member.Turned.Peek().Wanted;
        if (member.TurnedSets is null)
        {
            member.TurnedSets = _topics.TryGetValue(member.Turned.Peek().Target, out var topic) ? new(topic.Sets) : new();
        }

        var paths = 0;
        while (paths < MostEntriesAtOnce && member.TurnedSets.TryDequeue(out var set))
        {
            if (set.Users == 0 || member.Wants(set) != wanted)
            {
                continue;
            }

            for (var at = set.FirstPath; at != 0; at = _table.Path(at).SetNext)
            {
                paths++;
                ref var path = ref _table.Path(at);
                if (!path.IsUsable || path.Peer == member.Peer.Rib.Id || (!member.Group.Key.AddPath && _table.Best(path.Entry) != at))
                {
                    continue;
                }

                if (!wanted)
                {
                    if (member.Group.Key.OwnRoutesOnly && path.Peer != _local.Rib.Id)
                    {
                        continue;
                    }

                    _parcels.Add(Audience.All, path.Peer, set, null, at);
                }
                else if (member.Group.Outgoing(path, set) is { } attributes)
                {
                    _parcels.Add(Audience.Entitled, path.Peer, set, attributes, at);
                }
            }
        }

        TellParcels(member);
        if (member.TurnedSets.Count == 0)
        {
            member.TurnedSets = null;
            member.Turned.Dequeue();
        }
    }

    private void TellParcels(FamilyMember member)
    {
        var block = OutputBlock.Rent();
        OutputBlock? pending = null;
        var (from, to) = (0, 0);
        foreach (var parcel in _parcels.All)
        {
            Pack(member.Group, parcel, ref block, (b, start, length) =>
            {
                if (pending != b)
                {
                    if (pending is not null)
                    {
                        member.Session.Output.Add(pending, from, to - from);
                        pending.Release();
                    }

                    b.Share();
                    (pending, from) = (b, start);
                }

                to = start + length;
            });
        }

        if (pending is not null)
        {
            member.Session.Output.Add(pending, from, to - from);
            pending.Release();
        }

        block.Release();
        _parcels.Clear();
    }

    private static void SendEndOfRib(FamilyMember member)
    {
        Span<byte> room = stackalloc byte[64];
        var writer = new WireWriter(room);
        BgpWrite.EndOfRib(ref writer, member.Group.Key.Family.Family());
        member.Session.Output.Add(writer.Written.ToArray());
    }

    private static void SendRefresh(FamilyMember member, RouteRefreshSubtype subtype)
    {
        Span<byte> room = stackalloc byte[64];
        var writer = new WireWriter(room);
        BgpWrite.RouteRefresh(ref writer, member.Group.Key.Family.Family(), (byte)subtype);
        member.Session.Output.Add(writer.Written.ToArray());
    }

    private void OnEndOfRib(EnginePeer peer, FamilyIndex family)
    {
        if (family == FamilyIndex.RouteTargetMembership && peer.Interest is { } interest)
        {
            interest.Complete = true;
            CallAll(peer);
        }

        peer.Events.Complete(family.Family());
    }

    private void SetMark(FamilyMember member, int behind)
    {
        if (member.Mark == 0)
        {
            member.Mark = _table.AddMark(member.Group.Key.Family, behind);
            _marks.Add(member);
        }
        else
        {
            _table.MoveMark(member.Mark, behind);
        }
    }

    private void ClearMark(FamilyMember member)
    {
        if (member.Mark != 0)
        {
            _table.RemoveMark(member.Mark);
            _marks.Remove(member);
            member.Mark = 0;
        }
    }

    /// <summary>Paths that go to the same audience with the same attributes.</summary>
    private sealed class Parcel
    {
        public Audience Audience { get; set; }

        public int Sender { get; set; }

        public AttributeSet Set { get; set; } = null!;

        /// <summary>Null to withdraw.</summary>
        public PathAttributes? Attributes { get; set; }

        public List<int> Paths { get; } = [];
    }

    /// <summary>What is to be told, sorted by audience and attributes; whatever comes in a row ends up in one place by itself.</summary>
    private sealed class Parcels
    {
        private readonly Dictionary<(Audience, int, int, PathAttributes?), Parcel> _byKey = [];
        private readonly Stack<Parcel> _spare = new();
        private readonly List<Parcel> _all = [];
        private Parcel? _last;

        public List<Parcel> All => _all;

        /// <summary>Adds a path to be announced, if the last one was to be, and had the same sender and attributes.</summary>
        public bool TryAddLike(int sender, int set, int path)
        {
            if (_last is not { Audience: Audience.Entitled } last || last.Sender != sender || last.Set.Id != set)
            {
                return false;
            }

            last.Paths.Add(path);
            return true;
        }

        public void Add(Audience audience, int sender, AttributeSet set, PathAttributes? attributes, int path)
        {
            if (_last is not { } last || last.Audience != audience || last.Sender != sender || last.Set != set || !ReferenceEquals(last.Attributes, attributes))
            {
                var key = (audience, sender, set.Id, attributes);
                if (!_byKey.TryGetValue(key, out last))
                {
                    last = _spare.TryPop(out var spare) ? spare : new Parcel();
                    (last.Audience, last.Sender, last.Set, last.Attributes) = (audience, sender, set, attributes);
                    _byKey.Add(key, last);
                    _all.Add(last);
                }

                _last = last;
            }

            last.Paths.Add(path);
        }

        public void Clear()
        {
            foreach (var parcel in _all)
            {
                parcel.Paths.Clear();
                parcel.Set = null!;
                parcel.Attributes = null;
                if (_spare.Count < 1024)
                {
                    _spare.Push(parcel);
                }
            }

            _all.Clear();
            _byKey.Clear();
            _last = null;
        }
    }
}
