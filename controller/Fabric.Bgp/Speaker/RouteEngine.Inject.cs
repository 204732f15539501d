using Fabric.Bgp.Glass;
using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Speaker;

/// <summary>Routes that are announced from here. They are paths of a peer of their own, so that no other peer's word touches them.</summary>
internal sealed partial class RouteEngine
{
    /// <summary>Announces and takes back, all in one turn. The changes are valid.</summary>
    public void Inject(IReadOnlyList<RouteInjection> changes)
    {
        foreach (var change in changes)
        {
            var family = change.Family.Index()!.Value;
            if (change.Attributes is not { } attributes)
            {
                _table.Withdraw(_local.Rib, family, change.Nlri.Span, 0);
                continue;
            }

            var set = _table.Sets.Take(attributes);
            _table.Announce(_local.Rib, family, change.Nlri.Span, 0, set, refused: false);
            _table.Sets.Release(set);
        }
    }

    /// <summary>Whether a route is the membership of everything, by which a reflector gets all that its clients have; it is not to be touched.</summary>
    public bool IsOwn(RouteInjection change) =>
        _announcesAllTargets && change.Family == AddressFamily.RouteTargetMembership && change.Nlri.Span is [0];

    private bool IsOwn(int path)
    {
        ref var p = ref _table.Path(path);
        return _announcesAllTargets && p.Peer == _local.Rib.Id && _table.Entry(p.Entry).Family == FamilyIndex.RouteTargetMembership && _table.Nlri(p) is [0];
    }
}
