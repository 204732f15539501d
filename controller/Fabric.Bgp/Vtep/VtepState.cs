using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>The VTEP role of a speaker: paths and local facts in, a view of where everything is and own routes out.</summary>
/// <remarks>
/// Pure logic with a memory: no clock, no chance, no I/O; the same events at the same times give the same actions. The cost of an event
/// depends on what it concerns (the claims on one MAC, address or prefix; the paths of one VNI when that is configured), not on how much
/// there is. Belongs to one owner. Paths whose route targets nobody here imports are not kept.
/// <para>
/// RFC 7432, 8365, 8584, 9135, 9136, 9785. What is remote never removes or changes what is local: a local MAC that has moved away is only
/// no longer announced, and comes back by itself when the remote claim goes.
/// </para>
/// </remarks>
public sealed partial class VtepState
{
    private readonly VtepConfig _config;

    // By how many VNIs; the VTEP's own count once.
    private readonly Dictionary<IpAddr, int> _ownAddresses;
    private readonly Dictionary<Vni, L2Instance> _bridges = [];
    private readonly Dictionary<Vni, L3Instance> _vrfs = [];
    private readonly Dictionary<EthernetSegmentId, LocalSegment> _localSegments = [];
    private readonly ImmutableArray<VtepAction>.Builder _actions = ImmutableArray.CreateBuilder<VtepAction>();
    private readonly PriorityQueue<Deadline, DateTimeOffset> _deadlines = new();
    private readonly OwnRoutes _own;

    /// <summary>A VTEP without VNIs.</summary>
    public VtepState(VtepConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Addresses.IsDefaultOrEmpty || config.DuplicateMoves < 2)
        {
            throw new ArgumentException("a VTEP has an address, and a duplicate at least two moves", nameof(config));
        }

        _config = config;
        _ownAddresses = config.Addresses.Distinct().ToDictionary(static a => a, static _ => 1);
        _own = new(_actions.Add);
    }

    /// <summary>When <see cref="VtepEvent.Tick"/> is due; null for not at all.</summary>
    public DateTimeOffset? NextDeadline => _deadlines.TryPeek(out _, out var at) ? at : null;

    /// <summary>Everything this VTEP originates now.</summary>
    public IEnumerable<EvpnPathEvent> Originated => _own.All;

    /// <summary>Paths kept because something here imports them.</summary>
    public int ImportedPaths => _autoDiscovery.Count + _macIp.Count + _multicast.Count + _segmentRoutes.Count + _prefixes.Count;

    /// <summary>The bridge domains that are here, in no order.</summary>
    public IEnumerable<Vni> L2Vnis => _bridges.Keys;

    /// <summary>The VRFs that are here, in no order.</summary>
    public IEnumerable<Vni> L3Vnis => _vrfs.Keys;

    /// <summary>Own segments and bridge domains for which a designated forwarder is elected.</summary>
    internal IEnumerable<(EthernetSegmentId Esi, Vni Vni)> Forwarders => _localSegments.SelectMany(static s => s.Value.Results.Keys.Select(v => (s.Key, v)));

    /// <summary>Route targets of which routes are of use here.</summary>
    internal IEnumerable<ExtendedCommunity> Wanted => _wanted.Keys;

    /// <summary>The view of a bridge domain.</summary>
    public bool TryGetL2Vni(Vni vni, [NotNullWhen(true)] out L2VniView? view)
    {
        view = _bridges.GetValueOrDefault(vni)?.View;
        return view is not null;
    }

    /// <summary>The view of a VRF.</summary>
    public bool TryGetL3Vni(Vni vni, [NotNullWhen(true)] out L3VniView? view)
    {
        view = _vrfs.GetValueOrDefault(vni)?.View;
        return view is not null;
    }

    /// <summary>The designated forwarder of an own segment; null before the first election.</summary>
    public DfResult? Forwarder(EthernetSegmentId esi, Vni vni) =>
        _localSegments.TryGetValue(esi, out var segment) && segment.Results.TryGetValue(vni, out var result) ? result : null;

    /// <summary>Takes an event.</summary>
    /// <param name="event">What happened.</param>
    /// <param name="now">When.</param>
    /// <returns>What came of it, in order.</returns>
    public ImmutableArray<VtepAction> Apply(VtepEvent @event, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(@event);
        switch (@event)
        {
            case VtepEvent.PathSaid e: Import(e.Path); break;
            case VtepEvent.MacLearnt e: OnMacLearnt(e, now); break;
            case VtepEvent.MacInjected e: OnMacInjected(e); break;
            case VtepEvent.MacGone e: OnMacGone(e); break;
            case VtepEvent.NeighborLearnt e: OnNeighborLearnt(e); break;
            case VtepEvent.NeighborGone e: OnNeighborGone(e); break;
            case VtepEvent.PrefixSet e: OnPrefixSet(e); break;
            case VtepEvent.PrefixGone e: OnPrefixGone(e); break;
            case VtepEvent.L2VniSet e: OnL2VniSet(e.Config); break;
            case VtepEvent.L2VniRemoved e: OnL2VniRemoved(e.Vni); break;
            case VtepEvent.L3VniSet e: OnL3VniSet(e.Config); break;
            case VtepEvent.L3VniRemoved e: OnL3VniRemoved(e.Vni); break;
            case VtepEvent.SegmentSet e: OnSegmentSet(e.Config, now); break;
            case VtepEvent.SegmentRemoved e: OnSegmentRemoved(e.Esi); break;
            case VtepEvent.DuplicateCleared e: OnDuplicateCleared(e.Vni, e.Mac, now); break;
            case VtepEvent.RetellBegun: _telling++; break;
            case VtepEvent.RetellEnded: Drop(p => p.Telling != _telling); break;
            case VtepEvent.Tick: OnTick(now); break;
            default: throw new ArgumentException($"{@event.GetType().Name} is not known", nameof(@event));
        }

        Settle(now, @event is VtepEvent.PathSaid { Path.Attributes: not null });
        return _actions.DrainToImmutable();
    }

    private void OnTick(DateTimeOffset now)
    {
        while (_deadlines.TryPeek(out var due, out var at) && at <= now)
        {
            _deadlines.Dequeue();
            if (due.Mac is { } mac && due.Vni is { } vni)
            {
                if (_bridges.TryGetValue(vni, out var bridge) && bridge.Macs.TryGetValue(mac, out var state) && state.RetryAt == at)
                {
                    OnDuplicateCleared(vni, mac, now);
                }
            }
            else if (_localSegments.TryGetValue(due.Esi, out var segment) && segment.ElectAt == at)
            {
                segment.ElectAt = null;
                Elect(segment);
            }
        }
    }

    private void Ignore(string reason) => _actions.Add(new VtepAction.Ignored(reason));

    /// <summary>A duplicate MAC is to be tried again, or a segment to be elected for.</summary>
    private readonly record struct Deadline(Vni? Vni, MacAddress? Mac, EthernetSegmentId Esi);
}
