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
/// (DampPeerOscillations), and a session that outlived three keepalives of its own clears it.
/// </remarks>
public static class PeerFsm
{
    /// <summary>Hold time until the peer's OPEN arrives: RFC 4271 section 8.2.2 suggests 4 minutes.</summary>
    public static readonly TimeSpan OpenHoldTime = TimeSpan.FromMinutes(4);

    private const int StableAfterKeepalives = 3;
    private const int MaxFailures = 7;

    private static readonly StopTimer StopRetry = new(PeerTimer.ConnectRetry);
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
            PeerEvent.KeepAliveMsg e => IsMain(state, e.Connection) ? OnKeepalive(state) : Stray(state, e.Connection),
            PeerEvent.KeepaliveTimerExpires => OnKeepaliveTimer(state),
            PeerEvent.HoldTimerExpires => OnHoldTimer(state),
            PeerEvent.ManualStart or PeerEvent.IdleHoldTimerExpires => state.Phase == PeerPhase.Idle ? Start(state, config) : new(state, Nothing),
            PeerEvent.ManualStop e => Stop(state, e.Reason),
            PeerEvent.Restart e => Restart(state, e.Reason),
            PeerEvent.ConnectRetryTimerExpires => OnConnectRetry(state, config),
            PeerEvent.TcpCrAcked e => OnConnected(state, e.Connection, config),
            PeerEvent.TcpConnectionConfirmed => OnAccepted(state, config),
            PeerEvent.TcpConnectionFails e => OnTcpFails(state, e, config),
            PeerEvent.BgpOpen e => OnOpen(state, e.Connection, e.Message, config),
            PeerEvent.MessageError e => OnMessageError(state, e.Connection, e.Error),
            PeerEvent.NotifMsg e => OnNotification(state, e.Connection, e.Message, config),
            PeerEvent.RouteRefreshMsg e => IsMain(state, e.Connection) ? OnRefresh(state, e.Family) : Stray(state, e.Connection),
            _ => new(state, Nothing),
        };
    }

    /// <summary>The time a peer rests after its n-th failure in a row: 1, 2, 4 … 64 s.</summary>
    public static TimeSpan IdleHoldTime(int failures) => TimeSpan.FromSeconds(1 << Math.Clamp(failures - 1, 0, MaxFailures - 1));

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
        CloseAll(state, reason, actions);
        actions.Add(new StopAllTimers());
        return new(Idle(state) with { Failures = 0 }, actions.ToImmutable());
    }

    private static PeerStep Restart(PeerState state, NotificationMessage reason) =>
        state.Phase == PeerPhase.Idle ? new(state, Nothing) : Fail(state, reason, reason.ToString());

    /// <summary>Ends whatever there is and waits for the idle hold timer.</summary>
    private static PeerStep Fail(PeerState state, NotificationMessage? send, string reason)
    {
        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        CloseAll(state, send, actions);
        var failures = Math.Min(state.Failures + 1, MaxFailures);
        actions.Add(new StopAllTimers());
        actions.Add(new StartTimer(PeerTimer.IdleHold, IdleHoldTime(failures), Jitter: true));
        actions.Add(new Report(reason));
        return new(Idle(state) with { Failures = failures }, actions.ToImmutable());
    }

    private static PeerState Idle(PeerState state) =>
        state with { Phase = PeerPhase.Idle, Main = null, Second = null, Session = null, KeepalivesSent = 0 };

    private static void CloseAll(PeerState state, NotificationMessage? send, ImmutableArray<PeerAction>.Builder actions)
    {
        foreach (var connection in (ReadOnlySpan<PeerConnection?>)[state.Main, state.Second])
        {
            if (connection is null)
            {
                continue;
            }

            if (send is not null && connection.OpenSent)
            {
                actions.Add(new SendNotification(connection.Id, send));
            }

            actions.Add(new CloseTcp(connection.Id));
        }

        if (state.Phase == PeerPhase.Established)
        {
            actions.Add(new SessionDown());
        }
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
            return Fail(state with { Second = state.Phase == PeerPhase.Established ? null : state.Second }, null, e.Reason);
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

    private static PeerStep OnKeepalive(PeerState state)
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
                return new(state with { Phase = PeerPhase.Established, Second = null }, actions.ToImmutable());
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

    private static PeerStep OnRefresh(PeerState state, AddressFamily family) =>
        state.Phase == PeerPhase.Established
            ? new(state, [.. RestartHold(state.Session!), new ResendRoutes(family)])
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
            : Fail(state, null, $"received {message}");
    }

    private static PeerStep OnOpen(PeerState state, int connection, OpenMessage open, PeerFsmConfig config)
    {
        var onMain = IsMain(state, connection);
        if (!onMain && !(IsSecond(state, connection) && state.Second!.OpenSent))
        {
            return new(state, Nothing);
        }

        if (onMain && state.Phase is not PeerPhase.OpenSent)
        {
            return Unexpected(state);
        }

        if (Refusal(open, config) is var (refusal, why))
        {
            return onMain ? Fail(state, refusal, $"sent {refusal}: {why}") : DropSecond(state, refusal);
        }

        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        var survivor = onMain ? state.Main! : state.Second!;
        var other = onMain ? state.Second : state.Main;
        var main = state;
        if (other is { OpenSent: true })
        {
            // RFC 4271 section 6.8: the connection opened by the speaker with the higher identifier stays (RFC 6286: then the higher AS).
            var weAreHigher = (config.RouterId, config.LocalAsn.Value).CompareTo((open.Identifier, open.AsNumber)) > 0;
            if (survivor.Incoming == weAreHigher)
            {
                actions.Add(new SendNotification(connection, NotificationMessage.Cease(BgpError.Collision)));
                actions.Add(new CloseTcp(connection));
                return new(state with { Main = other, Second = null }, actions.ToImmutable());
            }

            actions.Add(new SendNotification(other.Id, NotificationMessage.Cease(BgpError.Collision)));
            actions.Add(new CloseTcp(other.Id));
            main = state with { Second = null };
        }

        var session = Negotiate(open, config);
        actions.Add(new SendKeepalive(connection));
        if (session.HoldTime == TimeSpan.Zero)
        {
            actions.Add(new StopTimer(PeerTimer.Hold));
        }
        else
        {
            actions.Add(new StartTimer(PeerTimer.Hold, session.HoldTime, Jitter: false));
            actions.Add(new StartTimer(PeerTimer.Keepalive, session.KeepaliveTime, Jitter: true));
        }

        return new(main with { Phase = PeerPhase.OpenConfirm, Main = survivor, Session = session }, actions.ToImmutable());
    }

    /// <summary>RFC 4271 section 6.2, RFC 6286 for the identifier, RFC 5492 section 3 for a missing capability.</summary>
    private static (NotificationMessage Send, string Why)? Refusal(OpenMessage open, PeerFsmConfig config)
    {
        if (config.RemoteAsn is { } wantedAs && open.AsNumber != wantedAs.Value)
        {
            return (new(BgpError.Open, BgpError.BadPeerAs), $"the peer is in AS {open.AsNumber}, configured is {wantedAs}");
        }

        if (open.HoldTime is 1 or 2)
        {
            return (new(BgpError.Open, BgpError.UnacceptableHoldTime), $"the peer proposes {open.HoldTime} s");
        }

        if (open.Identifier.IsUnspecified || (open.AsNumber == config.LocalAsn.Value && open.Identifier == config.RouterId))
        {
            return (new(BgpError.Open, BgpError.BadIdentifier), $"the peer has {open.Identifier}");
        }

        if (!config.Families.Any(f => open.Families.Contains(f)))
        {
            var wanted = Capability.Multiprotocol(config.Families[0]);
            return (
                new(BgpError.Open, BgpError.UnsupportedCapability, new Octets([wanted.Code, (byte)wanted.Value.Length, .. wanted.Value.Span])),
                $"the peer offers {string.Join(' ', open.Families)}, wanted is {string.Join(' ', config.Families)}");
        }

        return null;
    }

    private static NegotiatedSession Negotiate(OpenMessage open, PeerFsmConfig config)
    {
        var peerHold = TimeSpan.FromSeconds(open.HoldTime);
        return new(
            open,
            peerHold < config.HoldTime ? peerHold : config.HoldTime,
            new SessionContext(open.FourOctetAs, open.AsNumber == config.LocalAsn.Value, [.. config.Families.Where(f => open.Families.Contains(f))]));
    }
}
