using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>Those who look on.</summary>
internal sealed partial class RouteEngine
{
    private static readonly EvpnRouteFilter s_everything = new();

    private readonly ConcurrentDictionary<RibSubscription, byte> _subscriptions = [];
    private readonly Dictionary<int, EvpnRouteView?> _touched = [];

    /// <summary>The EVPN routes that match, as of one moment.</summary>
    public EvpnSnapshot Query(EvpnRouteFilter filter) => Ask(table => new EvpnSnapshot(table.Touched, EvpnViews.Query(table, filter)));

    public RibSubscription Subscribe()
    {
        var subscription = new RibSubscription();
        _subscriptions[subscription] = 0;
        Ask(table => table.OnTouch = Note);
        return subscription;
    }

    public void Unsubscribe(RibSubscription subscription) => _subscriptions.TryRemove(subscription, out _);

    private void Note(int entry)
    {
        if (_table.Entry(entry).Family == FamilyIndex.Evpn && !_touched.ContainsKey(entry))
        {
            _touched.Add(entry, _subscriptions.IsEmpty || _table.Entry(entry).First == 0 ? null : EvpnViews.Of(_table, entry, s_everything));
        }
    }

    private void Publish()
    {
        if (_touched.Count == 0)
        {
            return;
        }

        LintTouched();

        if (_subscriptions.IsEmpty)
        {
            _touched.Clear();
            _table.OnTouch = _linter is null ? null : Note;
            return;
        }

        var changes = ImmutableArray.CreateBuilder<EvpnChange>(_touched.Count);
        foreach (var (entry, before) in _touched)
        {
            var after = EvpnViews.Of(_table, entry, s_everything);
            if ((after ?? before) is { } view)
            {
                changes.Add(new(before is null ? EvpnChangeKind.Added : after is null ? EvpnChangeKind.Removed : EvpnChangeKind.Changed, view));
            }
        }

        _touched.Clear();

        var batch = new EvpnChangeBatch(_table.Touched, changes.ToImmutable(), Resync: false);
        foreach (var subscription in _subscriptions.Keys)
        {
            subscription.Publish(batch);
        }
    }
}
