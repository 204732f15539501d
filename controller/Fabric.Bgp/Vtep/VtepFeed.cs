using System.Collections.Immutable;
using System.Threading.Channels;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>
/// What a reader of the tables has not been told yet. Keeps the names of rows and looks at the rows when they are read, so that it is bounded by
/// the tables and not by how often they change. Belongs to the owner of the state, but for the signal.
/// </summary>
internal sealed class VtepFeed
{
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<(bool Routed, Vni Vni), Pending> _pending = [];
    private readonly Queue<(bool Routed, Vni Vni)> _order = new();
    private readonly HashSet<(EthernetSegmentId Esi, Vni Vni)> _forwarders = [];
    private bool _owesSync = true;

    /// <summary>A reader that knows nothing yet.</summary>
    public VtepFeed(VtepState state)
    {
        foreach (var vni in state.L2Vnis)
        {
            AddWhole((false, vni));
        }

        foreach (var vni in state.L3Vnis)
        {
            AddWhole((true, vni));
        }

        _forwarders.UnionWith(state.Forwarders);
        Wake();

        void AddWhole((bool, Vni) key)
        {
            _pending.Add(key, Pending.Whole);
            _order.Enqueue(key);
        }
    }

    /// <summary>Whether the reader knows everything.</summary>
    public bool IsEmpty => _order.Count == 0 && _forwarders.Count == 0;

    /// <summary>Waits until there is something to read; false after <see cref="End"/>.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken) =>
        await _signal.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && _signal.Reader.TryRead(out _);

    /// <summary>There will be nothing more.</summary>
    public void End() => _signal.Writer.TryComplete();

    /// <summary>The reader is told when it is in sync again, even if no row is new to it.</summary>
    public void OweSync()
    {
        _owesSync = true;
        Wake();
    }

    /// <summary>There may be something to read.</summary>
    public void Wake() => _signal.Writer.TryWrite(true);

    /// <summary>Notes which rows an action concerns.</summary>
    public void Note(VtepState state, VtepAction action)
    {
        switch (action)
        {
            case VtepAction.MacChanged a:
                PendingOf(false, a.Vni)?.Macs.Add(a.Mac);
                break;
            case VtepAction.NeighborChanged a:
                PendingOf(false, a.Vni)?.Neighbors.Add(a.Ip);
                break;
            case VtepAction.FloodChanged a:
                PendingOf(false, a.Vni)?.Flood.Add(a.Vtep);
                break;
            case VtepAction.PrefixChanged a:
                PendingOf(true, a.Vni)?.Prefixes.Add(a.Prefix);
                break;
            case VtepAction.HostChanged a:
                PendingOf(true, a.Vni)?.Hosts.Add(a.Ip);
                break;
            case VtepAction.GatewayChanged a:
                PendingOf(true, a.Vni)?.Prefixes.UnionWith(state.PrefixesVia(a.Vni, a.Gateway));
                break;
            case VtepAction.RouterMacChanged a:
                PendingOf(true, a.Vni)?.Prefixes.UnionWith(state.PrefixesVia(a.Vni, a.RouterMac));
                break;
            case VtepAction.SegmentChanged a:
                NoteSegment(state, a);
                break;
            case VtepAction.ForwarderChanged a:
                _forwarders.Add((a.Esi, a.Vni));
                break;
        }
    }

    /// <summary>The next rows as they are now.</summary>
    /// <param name="state">The state.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="version">The state's version.</param>
    public VtepChanges? Read(VtepState state, int most, long version)
    {
        var changes = ImmutableArray.CreateBuilder<VtepChange>();
        while (changes.Count < most && _order.TryPeek(out var key))
        {
            var pending = _pending[key];
            if (pending == Pending.Whole)
            {
                _pending[key] = pending = Pending.Of(state, key.Routed, key.Vni);
            }

            Take(pending.Macs, most, changes, mac => MacOf(state, key.Vni, mac));
            Take(pending.Neighbors, most, changes, ip => new VtepChange.Neighbor(key.Vni, ip, ViewOf(state, key.Vni)?.Neighbors.GetValueOrDefault(ip)));
            Take(pending.Flood, most, changes, vtep => new VtepChange.Flood(key.Vni, vtep, ViewOf(state, key.Vni)?.Flood.GetValueOrDefault(vtep)));
            Take(pending.Prefixes, most, changes, prefix => new VtepChange.Route(key.Vni, prefix, state.Destinations(key.Vni, prefix)));
            Take(pending.Hosts, most, changes, ip => new VtepChange.Host(key.Vni, ip, state.Destinations(key.Vni, ip)));
            if (pending.IsEmpty)
            {
                _order.Dequeue();
                _pending.Remove(key);
            }
        }

        if (changes.Count < most)
        {
            Take(_forwarders, most, changes, f => new VtepChange.Forwarder(f.Esi, f.Vni, state.Forwarder(f.Esi, f.Vni)));
        }

        if (!IsEmpty)
        {
            Wake();
        }

        if (changes.Count == 0 && !(_owesSync && IsEmpty))
        {
            return null;
        }

        _owesSync &= !IsEmpty;
        return new VtepChanges(version, changes.ToImmutable(), IsEmpty);
    }

    private static void Take<T>(HashSet<T> from, int most, ImmutableArray<VtepChange>.Builder changes, Func<T, VtepChange> look)
    {
        if (from.Count == 0 || changes.Count >= most)
        {
            return;
        }

        var taken = from.Take(most - changes.Count).ToList();
        foreach (var item in taken)
        {
            from.Remove(item);
            changes.Add(look(item));
        }
    }

    private static VtepChange.Mac MacOf(VtepState state, Vni vni, MacAddress mac)
    {
        var entry = ViewOf(state, vni)?.Macs.GetValueOrDefault(mac);
        return new(vni, mac, entry, entry is null ? [] : state.Destinations(vni, entry));
    }

    private static L2VniView? ViewOf(VtepState state, Vni vni) => state.TryGetL2Vni(vni, out var view) ? view : null;

    private void NoteSegment(VtepState state, VtepAction.SegmentChanged changed)
    {
        foreach (var row in state.RowsOn(changed.Esi))
        {
            switch (row.Kind)
            {
                case VtepTable.Macs when changed.Vni is null || changed.Vni == row.Vni:
                    PendingOf(false, row.Vni)?.Macs.Add(row.Mac);
                    break;
                case VtepTable.Hosts:
                    PendingOf(true, row.Vni)?.Hosts.Add(row.Prefix.Address);
                    break;
                case VtepTable.Prefixes:
                    PendingOf(true, row.Vni)?.Prefixes.Add(row.Prefix);
                    break;
            }
        }

        NoteViaMacs(state, changed);
    }

    /// <summary>Prefixes that point to a gateway or router's MAC which is on the segment.</summary>
    private void NoteViaMacs(VtepState state, VtepAction.SegmentChanged changed)
    {
        foreach (var (vrf, prefix) in state.PrefixesBehind(changed.Esi, changed.Vni))
        {
            PendingOf(true, vrf)?.Prefixes.Add(prefix);
        }
    }

    /// <summary>Null while the whole VNI is to be told anyway.</summary>
    private Pending? PendingOf(bool routed, Vni vni)
    {
        if (!_pending.TryGetValue((routed, vni), out var pending))
        {
            _pending.Add((routed, vni), pending = new Pending());
            _order.Enqueue((routed, vni));
        }

        return pending == Pending.Whole ? null : pending;
    }

    /// <summary>Rows of a VNI.</summary>
    private sealed class Pending
    {
        /// <summary>Stands for all rows there are when its turn comes.</summary>
        public static readonly Pending Whole = new();

        private HashSet<MacAddress>? _macs;
        private HashSet<IpAddr>? _neighbors;
        private HashSet<IpAddr>? _flood;
        private HashSet<IpPrefix>? _prefixes;
        private HashSet<IpAddr>? _hosts;

        public HashSet<MacAddress> Macs => _macs ??= [];

        public HashSet<IpAddr> Neighbors => _neighbors ??= [];

        public HashSet<IpAddr> Flood => _flood ??= [];

        public HashSet<IpPrefix> Prefixes => _prefixes ??= [];

        public HashSet<IpAddr> Hosts => _hosts ??= [];

        public bool IsEmpty => (_macs?.Count ?? 0) + (_neighbors?.Count ?? 0) + (_flood?.Count ?? 0) + (_prefixes?.Count ?? 0) + (_hosts?.Count ?? 0) == 0;

        public static Pending Of(VtepState state, bool routed, Vni vni)
        {
            var pending = new Pending();
            if (!routed && state.TryGetL2Vni(vni, out var bridge))
            {
                pending.Macs.UnionWith(bridge.Macs.Keys);
                pending.Neighbors.UnionWith(bridge.Neighbors.Keys);
                pending.Flood.UnionWith(bridge.Flood.Keys);
            }
            else if (routed && state.TryGetL3Vni(vni, out var vrf))
            {
                pending.Prefixes.UnionWith(vrf.Prefixes.Keys);
                pending.Hosts.UnionWith(vrf.Hosts.Keys);
            }

            return pending;
        }
    }
}
