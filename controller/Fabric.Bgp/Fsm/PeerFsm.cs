using System.Collections.Immutable;
using Fabric.Bgp.Wire;
using Fabric.Primitives;
using static Fabric.Bgp.Fsm.PeerAction;

namespace Fabric.Bgp.Fsm;

/// <summary>The state machine of a BGP peer as a pure function: no clock, no socket, no chance.</summary>
/// <remarks>
/// RFC 4271 section 8 with RFC 6608 subcodes. Where it differs: both directions of a connection collision live in one machine
/// (section 6.8 decided in the step); a failed attempt to connect leads to Active, not to Idle, so that the peer may connect
/// meanwhile; after an error the peer starts again by itself after an idle hold time that doubles from 1 s to 64 s
/// (DampPeerOscillations), and a session that outlived three keepalives of its own clears it. A peer that sends too many
/// routes rests from 30 s to 32 min; only an operator's start or stop clears that.
/// </remarks>
public static partial class PeerFsm
{
    /// <summary>Hold time until the peer's OPEN arrives: RFC 4271 section 8.2.2 suggests 4 minutes.</summary>
    public static readonly TimeSpan OpenHoldTime = TimeSpan.FromMinutes(4);

    private const int StableAfterKeepalives = 3;
    private const int MaxFailures = 7;

    private static readonly StopTimer StopRetry = new(PeerTimer.ConnectRetry);

    private static readonly ImmutableArray<PeerAction> StopSessionTimers =
        [StopRetry, new StopTimer(PeerTimer.Hold), new StopTimer(PeerTimer.Keepalive), new StopTimer(PeerTimer.SendHold)];

    private static readonly ImmutableArray<PeerAction> Nothing = [];

    /// <summary>One step.</summary>
    /// <param name="state">Where the peer is.</param>
    /// <param name="event">What happened.</param>
    /// <param name="config">How the peer is configured.</param>
    public static PeerStep Step(PeerState state, PeerEvent @event, PeerFsmConfig config)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(config);
        return @event switch
        {
            PeerEvent.UpdateMsg e => IsMain(state, e.Connection) ? OnUpdate(state) : Stray(state, e.Connection),
            PeerEvent.KeepAliveMsg e => IsMain(state, e.Connection) ? OnKeepalive(state, config) : Stray(state, e.Connection),
            PeerEvent.KeepaliveTimerExpires => OnKeepaliveTimer(state),
            PeerEvent.HoldTimerExpires => OnHoldTimer(state),
            PeerEvent.SendHoldTimerExpires => OnSendHoldTimer(state),
            PeerEvent.ManualStart => state.Phase == PeerPhase.Idle ? Start(state with { PrefixOverruns = 0 }, config) : new(state, Nothing),
            PeerEvent.IdleHoldTimerExpires => state.Phase == PeerPhase.Idle ? Start(state, config) : new(state, Nothing),
            PeerEvent.ManualStop e => Stop(state, e.Reason),
            PeerEvent.Restart e => Restart(state, e.Reason),
            PeerEvent.ConnectRetryTimerExpires => OnConnectRetry(state, config),
            PeerEvent.TcpCrAcked e => OnConnected(state, e.Connection, config),
            PeerEvent.TcpConnectionConfirmed => OnAccepted(state, config),
            PeerEvent.TcpConnectionFails e => OnTcpFails(state, e, config),
            PeerEvent.BgpOpen e => OnOpen(state, e.Connection, e.Message, config),
            PeerEvent.MessageError e => OnMessageError(state, e.Connection, e.Error),
            PeerEvent.NotifMsg e => OnNotification(state, e.Connection, e.Message, config),
            PeerEvent.RouteRefreshMsg e => IsMain(state, e.Connection) ? OnRefresh(state, e, config) : Stray(state, e.Connection),
            PeerEvent.RefreshWanted e => OnRefreshWanted(state, e.Family),
            PeerEvent.RefreshTimerExpires => OnRefreshTimer(state),
            PeerEvent.EndOfRib e => IsMain(state, e.Connection) && state.Phase == PeerPhase.Established ? PurgeStale(state, [e.Family]) : new(state, Nothing),
            PeerEvent.RestartTimerExpires => state.Phase == PeerPhase.Established ? new(state, Nothing) : PurgeStale(state, state.Stale),
            PeerEvent.StalePathTimerExpires => state.Phase == PeerPhase.Established ? PurgeStale(state, state.Stale) : new(state, Nothing),
            PeerEvent.MaxPrefixesReached e => OnTooManyPrefixes(state, e),
            _ => new(state, Nothing),
        };
    }

    /// <summary>The time a peer rests after its n-th failure in a row: 1, 2, 4 … 64 s.</summary>
    public static TimeSpan IdleHoldTime(int failures) => TimeSpan.FromSeconds(1 << Math.Clamp(failures - 1, 0, MaxFailures - 1));

    /// <summary>The time a peer rests after it sent too many routes the n-th time: 30 s, 1, 2 … 32 min.</summary>
    public static TimeSpan PrefixHoldTime(int overruns) => 30 * IdleHoldTime(overruns);

    private static bool IsMain(PeerState state, int connection) => state.Main?.Id == connection;

    private static bool IsSecond(PeerState state, int connection) => state.Second?.Id == connection;

    private static bool HasOpenSent(PeerState state) => state.Phase is PeerPhase.OpenSent or PeerPhase.OpenConfirm or PeerPhase.Established;

    private static byte UnexpectedSubcode(PeerPhase phase) => phase switch
    {
        PeerPhase.OpenSent => 1,
        PeerPhase.OpenConfirm => 2,
        PeerPhase.Established => 3,
        _ => 0,
    };

    private static PeerStep Start(PeerState state, PeerFsmConfig config)
    {
        var retry = new StartTimer(PeerTimer.ConnectRetry, config.ConnectRetry, Jitter: true);
        var stopIdle = new StopTimer(PeerTimer.IdleHold);
        return config.Passive
            ? new(state with { Phase = PeerPhase.Active }, [stopIdle])
            : new(Dial(state), [stopIdle, retry, new OpenTcp(state.NextConnection)]);
    }

    private static PeerState Dial(PeerState state) => state with
    {
        Phase = PeerPhase.Connect,
        Main = new PeerConnection(state.NextConnection, Incoming: false, OpenSent: false),
        NextConnection = state.NextConnection + 1,
    };

    private static PeerStep Stop(PeerState state, NotificationMessage reason)
    {
        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        var next = End(state, reason, Loss.Final, actions);
        if (!next.Stale.IsEmpty)
        {
            actions.Add(new PurgeStale(next.Stale));
        }

        actions.Add(new StopAllTimers());
        return new(next with { Failures = 0, PrefixOverruns = 0, Stale = [] }, actions.ToImmutable());
    }

    private static PeerStep Restart(PeerState state, NotificationMessage reason) =>
        state.Phase == PeerPhase.Idle ? new(state, Nothing) : Fail(state, reason, reason.ToString());

    /// <summary>Ends whatever there is by a NOTIFICATION and waits for the idle hold timer.</summary>
    private static PeerStep Fail(PeerState state, NotificationMessage send, string reason) => Fail(state, send, LossBy(send), reason);

    private static PeerStep Fail(PeerState state, NotificationMessage? send, Loss loss, string reason)
    {
        var failures = Math.Min(state.Failures + 1, MaxFailures);
        return Rest(state with { Failures = failures }, send, loss, reason, IdleHoldTime(failures));
    }

    private static PeerStep Rest(PeerState state, NotificationMessage? send, Loss loss, string reason, TimeSpan rest)
    {
        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        var next = End(state, send, loss, actions);
        actions.AddRange(StopSessionTimers);
        actions.Add(new StartTimer(PeerTimer.IdleHold, rest, Jitter: true));
        actions.Add(new Report(reason));
        return new(next, actions.ToImmutable());
    }

    private static PeerStep OnTooManyPrefixes(PeerState state, PeerEvent.MaxPrefixesReached e)
    {
        if (state.Phase != PeerPhase.Established)
        {
            return new(state, Nothing);
        }

        var overruns = Math.Min(state.PrefixOverruns + 1, MaxFailures);
        var send = NotificationMessage.MaximumPrefixes(e.Family, e.Limit);
        return Rest(
            state with { PrefixOverruns = overruns }, send, LossBy(send), $"{send}: more than {e.Limit} of {e.Family}", PrefixHoldTime(overruns));
    }

    /// <summary>Closes all connections, says what becomes of the routes, and leads to Idle; the session's timers are the caller's.</summary>
    private static PeerState End(PeerState state, NotificationMessage? send, Loss loss, ImmutableArray<PeerAction>.Builder actions)
    {
        var onWire = send is not null && loss == Loss.Final && state.Session is { GracefulNotification: true } ? NotificationMessage.HardReset(send) : send;
        foreach (var connection in (ReadOnlySpan<PeerConnection?>)[state.Main, state.Second])
        {
            if (connection is null)
            {
                continue;
            }

            if (onWire is not null && connection.OpenSent)
            {
                actions.Add(new SendNotification(connection.Id, connection == state.Main ? onWire : send!));
            }

            actions.Add(new CloseTcp(connection.Id));
        }

        var stale = state.Phase == PeerPhase.Established ? KeepRoutes(state, loss, actions) : state.Stale;
        if (!state.Refreshing.IsEmpty)
        {
            actions.Add(new StopTimer(PeerTimer.Refresh));
        }

        return state with { Phase = PeerPhase.Idle, Main = null, Second = null, Session = null, KeepalivesSent = 0, Stale = stale, Refreshing = [] };
    }

    /// <summary>A message on the second connection before its OPEN, or on one that is no longer ours.</summary>
    private static PeerStep Stray(PeerState state, int connection) =>
        IsSecond(state, connection)
            ? DropSecond(state, new NotificationMessage(BgpError.StateMachine, 1))
            : new(state, Nothing);

    private static PeerStep DropSecond(PeerState state, NotificationMessage send)
    {
        var second = state.Second!;
        ImmutableArray<PeerAction> actions = second.OpenSent
            ? [new SendNotification(second.Id, send), new CloseTcp(second.Id)]
            : [new CloseTcp(second.Id)];
        return new(state with { Second = null }, actions);
    }

    private static PeerStep OnConnectRetry(PeerState state, PeerFsmConfig config)
    {
        if (state.Phase is not (PeerPhase.Connect or PeerPhase.Active) || config.Passive)
        {
            return new(state, Nothing);
        }

        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        if (state.Main is { } pending)
        {
            actions.Add(new CloseTcp(pending.Id));
        }

        actions.Add(new StartTimer(PeerTimer.ConnectRetry, config.ConnectRetry, Jitter: true));
        actions.Add(new OpenTcp(state.NextConnection));
        return new(Dial(state), actions.ToImmutable());
    }

    private static PeerStep OnConnected(PeerState state, int connection, PeerFsmConfig config)
    {
        if (IsMain(state, connection) && state.Phase == PeerPhase.Connect)
        {
            return new(
                state with { Phase = PeerPhase.OpenSent, Main = state.Main! with { OpenSent = true } },
                [StopRetry, new SendOpen(connection, config.Open()), new StartTimer(PeerTimer.Hold, OpenHoldTime, Jitter: false)]);
        }

        if (IsSecond(state, connection) && !state.Second!.OpenSent)
        {
            return new(state with { Second = state.Second with { OpenSent = true } }, [new SendOpen(connection, config.Open())]);
        }

        return new(state, Nothing);
    }

    private static PeerStep OnAccepted(PeerState state, PeerFsmConfig config)
    {
        var incoming = new PeerConnection(state.NextConnection, Incoming: true, OpenSent: true);
        var next = state with { NextConnection = state.NextConnection + 1 };
        switch (state.Phase)
        {
            case PeerPhase.Connect or PeerPhase.Active:
                return new(
                    next with { Phase = PeerPhase.OpenSent, Main = incoming, Second = state.Main },
                    [
                        new AcceptTcp(incoming.Id),
                        StopRetry,
                        new SendOpen(incoming.Id, config.Open()),
                        new StartTimer(PeerTimer.Hold, OpenHoldTime, Jitter: false),
                    ]);
            case PeerPhase.OpenSent or PeerPhase.OpenConfirm when state.Second is null && !state.Main!.Incoming:
                return new(next with { Second = incoming }, [new AcceptTcp(incoming.Id), new SendOpen(incoming.Id, config.Open())]);
            case PeerPhase.Established when HasRestarted(state):
                return AcceptAfterRestart(state, config);
            default:
                return new(state, [new RefuseTcp()]);
        }
    }

    private static PeerStep OnTcpFails(PeerState state, PeerEvent.TcpConnectionFails e, PeerFsmConfig config)
    {
        if (IsSecond(state, e.Connection))
        {
            return new(state with { Second = null }, [new CloseTcp(e.Connection)]);
        }

        if (!IsMain(state, e.Connection))
        {
            return new(state, Nothing);
        }

        if (state.Phase is PeerPhase.OpenConfirm or PeerPhase.Established)
        {
            return Fail(state with { Second = state.Phase == PeerPhase.Established ? null : state.Second }, null, Loss.Transport, e.Reason);
        }

        // Connect and OpenSent: go on with the second connection if there is one, else wait to try again.
        if (state.Second is { } second)
        {
            return new(
                state with { Phase = second.OpenSent ? PeerPhase.OpenSent : PeerPhase.Connect, Main = second, Second = null },
                second.OpenSent
                    ? [new CloseTcp(e.Connection)]
                    : [new CloseTcp(e.Connection), new StopTimer(PeerTimer.Hold), new StartTimer(PeerTimer.ConnectRetry, config.ConnectRetry, Jitter: true)]);
        }

        ImmutableArray<PeerAction> actions = state.Phase == PeerPhase.OpenSent
            ? [new CloseTcp(e.Connection), new StopTimer(PeerTimer.Hold), new StartTimer(PeerTimer.ConnectRetry, config.ConnectRetry, Jitter: true), new Report(e.Reason)]
            : [new CloseTcp(e.Connection), new StartTimer(PeerTimer.ConnectRetry, config.ConnectRetry, Jitter: true), new Report(e.Reason)];
        return new(state with { Phase = PeerPhase.Active, Main = null }, actions);
    }

    private static PeerStep OnHoldTimer(PeerState state) =>
        HasOpenSent(state)
            ? Fail(state, new NotificationMessage(BgpError.HoldTimer, 0), "hold timer expired")
            : new(state, Nothing);

    private static PeerStep OnSendHoldTimer(PeerState state) =>
        HasOpenSent(state)
            ? Fail(state, new NotificationMessage(BgpError.SendHoldTimer, 0), "send hold timer expired: the peer does not read")
            : new(state, Nothing);

    private static PeerStep OnKeepaliveTimer(PeerState state)
    {
        if (state.Phase is not (PeerPhase.OpenConfirm or PeerPhase.Established) || state.Session!.HoldTime == TimeSpan.Zero)
        {
            return new(state, Nothing);
        }

        var next = state;
        if (state.Phase == PeerPhase.Established && state.KeepalivesSent < StableAfterKeepalives)
        {
            var sent = state.KeepalivesSent + 1;
            next = state with { KeepalivesSent = sent, Failures = sent == StableAfterKeepalives ? 0 : state.Failures };
        }

        return new(next, [new SendKeepalive(state.Main!.Id), new StartTimer(PeerTimer.Keepalive, state.Session.KeepaliveTime, Jitter: true)]);
    }

    private static PeerStep OnKeepalive(PeerState state, PeerFsmConfig config)
    {
        switch (state.Phase)
        {
            case PeerPhase.OpenConfirm:
                var actions = ImmutableArray.CreateBuilder<PeerAction>();
                if (state.Second is not null)
                {
                    actions.AddRange(DropSecond(state, NotificationMessage.Cease(BgpError.Collision)).Do);
                }

                actions.AddRange(RestartHold(state.Session!));
                actions.Add(new SessionUp(state.Main!.Id, state.Session!));
                var stale = StaleAfterReturn(state, config, actions);
                return new(state with { Phase = PeerPhase.Established, Second = null, Stale = stale }, actions.ToImmutable());
            case PeerPhase.Established:
                return new(state, RestartHold(state.Session!));
            default:
                return Unexpected(state);
        }
    }

    private static ImmutableArray<PeerAction> RestartHold(NegotiatedSession session) =>
        session.HoldTime == TimeSpan.Zero ? Nothing : [new StartTimer(PeerTimer.Hold, session.HoldTime, Jitter: false)];

    private static PeerStep OnUpdate(PeerState state) =>
        state.Phase == PeerPhase.Established
            ? new(state, [.. RestartHold(state.Session!), new InstallRoutes()])
            : Unexpected(state);

    private static PeerStep Unexpected(PeerState state)
    {
        var error = new NotificationMessage(BgpError.StateMachine, UnexpectedSubcode(state.Phase));
        return Fail(state, error, error.ToString());
    }

    private static PeerStep OnMessageError(PeerState state, int connection, NotificationMessage error) =>
        IsMain(state, connection) ? Fail(state, error, error.ToString())
        : IsSecond(state, connection) ? DropSecond(state, error)
        : new(state, Nothing);

    private static PeerStep OnNotification(PeerState state, int connection, NotificationMessage message, PeerFsmConfig config)
    {
        if (IsSecond(state, connection))
        {
            return new(state with { Second = null }, [new CloseTcp(connection)]);
        }

        if (!IsMain(state, connection))
        {
            return new(state, Nothing);
        }

        // The peer decided a collision against this connection: the other one goes on.
        return message is { Code: BgpError.Cease, Subcode: BgpError.Collision } && state is { Phase: PeerPhase.OpenSent, Second: not null }
            ? OnTcpFails(state, new PeerEvent.TcpConnectionFails(connection, message.ToString()), config)
            : Fail(state, null, message.IsHardReset ? Loss.Final : Loss.Notification, $"received {message}");
    }
}
