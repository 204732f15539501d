using System.Runtime.InteropServices;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>How many routes there are for whom. Nobody keeps these numbers while routes change: they are found out when somebody asks, a slice of the table at a time.</summary>
internal sealed partial class RouteEngine
{
    private const int MostEntriesCounted = 16384;

    /// <summary>Counts a slice, and gives the entry to go on with; 0 at the end.</summary>
    public int Count(RouteTally tally, int from)
    {
        var entry = Math.Max(from, Families.Count);
        var end = Math.Min(_table.Top, entry + MostEntriesCounted);
        for (; entry < end; entry++)
        {
            ref var e = ref _table.Entry(entry);
            var first = e.Flags.HasFlag(EntryFlags.Mark) ? 0 : e.First;
            for (var at = first; at != 0; at = _table.Path(at).Next)
            {
                ref var path = ref _table.Path(at);
                if (!path.IsUsable)
                {
                    continue;
                }

                tally.Accept(path.Peer, e.Family);
                foreach (var group in _groups[(int)e.Family])
                {
                    if ((group.Key.AddPath || at == first) && group.Outgoing(path) is not null)
                    {
                        tally.Advertise(group, _table.Sets[path.Set], path.Peer);
                    }
                }
            }
        }

        return entry >= _table.Top ? 0 : entry;
    }

    /// <summary>Those whose counts are asked for.</summary>
    public List<EnginePeer> KnownPeers() => [.. _known];

    /// <summary>What was counted for a peer.</summary>
    public void Read(RouteTally tally, EnginePeer peer, List<RouteCounts> counts)
    {
        for (var family = 0; family < Families.Count; family++)
        {
            var index = (FamilyIndex)family;
            var advertised = peer.Members[family] is { } member ? tally.Advertised(member) : 0;
            counts.Add(new RouteCounts(peer.Config.Address, peer.Config.Interface, index.Family(), tally.Accepted(peer.Rib.Id, index), advertised));
        }
    }
}

/// <summary>What a walk of the table has counted. Belongs to the engine while it is filled and read.</summary>
internal sealed class RouteTally
{
    private readonly Dictionary<(int Peer, FamilyIndex Family), long> _accepted = [];
    private readonly Dictionary<UpdateGroup, Dictionary<(AttributeSet Set, int Sender), long>> _bySet = [];
    private readonly Dictionary<(UpdateGroup Group, int Sender), long> _bySender = [];
    private readonly Dictionary<UpdateGroup, long> _all = [];

    public void Accept(int peer, FamilyIndex family) => CollectionsMarshal.GetValueRefOrAddDefault(_accepted, (peer, family), out _)++;

    public void Advertise(UpdateGroup group, AttributeSet set, int sender)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_all, group, out _)++;
        CollectionsMarshal.GetValueRefOrAddDefault(_bySender, (group, sender), out _)++;
        if (group.HasFiltered)
        {
            ref var sets = ref CollectionsMarshal.GetValueRefOrAddDefault(_bySet, group, out _);
            CollectionsMarshal.GetValueRefOrAddDefault(sets ??= [], (set, sender), out _)++;
        }
    }

    public long Accepted(int peer, FamilyIndex family) => _accepted.GetValueOrDefault((peer, family));

    /// <summary>All that the member's group is told but its own; of one that filters by route target what it wants.</summary>
    public long Advertised(FamilyMember member)
    {
        var own = member.Peer.Rib.Id;
        if (!member.IsChoosy)
        {
            return _all.GetValueOrDefault(member.Group) - _bySender.GetValueOrDefault((member.Group, own));
        }

        return !_bySet.TryGetValue(member.Group, out var sets) ? 0 : sets.Where(s => s.Key.Sender != own && member.Wants(s.Key.Set)).Sum(static s => s.Value);
    }
}
