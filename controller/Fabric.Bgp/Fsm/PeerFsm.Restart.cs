using System.Collections.Immutable;
using Fabric.Bgp.Wire;
using static Fabric.Bgp.Fsm.PeerAction;

namespace Fabric.Bgp.Fsm;

/// <content>Graceful restart of the peer: RFC 4724 section 4.2 (receiving speaker), RFC 8538.</content>
public static partial class PeerFsm
{
    /// <summary>How an established session was lost; decides whether routes are kept.</summary>
    private enum Loss
    {
        /// <summary>The connection broke or was replaced.</summary>
        Transport,

        /// <summary>By a NOTIFICATION of either side, other than a final one.</summary>
        Notification,

        /// <summary>For good: nothing is kept on either side.</summary>
        Final,
    }

    /// <summary>Which NOTIFICATIONs we send as Hard Reset: those by which somebody wants the routes gone (RFC 8538 section 5.1).</summary>
    private static Loss LossBy(NotificationMessage send) =>
        send.Code == BgpError.Cease
        && send.Subcode is BgpError.MaximumPrefixes or BgpError.AdministrativeShutdown or BgpError.PeerDeconfigured or BgpError.AdministrativeReset
            ? Loss.Final
            : Loss.Notification;

    /// <summary>The established session is lost: which families become stale.</summary>
    private static ImmutableArray<AddressFamily> KeepRoutes(PeerState state, Loss loss, ImmutableArray<PeerAction>.Builder actions)
    {
        var session = state.Session!;
        var keep = loss == Loss.Transport || (loss == Loss.Notification && session.GracefulNotification) ? session.RestartFamilies : [];
        actions.Add(new SessionDown(keep));
        if (!state.Stale.IsEmpty)
        {
            actions.Add(new StopTimer(PeerTimer.StalePath));
        }

        if (!keep.IsEmpty)
        {
            actions.Add(new StartTimer(PeerTimer.Restart, session.PeerRestart!.RestartTime, Jitter: false));
        }

        return keep;
    }

    /// <summary>The peer is back: what it did not preserve goes at once, the rest waits for End-of-RIB.</summary>
    private static ImmutableArray<AddressFamily> StaleAfterReturn(PeerState state, PeerFsmConfig config, ImmutableArray<PeerAction>.Builder actions)
    {
        if (state.Stale.IsEmpty)
        {
            return [];
        }

        var preserved = state.Session!.ForwardingPreserved;
        ImmutableArray<AddressFamily> stay = [.. state.Stale.Where(f => preserved.Contains(f))];
        actions.Add(new StopTimer(PeerTimer.Restart));
        if (stay.Length < state.Stale.Length)
        {
            actions.Add(new PurgeStale([.. state.Stale.Where(f => !preserved.Contains(f))]));
        }

        if (!stay.IsEmpty)
        {
            actions.Add(new StartTimer(PeerTimer.StalePath, config.StalePathTime, Jitter: false));
        }

        return stay;
    }

    private static PeerStep PurgeStale(PeerState state, ImmutableArray<AddressFamily> families)
    {
        ImmutableArray<AddressFamily> gone = [.. state.Stale.Where(f => families.Contains(f))];
        if (gone.IsEmpty)
        {
            return new(state, Nothing);
        }

        ImmutableArray<AddressFamily> stay = [.. state.Stale.Where(f => !families.Contains(f))];
        return new(
            state with { Stale = stay },
            stay.IsEmpty ? [new PurgeStale(gone), new StopTimer(PeerTimer.Restart), new StopTimer(PeerTimer.StalePath)] : [new PurgeStale(gone)]);
    }

    /// <summary>
    /// A peer with graceful restart that connects anew has lost the session (RFC 4724 section 5). Not so in the time up to the
    /// first keepalive: then it is the late half of a connection collision.
    /// </summary>
    private static bool HasRestarted(PeerState state) =>
        !state.Session!.RestartFamilies.IsEmpty && (state.KeepalivesSent > 0 || state.Session.HoldTime == TimeSpan.Zero);

    private static PeerStep AcceptAfterRestart(PeerState state, PeerFsmConfig config)
    {
        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        var ended = End(state, null, Loss.Transport, actions);
        actions.AddRange(StopSessionTimers);
        actions.Add(new Report("the peer has restarted: it connects anew"));
        var (next, accept) = OnAccepted(ended with { Phase = PeerPhase.Active }, config);
        actions.AddRange(accept);
        return new(next, actions.ToImmutable());
    }
}
