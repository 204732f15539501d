using System.Collections.Immutable;
using Fabric.Bgp.Wire;
using static Fabric.Bgp.Fsm.PeerAction;

namespace Fabric.Bgp.Fsm;

/// <content>Route refresh: RFC 2918, RFC 7313.</content>
/// <remarks>
/// A refresh that begins and never ends leaves routes that the peer may not have any more. RFC 7313 section 4.2 lets a receiver
/// remove them after a time of its choice, and so does this one: whoever says that all its routes follow and leaves some out for minutes
/// has lost them, and one that is only slow brings them back by sending them.
/// </remarks>
public static partial class PeerFsm
{
    private static PeerStep OnRefresh(PeerState state, PeerEvent.RouteRefreshMsg e, PeerFsmConfig config)
    {
        if (state.Phase != PeerPhase.Established)
        {
            return Unexpected(state);
        }

        var session = state.Session!;
        var hold = RestartHold(session);
        return e.Subtype switch
        {
            _ when !session.Context.Families.Contains(e.Family) => new(state, hold),
            RouteRefreshSubtype.Request => new(state, hold.Add(new ResendRoutes(e.Family))),
            RouteRefreshSubtype.Begin when session.EnhancedRouteRefresh => new(
                state with { Refreshing = state.Refreshing.Contains(e.Family) ? state.Refreshing : state.Refreshing.Add(e.Family) },
                [.. hold, new RefreshBegins(e.Family), new StartTimer(PeerTimer.Refresh, config.RefreshTime, Jitter: false)]),
            RouteRefreshSubtype.End when session.EnhancedRouteRefresh => OnRefreshEnds(state, e.Family, hold),
            _ => new(state, hold),
        };
    }

    private static PeerStep OnRefreshEnds(PeerState state, AddressFamily family, ImmutableArray<PeerAction> hold)
    {
        // Without a beginning nothing is marked, and nothing goes.
        var rest = state.Refreshing.Remove(family);
        var actions = hold.Add(new RefreshEnds(family));
        return new(state with { Refreshing = rest }, rest.IsEmpty && !state.Refreshing.IsEmpty ? actions.Add(new StopTimer(PeerTimer.Refresh)) : actions);
    }

    private static PeerStep OnRefreshWanted(PeerState state, AddressFamily family) =>
        state is { Phase: PeerPhase.Established, Session.RouteRefresh: true } && state.Session.Context.Families.Contains(family)
            ? new(state, [new SendRouteRefresh(state.Main!.Id, family)])
            : new(state, Nothing);

    private static PeerStep OnRefreshTimer(PeerState state) =>
        state.Refreshing.IsEmpty ? new(state, Nothing) : new(state with { Refreshing = [] }, [new PurgeAwaited(state.Refreshing)]);
}
