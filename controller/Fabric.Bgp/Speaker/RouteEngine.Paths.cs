using Fabric.Bgp.Glass;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>EVPN paths for somebody who makes a choice of its own among all of them, as a VTEP does.</summary>
internal sealed partial class RouteEngine
{
    /// <summary>What the next changes are about: for each changed route every path of a peer, as it is now.</summary>
    /// <param name="follower">Who reads; follows EVPN only.</param>
    /// <param name="most">Routes to look at in one turn.</param>
    /// <param name="paths">Takes the paths.</param>
    /// <returns>The version of the table up to which it has read; null when it was so slow that changes went by.</returns>
    public long? ReadPaths(RouteFollower follower, int most, List<EvpnPathEvent> paths)
    {
        if (follower.Lost)
        {
            follower.Lost = false;
            return null;
        }

        var mark = follower.Marks[(int)FamilyIndex.Evpn];
        var place = mark;
        while (most-- > 0 && _table.NextChange(place) is var entry and not 0)
        {
            place = entry;
            AddPaths(entry, paths);
        }

        _table.MoveMark(mark, place);
        if (_table.NextChange(mark) == 0)
        {
            _table.MarkIsAtEnd(mark);
        }
        else
        {
            follower.Wake();
        }

        return _table.Entry(mark).Version;
    }

    /// <summary>Has a follower read everything again.</summary>
    /// <returns>The version at which it has.</returns>
    public long Rewind(RouteFollower follower)
    {
        follower.Lost = false;
        _table.MoveMark(follower.Marks[(int)FamilyIndex.Evpn], RouteTable.Ends(FamilyIndex.Evpn));
        follower.Wake();
        return _table.Version;
    }

    /// <summary>The EVPN routes that carry one of these route targets, as numbers for <see cref="AddPaths(IEnumerable{int}, List{EvpnPathEvent})"/>.</summary>
    public List<int> EntriesOf(IEnumerable<ulong> targets)
    {
        var entries = new List<int>();
        foreach (var target in targets)
        {
            if (!_topics.TryGetValue(target, out var topic))
            {
                continue;
            }

            foreach (var set in topic.Sets)
            {
                for (var path = set.FirstPath; path != 0; path = _table.Path(path).SetNext)
                {
                    entries.Add(_table.Path(path).Entry);
                }
            }
        }

        return entries;
    }

    /// <summary>The paths of some routes as they are now; what has gone meanwhile, or is another route by now, does no harm.</summary>
    public void AddPaths(IEnumerable<int> entries, List<EvpnPathEvent> paths)
    {
        foreach (var entry in entries)
        {
            AddPaths(entry, paths);
        }
    }

    private void AddPaths(int entry, List<EvpnPathEvent> paths)
    {
        if (_table.Entry(entry).Family != FamilyIndex.Evpn || _table.Entry(entry).Flags.HasFlag(EntryFlags.Mark))
        {
            return;
        }

        // A peer that has left and come again has a dead path and a living one: only the living one is told.
        AddPaths(entry, isUsable: true, paths);
        AddPaths(entry, isUsable: false, paths);
    }

    private void AddPaths(int entry, bool isUsable, List<EvpnPathEvent> paths)
    {
        for (var at = _table.Entry(entry).First; at != 0; at = _table.Path(at).Next)
        {
            ref var path = ref _table.Path(at);
            var peer = _table.Peer(path.Peer);
            if (path.IsUsable == isUsable && !peer.IsLocal && (isUsable || !HasUsable(entry, peer.Address, path.PathId))
                && EvpnPathEvent.Of(new PathSource(peer.Address, path.PathId), _table.Nlri(path), isUsable ? _table.Sets[path.Set].Attributes : null) is { } said)
            {
                paths.Add(said);
            }
        }
    }

    private bool HasUsable(int entry, IpAddr peer, uint pathId)
    {
        for (var at = _table.Entry(entry).First; at != 0; at = _table.Path(at).Next)
        {
            ref var path = ref _table.Path(at);
            if (path.IsUsable && path.PathId == pathId && _table.Peer(path.Peer) is { IsLocal: false } other && other.Address == peer)
            {
                return true;
            }
        }

        return false;
    }
}
