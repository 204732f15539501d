using System.Collections.Immutable;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>Those who follow the best routes. Like a peer that is behind, each has marks in the lists of changes and reads on from them.</summary>
internal sealed partial class RouteEngine
{
    private const int MostChangesAtOnce = 1000;

    // More dead paths than this are not kept for followers that do not read.
    private const int MostDeadForFollowers = 100_000;

    private readonly List<RouteFollower> _followers = [];
    private long _followersKnow;

    /// <summary>Lets somebody follow: from the table as it is, or only what comes.</summary>
    public void Follow(RouteFollower follower, bool fromStart)
    {
        follower.Since = _table.Version;
        for (var family = 0; family < Families.Count; family++)
        {
            if (follower.Filter.Family is null || follower.Filter.Family == ((FamilyIndex)family).Family())
            {
                var behind = fromStart ? RouteTable.Ends((FamilyIndex)family) : _table.LastChange((FamilyIndex)family);
                follower.Marks[family] = _table.AddMark((FamilyIndex)family, behind);
            }
        }

        _followers.Add(follower);
        NoteGroups();
        follower.Wake();
    }

    /// <summary>Ends that.</summary>
    public void Unfollow(RouteFollower follower)
    {
        if (_followers.Remove(follower))
        {
            NoteGroups();
            foreach (var mark in follower.Marks.Where(static m => m != 0))
            {
                _table.RemoveMark(mark);
            }
        }
    }

    /// <summary>The next changes for a follower; none when it has read all.</summary>
    public RouteChanges ReadOn(RouteFollower follower)
    {
        if (follower.Lost)
        {
            follower.Lost = false;
            return new RouteChanges([], Resync: true);
        }

        var changes = ImmutableArray.CreateBuilder<RouteChange>();
        var looked = 0;
        foreach (var mark in follower.Marks.Where(static m => m != 0))
        {
            var place = mark;
            while (changes.Count < MostChangesAtOnce && looked++ < MostEntriesLookedAt && _table.NextChange(place) is var entry and not 0)
            {
                place = entry;
                if (ChangeOf(follower, entry) is { } change)
                {
                    changes.Add(change);
                }
            }

            _table.MoveMark(mark, place);
        }

        if (looked >= MostEntriesLookedAt || changes.Count >= MostChangesAtOnce)
        {
            follower.Wake();
        }

        return new RouteChanges(changes.ToImmutable(), Resync: false);
    }

    private RouteChange? ChangeOf(RouteFollower follower, int entry)
    {
        var best = _table.Best(entry);
        var shown = best != 0 ? best : _table.Entry(entry).First;

        // What had no best path when the follower came, it need not be told of.
        return shown == 0 || (best == 0 && _table.Entry(entry).Version <= follower.Since) || !Matches(follower.Filter, shown)
            ? null
            : new RouteChange(best == 0, View(shown));
    }

    private void WakeFollowers()
    {
        if (_followers.Count == 0 || _followersKnow == _table.Version)
        {
            return;
        }

        _followersKnow = _table.Version;
        foreach (var follower in _followers)
        {
            follower.Wake();
        }
    }

    /// <summary>The version up to which all followers have read. Those who keep too much alive lose their place.</summary>
    private long ReadByFollowers()
    {
        var read = long.MaxValue;
        foreach (var follower in _followers)
        {
            for (var family = 0; family < Families.Count; family++)
            {
                var mark = follower.Marks[family];
                if (mark == 0)
                {
                    continue;
                }

                if (_table.NextChange(mark) != 0 && _table.Dying > MostDeadForFollowers)
                {
                    follower.Lost = true;
                    _table.MoveMark(mark, _table.LastChange((FamilyIndex)family));
                    follower.Wake();
                }

                if (_table.NextChange(mark) == 0)
                {
                    _table.MarkIsAtEnd(mark);
                }

                read = Math.Min(read, _table.Entry(mark).Version);
            }
        }

        return read;
    }
}
