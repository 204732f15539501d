using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Fsm;

/// <summary>Random events, in any order: what must always hold.</summary>
public sealed class PeerFsmProperties
{
    private const int Kinds = 21;

    private static readonly Gen<Draw> Draws =
        from kind in Gen.Frequency((3, Gen.Choose(0, Kinds - 1)), (1, Gen.Elements(KindNextInOrder)))
        from connection in Gen.Choose(1, 12)
        from variant in Gen.Choose(0, 9)
        select new Draw(kind, connection, variant);

    /// <summary>The event that leads towards a session from wherever the peer is; chance alone seldom finds it.</summary>
    private const int KindNextInOrder = -1;

    [Fact]
    public void Invariants_hold_after_every_step() => Prop.ForAll(
        Draws.ArrayOf().ToArbitrary(),
        Gen.Elements(Samples.Config, Samples.Config with { Passive = true }, Samples.Config with { HoldTime = TimeSpan.Zero }).ToArbitrary(),
        static (draws, config) =>
        {
            var run = new Run(config);
            run.Apply(new PeerEvent.ManualStart());
            run.Apply(draws);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithEndSize(200));

    [Fact]
    public void A_well_behaved_peer_always_gets_a_session_afterwards() => Prop.ForAll(
        Draws.ArrayOf().ToArbitrary(),
        static draws =>
        {
            var run = new Run(Samples.Config);
            run.Apply(new PeerEvent.ManualStart());
            run.Apply(draws);
            run.Apply(new PeerEvent.ManualStop(NotificationMessage.Cease(BgpError.AdministrativeShutdown)), new PeerEvent.ManualStart());
            var id = run.State.Main!.Id;
            run.Apply(new PeerEvent.TcpCrAcked(id), new PeerEvent.BgpOpen(id, Samples.PeerOpen()), new PeerEvent.KeepAliveMsg(id));
            return run.State.Phase == PeerPhase.Established;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static PeerEvent NextInOrder(PeerState state, int variant)
    {
        var id = state.Main?.Id ?? 0;
        return state.Phase switch
        {
            PeerPhase.Idle => new PeerEvent.IdleHoldTimerExpires(),
            PeerPhase.Connect => new PeerEvent.TcpCrAcked(id),
            PeerPhase.Active => new PeerEvent.TcpConnectionConfirmed(),
            PeerPhase.OpenSent => Make(9, id, variant),
            PeerPhase.OpenConfirm => new PeerEvent.KeepAliveMsg(id),
            _ => variant switch
            {
                < 5 => new PeerEvent.TcpConnectionFails(id, "gone"),
                < 8 => new PeerEvent.KeepaliveTimerExpires(),
                _ => new PeerEvent.EndOfRib(id, AddressFamily.L2VpnEvpn),
            },
        };
    }

    private static PeerEvent Make(int kind, int connection, int variant) => kind switch
    {
        0 => new PeerEvent.ManualStart(),
        1 => new PeerEvent.ConnectRetryTimerExpires(),
        2 => new PeerEvent.HoldTimerExpires(),
        3 => new PeerEvent.KeepaliveTimerExpires(),
        4 => new PeerEvent.IdleHoldTimerExpires(),
        5 or 6 => new PeerEvent.TcpCrAcked(connection),
        7 => new PeerEvent.TcpConnectionConfirmed(),
        8 => new PeerEvent.TcpConnectionFails(connection, "gone"),
        9 or 10 => new PeerEvent.BgpOpen(
            connection,
            variant switch
            {
                0 => Samples.PeerOpen(asn: 1),
                1 => Samples.PeerOpen(holdTime: 1),
                2 => Samples.PeerOpen(holdTime: 0),
                3 or 4 => Samples.GracefulPeerOpen(notification: true, preserved: true),
                5 => Samples.GracefulPeerOpen(notification: false, preserved: true),
                6 => Samples.GracefulPeerOpen(notification: true, preserved: false),
                _ => Samples.PeerOpen(variant % 2 == 0 ? "10.0.0.1" : "10.0.0.200"),
            }),
        11 => new PeerEvent.NotifMsg(
            connection,
            variant switch
            {
                0 => NotificationMessage.Cease(BgpError.Collision),
                1 => NotificationMessage.HardReset(NotificationMessage.Cease(BgpError.AdministrativeShutdown)),
                _ => new(BgpError.HoldTimer, 0),
            }),
        12 or 13 => new PeerEvent.KeepAliveMsg(connection),
        14 => new PeerEvent.UpdateMsg(connection),
        15 => new PeerEvent.EndOfRib(connection, variant < 8 ? AddressFamily.L2VpnEvpn : AddressFamily.Ipv4Unicast),
        16 => variant < 3 ? new PeerEvent.SendHoldTimerExpires() : new PeerEvent.KeepaliveTimerExpires(),
        17 => new PeerEvent.RestartTimerExpires(),
        18 => variant < 5 ? new PeerEvent.StalePathTimerExpires() : new PeerEvent.RefreshTimerExpires(),
        19 => variant < 3 ? new PeerEvent.MaxPrefixesReached(AddressFamily.L2VpnEvpn, 10) : new PeerEvent.KeepAliveMsg(connection),
        _ => variant switch
        {
            0 => new PeerEvent.ManualStop(NotificationMessage.Cease(BgpError.AdministrativeShutdown)),
            1 => new PeerEvent.Restart(NotificationMessage.Cease(BgpError.AdministrativeReset)),
            2 => new PeerEvent.MessageError(connection, new(BgpError.Header, BgpError.BadLength)),
            3 => new PeerEvent.RefreshWanted(AddressFamily.L2VpnEvpn),
            _ => new PeerEvent.RouteRefreshMsg(connection, AddressFamily.L2VpnEvpn, (RouteRefreshSubtype)(variant % 4)),
        },
    };

    /// <summary>What chance has drawn; becomes an event where it is met.</summary>
    private sealed record Draw(int Kind, int Connection, int Variant)
    {
        public PeerEvent In(PeerState state) => Kind == KindNextInOrder ? NextInOrder(state, Variant) : Make(Kind, Connection, Variant);
    }

    /// <summary>Plays the runner: which connections and timers exist follows from the actions alone.</summary>
    private sealed class Run(PeerFsmConfig config)
    {
        private readonly HashSet<int> _open = [];
        private readonly HashSet<int> _used = [];
        private readonly HashSet<PeerTimer> _timers = [];
        private readonly HashSet<AddressFamily> _stale = [];
        private readonly HashSet<AddressFamily> _refreshing = [];
        private bool _sessionUp;

        public PeerState State { get; private set; } = PeerState.Initial;

        public void Apply(IEnumerable<Draw> draws)
        {
            foreach (var draw in draws)
            {
                Apply(draw.In(State));
            }
        }

        public void Apply(params ReadOnlySpan<PeerEvent> events)
        {
            foreach (var e in events)
            {
                // An event of a timer that does not run is what the runner drops.
                var happens = e switch
                {
                    PeerEvent.ConnectRetryTimerExpires => _timers.Remove(PeerTimer.ConnectRetry),
                    PeerEvent.HoldTimerExpires => _timers.Remove(PeerTimer.Hold),
                    PeerEvent.KeepaliveTimerExpires => _timers.Remove(PeerTimer.Keepalive),
                    PeerEvent.IdleHoldTimerExpires => _timers.Remove(PeerTimer.IdleHold),
                    PeerEvent.RestartTimerExpires => _timers.Remove(PeerTimer.Restart),
                    PeerEvent.StalePathTimerExpires => _timers.Remove(PeerTimer.StalePath),
                    PeerEvent.RefreshTimerExpires => _timers.Remove(PeerTimer.Refresh),
                    PeerEvent.MaxPrefixesReached => _sessionUp,
                    _ => true,
                };
                if (!happens)
                {
                    continue;
                }

                var (next, actions) = PeerFsm.Step(State, e, config);
                State = next;
                foreach (var action in actions)
                {
                    Execute(action);
                }

                Check(e);
            }
        }

        private void Execute(PeerAction action)
        {
            switch (action)
            {
                case PeerAction.OpenTcp { Connection: var id }:
                    Assert.True(_used.Add(id), "a connection number is used twice");
                    _open.Add(id);
                    break;
                case PeerAction.AcceptTcp { Connection: var id }:
                    Assert.True(_used.Add(id), "a connection number is used twice");
                    _open.Add(id);
                    break;
                case PeerAction.CloseTcp { Connection: var id }:
                    Assert.True(_open.Remove(id), "closes what is not open");
                    break;
                case PeerAction.SendOpen { Connection: var id }:
                    Assert.Contains(id, _open);
                    break;
                case PeerAction.SendKeepalive { Connection: var id }:
                    Assert.Contains(id, _open);
                    break;
                case PeerAction.SendNotification { Connection: var id }:
                    Assert.Contains(id, _open);
                    break;
                case PeerAction.StartTimer { Timer: var timer }:
                    _timers.Add(timer);
                    break;
                case PeerAction.StopTimer { Timer: var timer }:
                    _timers.Remove(timer);
                    break;
                case PeerAction.StopAllTimers:
                    _timers.Clear();
                    break;
                case PeerAction.SessionUp:
                    Assert.False(_sessionUp, "session up twice");
                    _sessionUp = true;
                    break;
                case PeerAction.SessionDown { Keep: var keep }:
                    Assert.True(_sessionUp, "session down without up");
                    _sessionUp = false;
                    _refreshing.Clear();
                    _stale.Clear();
                    _stale.UnionWith(keep);
                    break;
                case PeerAction.PurgeStale { Families: var families }:
                    Assert.NotEmpty(families);
                    Assert.Superset(families.ToHashSet(), _stale);
                    _stale.ExceptWith(families);
                    break;
                case PeerAction.RefreshBegins { Family: var family }:
                    _refreshing.Add(family);
                    break;
                case PeerAction.RefreshEnds { Family: var family }:
                    _refreshing.Remove(family);
                    break;
                case PeerAction.PurgeAwaited { Families: var families }:
                    Assert.Equal(families.Order(), _refreshing.Order());
                    _refreshing.Clear();
                    break;
                case PeerAction.SendRouteRefresh { Connection: var id }:
                    Assert.True(_sessionUp && _open.Contains(id), "asks without a session");
                    break;
                case PeerAction.InstallRoutes:
                    Assert.True(_sessionUp, "routes without a session");
                    break;
            }
        }

        private void Check(PeerEvent e)
        {
            Assert.Equal(State.Phase == PeerPhase.Established, _sessionUp);
            Assert.Equal(new[] { State.Main, State.Second }.Where(static c => c is not null).Select(static c => c!.Id).Order(), _open.Order());
            Assert.Equal(State.Phase is PeerPhase.OpenConfirm or PeerPhase.Established, State.Session is not null);
            Assert.True(State.Phase is not (PeerPhase.Idle or PeerPhase.Active) || _open.Count == 0, "a connection without use");
            Assert.True(State.Phase is not (PeerPhase.OpenSent or PeerPhase.OpenConfirm or PeerPhase.Established) || State.Main!.OpenSent);
            Assert.True(State.Second is null || State.Second.Incoming != State.Main!.Incoming, "two connections of one direction");

            // Stale routes never outlive both timers, and a stopped peer has none.
            Assert.Equal(State.Stale.Order(), _stale.Order());
            Assert.Equal(_stale.Count > 0 && !_sessionUp, _timers.Contains(PeerTimer.Restart));
            Assert.Equal(_stale.Count > 0 && _sessionUp, _timers.Contains(PeerTimer.StalePath));
            Assert.Equal(State.Refreshing.Order(), _refreshing.Order());
            Assert.Equal(_refreshing.Count > 0, _timers.Contains(PeerTimer.Refresh));
            Assert.True(e is not PeerEvent.ManualStop || _timers.Count == 0, "timers of a stopped peer");

            // Something always leads on: no state can wait for ever.
            var lively = State.Phase switch
            {
                PeerPhase.Idle => _timers.Except([PeerTimer.Restart]).SequenceEqual([PeerTimer.IdleHold]) || (_timers.Count == 0 && e is PeerEvent.ManualStop) || Stopped,
                PeerPhase.Connect => _timers.Contains(PeerTimer.ConnectRetry) || config.Passive,
                PeerPhase.Active => config.Passive || _timers.Contains(PeerTimer.ConnectRetry),
                PeerPhase.OpenSent => _timers.Contains(PeerTimer.Hold),
                _ => State.Session!.HoldTime == TimeSpan.Zero
                    ? !_timers.Contains(PeerTimer.Hold)
                    : _timers.Contains(PeerTimer.Hold) && _timers.Contains(PeerTimer.Keepalive),
            };
            Assert.True(lively, $"stuck in {State.Phase} after {e}; timers {string.Join(' ', _timers)}");
            Stopped = State.Phase == PeerPhase.Idle && _timers.Count == 0;
        }

        private bool Stopped { get; set; }
    }
}
