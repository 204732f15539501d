using System.Collections.Immutable;
using System.Text;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Tests.Fsm;

/// <summary>Every state with every event, as a file that is read in review.</summary>
public sealed class PeerFsmTableTests
{
    private static readonly NegotiatedSession Session =
        new(Samples.PeerOpen(), TimeSpan.FromSeconds(9), Samples.External);

    private static readonly ImmutableArray<AddressFamily> Evpn = [AddressFamily.L2VpnEvpn];

    private static readonly NegotiatedSession Graceful = Session with
    {
        RouteRefresh = true,
        EnhancedRouteRefresh = true,
        GracefulNotification = true,
        PeerRestart = new GracefulRestartOffer { Notification = true, RestartTime = TimeSpan.FromSeconds(120), Families = [new(AddressFamily.L2VpnEvpn, true)] },
    };

    private static readonly PeerConnection Out = new(1, Incoming: false, OpenSent: true);
    private static readonly PeerConnection In = new(2, Incoming: true, OpenSent: true);
    private static readonly PeerState Base = new() { NextConnection = 3 };

    private static readonly (string Name, PeerState State)[] States =
    [
        ("Idle", Base),
        ("Connect", Base with { Phase = PeerPhase.Connect, Main = Out with { OpenSent = false } }),
        ("Active", Base with { Phase = PeerPhase.Active }),
        ("OpenSent", Base with { Phase = PeerPhase.OpenSent, Main = Out }),
        ("OpenSent, incoming beside", Base with { Phase = PeerPhase.OpenSent, Main = Out, Second = In }),
        ("OpenSent incoming, still dialing", Base with { Phase = PeerPhase.OpenSent, Main = In with { Id = 1 }, Second = new PeerConnection(2, false, false) }),
        ("OpenConfirm", Base with { Phase = PeerPhase.OpenConfirm, Main = Out, Session = Session }),
        ("OpenConfirm, incoming beside", Base with { Phase = PeerPhase.OpenConfirm, Main = Out, Second = In, Session = Session }),
        ("Established", Base with { Phase = PeerPhase.Established, Main = Out, Session = Session }),
        ("Established, stable after failures", Base with { Phase = PeerPhase.Established, Main = Out, Session = Session, Failures = 3, KeepalivesSent = 2 }),
        ("Established, graceful restart", Base with { Phase = PeerPhase.Established, Main = Out, Session = Graceful, KeepalivesSent = 1 }),
        ("Established, stale routes", Base with { Phase = PeerPhase.Established, Main = Out, Session = Graceful, Stale = Evpn }),
        ("Established, refresh under way", Base with { Phase = PeerPhase.Established, Main = Out, Session = Graceful, Refreshing = Evpn }),
        ("Idle, stale routes", Base with { Stale = Evpn, Failures = 1 }),
        ("OpenConfirm, stale routes", Base with { Phase = PeerPhase.OpenConfirm, Main = Out, Session = Graceful, Stale = Evpn }),
        ("OpenConfirm, stale routes that are not preserved", Base with { Phase = PeerPhase.OpenConfirm, Main = Out, Session = Session, Stale = Evpn }),
    ];

    private static readonly (string Name, PeerEvent Event)[] Events =
    [
        ("ManualStart", new PeerEvent.ManualStart()),
        ("ManualStop", new PeerEvent.ManualStop(NotificationMessage.Cease(BgpError.AdministrativeShutdown))),
        ("Restart", new PeerEvent.Restart(NotificationMessage.Cease(BgpError.AdministrativeReset))),
        ("ConnectRetryTimer_Expires", new PeerEvent.ConnectRetryTimerExpires()),
        ("HoldTimer_Expires", new PeerEvent.HoldTimerExpires()),
        ("KeepaliveTimer_Expires", new PeerEvent.KeepaliveTimerExpires()),
        ("IdleHoldTimer_Expires", new PeerEvent.IdleHoldTimerExpires()),
        ("SendHoldTimer_Expires", new PeerEvent.SendHoldTimerExpires()),
        ("RestartTimer_Expires", new PeerEvent.RestartTimerExpires()),
        ("StalePathTimer_Expires", new PeerEvent.StalePathTimerExpires()),
        ("RefreshTimer_Expires", new PeerEvent.RefreshTimerExpires()),
        ("RefreshWanted", new PeerEvent.RefreshWanted(AddressFamily.L2VpnEvpn)),
        ("RefreshWanted, other family", new PeerEvent.RefreshWanted(AddressFamily.Ipv4Unicast)),
        ("MaxPrefixesReached", new PeerEvent.MaxPrefixesReached(AddressFamily.L2VpnEvpn, 1000)),
        ("Tcp_CR_Acked 1", new PeerEvent.TcpCrAcked(1)),
        ("Tcp_CR_Acked 2", new PeerEvent.TcpCrAcked(2)),
        ("TcpConnectionConfirmed", new PeerEvent.TcpConnectionConfirmed()),
        ("TcpConnectionFails 1", new PeerEvent.TcpConnectionFails(1, "closed")),
        ("TcpConnectionFails 2", new PeerEvent.TcpConnectionFails(2, "closed")),
        ("TcpConnectionFails 99", new PeerEvent.TcpConnectionFails(99, "closed")),
        ("BGPOpen 1, lower identifier", new PeerEvent.BgpOpen(1, Samples.PeerOpen("10.0.0.1"))),
        ("BGPOpen 1, higher identifier", new PeerEvent.BgpOpen(1, Samples.PeerOpen("10.0.0.200"))),
        ("BGPOpen 2, lower identifier", new PeerEvent.BgpOpen(2, Samples.PeerOpen("10.0.0.1"))),
        ("BGPOpen 2, higher identifier", new PeerEvent.BgpOpen(2, Samples.PeerOpen("10.0.0.200"))),
        ("BGPOpen 1, hold time 0", new PeerEvent.BgpOpen(1, Samples.PeerOpen(holdTime: 0))),
        ("BGPOpen 1, hold time 2", new PeerEvent.BgpOpen(1, Samples.PeerOpen(holdTime: 2))),
        ("BGPOpen 1, other AS", new PeerEvent.BgpOpen(1, Samples.PeerOpen(asn: 65002))),
        ("BGPOpen 1, identifier 0", new PeerEvent.BgpOpen(1, Samples.PeerOpen("0.0.0.0"))),
        ("BGPOpen 1, no common family", new PeerEvent.BgpOpen(1, new OpenMessage { MyAs = 65001, HoldTime = 9, Identifier = Samples.PeerOpen().Identifier })),
        ("BGPOpenMsgErr 1", new PeerEvent.MessageError(1, new NotificationMessage(BgpError.Open, BgpError.UnsupportedVersion))),
        ("UpdateMsgErr 1", new PeerEvent.MessageError(1, new NotificationMessage(BgpError.Update, BgpError.MalformedAttributeList))),
        ("BGPHeaderErr 2", new PeerEvent.MessageError(2, new NotificationMessage(BgpError.Header, BgpError.BadLength))),
        ("NotifMsg 1, cease", new PeerEvent.NotifMsg(1, NotificationMessage.Cease(BgpError.AdministrativeShutdown))),
        ("NotifMsg 1, hard reset", new PeerEvent.NotifMsg(1, NotificationMessage.HardReset(NotificationMessage.Cease(BgpError.AdministrativeShutdown, "bye")))),
        ("NotifMsg 1, collision", new PeerEvent.NotifMsg(1, NotificationMessage.Cease(BgpError.Collision))),
        ("NotifMsg 2, collision", new PeerEvent.NotifMsg(2, NotificationMessage.Cease(BgpError.Collision))),
        ("KeepAliveMsg 1", new PeerEvent.KeepAliveMsg(1)),
        ("KeepAliveMsg 2", new PeerEvent.KeepAliveMsg(2)),
        ("UpdateMsg 1", new PeerEvent.UpdateMsg(1)),
        ("UpdateMsg 99", new PeerEvent.UpdateMsg(99)),
        ("End-of-RIB 1", new PeerEvent.EndOfRib(1, AddressFamily.L2VpnEvpn)),
        ("End-of-RIB 1, other family", new PeerEvent.EndOfRib(1, AddressFamily.Ipv4Unicast)),
        ("RouteRefreshMsg 1", new PeerEvent.RouteRefreshMsg(1, AddressFamily.L2VpnEvpn)),
        ("RouteRefreshMsg 1, other family", new PeerEvent.RouteRefreshMsg(1, AddressFamily.Ipv4Unicast)),
        ("RouteRefreshMsg 1, BoRR", new PeerEvent.RouteRefreshMsg(1, AddressFamily.L2VpnEvpn, RouteRefreshSubtype.Begin)),
        ("RouteRefreshMsg 1, EoRR", new PeerEvent.RouteRefreshMsg(1, AddressFamily.L2VpnEvpn, RouteRefreshSubtype.End)),
        ("RouteRefreshMsg 1, unknown", new PeerEvent.RouteRefreshMsg(1, AddressFamily.L2VpnEvpn, (RouteRefreshSubtype)3)),
    ];

    [Fact]
    public void Every_state_and_event_does_what_the_table_says() => Golden.Check("fsm-table.txt", Table(Samples.Config));

    [Fact]
    public void A_passive_peer_does_what_its_table_says() => Golden.Check("fsm-table-passive.txt", Table(Samples.Config with { Passive = true }));

    private static string Table(PeerFsmConfig config)
    {
        var text = new StringBuilder();
        foreach (var (stateName, state) in States)
        {
            text.Append(stateName).Append('\n');
            foreach (var (eventName, e) in Events)
            {
                var (next, actions) = PeerFsm.Step(state, e, config);
                var unchanged = ReferenceEquals(next, state) || next == state;
                text.Append($"  {eventName,-32} -> {(unchanged ? "same" : Describe(next))}");
                text.AppendJoin("", actions.Select(static a => "\n      " + Describe(a))).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Describe(PeerState state) =>
        state.Phase
        + (state.Main is { } main ? $", main {Describe(main)}" : "")
        + (state.Second is { } second ? $", second {Describe(second)}" : "")
        + (state.Session is { } session ? $", hold {session.HoldTime.TotalSeconds} s" : "")
        + (state.Failures > 0 ? $", {state.Failures} failures" : "")
        + (state.PrefixOverruns > 0 ? $", {state.PrefixOverruns} overruns" : "")
        + (state.Stale.IsEmpty ? "" : $", stale {string.Join(' ', state.Stale)}")
        + (state.Refreshing.IsEmpty ? "" : $", refreshing {string.Join(' ', state.Refreshing)}")
        + (state.KeepalivesSent > 0 ? $", {state.KeepalivesSent} keepalives" : "");

    private static string Describe(PeerConnection connection) =>
        $"{connection.Id}{(connection.Incoming ? " in" : " out")}{(connection.OpenSent ? "" : " dialing")}";

    private static string Describe(PeerAction action) => action switch
    {
        PeerAction.SendOpen a => $"send OPEN on {a.Connection}",
        PeerAction.SendKeepalive a => $"send KEEPALIVE on {a.Connection}",
        PeerAction.SendNotification a => $"send NOTIFICATION on {a.Connection}: {a.Message}",
        PeerAction.OpenTcp a => $"open connection {a.Connection}",
        PeerAction.AcceptTcp a => $"accept connection as {a.Connection}",
        PeerAction.RefuseTcp => "refuse connection",
        PeerAction.CloseTcp a => $"close connection {a.Connection}",
        PeerAction.StartTimer a => $"start {a.Timer} {a.After.TotalSeconds} s{(a.Jitter ? " with jitter" : "")}",
        PeerAction.StopTimer a => $"stop {a.Timer}",
        PeerAction.StopAllTimers => "stop all timers",
        PeerAction.SessionUp a => $"session up on {a.Connection}",
        PeerAction.SessionDown a => a.Keep.IsEmpty ? "session down, routes go" : $"session down, routes become stale: {string.Join(' ', a.Keep)}",
        PeerAction.PurgeStale a => $"purge stale {string.Join(' ', a.Families)}",
        PeerAction.RefreshBegins a => $"refresh of {a.Family} begins",
        PeerAction.PurgeAwaited a => $"purge what was not repeated of {string.Join(' ', a.Families)}",
        PeerAction.SendRouteRefresh a => $"ask for {a.Family} again on {a.Connection}",
        PeerAction.RefreshEnds a => $"refresh of {a.Family} ends",
        PeerAction.InstallRoutes => "install routes",
        PeerAction.ResendRoutes a => $"resend {a.Family}",
        PeerAction.Report a => $"report: {a.Reason}",
        _ => throw new ArgumentOutOfRangeException(nameof(action)),
    };
}
