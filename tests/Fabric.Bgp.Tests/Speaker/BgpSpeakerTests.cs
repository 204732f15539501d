using System.Collections.Concurrent;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Speaker;

public sealed class BgpSpeakerTests : IAsyncLifetime
{
    private static readonly IpAddr First = IpAddr.Parse("192.0.2.1");
    private static readonly IpAddr Second = IpAddr.Parse("192.0.2.2");

    private readonly ManualTime _time = new();
    private readonly FakePeers _network = new();
    private readonly ConcurrentQueue<BgpEvent> _events = new();
    private readonly BgpSpeaker _speaker;

    public BgpSpeakerTests() => _speaker = new BgpSpeaker(new BgpSpeakerOptions
    {
        LocalAsn = new Asn(64999),
        RouterId = IpAddr.Parse("10.0.0.9"),
        TimeProvider = _time,
        Connector = _network,
        OnEvent = _events.Enqueue,
        OctetsInFlight = 1,
    });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        // Connections that a test left open end by the grace time.
        var disposed = _speaker.DisposeAsync().AsTask();
        while (!disposed.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(disposed, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System));
        }

        await disposed;
    }

    [Fact]
    public async Task A_session_comes_up_and_its_routes_are_shown()
    {
        var peer = await EstablishAsync(First);
        await peer.SendAsync(Samples.Encode(Samples.Announce(
            Samples.Attributes("10.1.1.1", "100:10100"), Samples.MacIp("02:00:00:00:00:01", "10.0.1.11", l3Vni: 5000))));
        await peer.SendAsync(Samples.Hex(Samples.Frr.Multicast));
        await peer.SendAsync(Samples.Hex(Samples.Frr.Prefix));
        await peer.SendAsync(Samples.Hex(Samples.Frr.EndOfRib));
        await Eventually.True(() => _speaker.Peers[0].EvpnComplete, "all routes received");

        var routes = _speaker.Query().Routes;
        Assert.Equal(
            [
                "[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.1.11] vni 10100 l3 5000 via 10.1.1.1",
                "[3]:[0]:[32]:[10.250.9.9] vni 10100 l3  via 10.250.9.9",
                "[5]:[0]:[24]:[10.9.0.0] vni 5000 l3 5000 via 10.250.9.9",
            ],
            routes.Select(static r => $"{r.Nlri} vni {r.Vni} l3 {r.L3Vni} via {r.NextHop}"));
        Assert.Equal("65001 65011", routes[0].AsPath);
        Assert.Equal(_time.GetUtcNow(), routes[0].ReceivedAt);
        Assert.Equal(MacAddress.Parse("02:aa:aa:aa:aa:aa"), routes[2].RouterMac);

        var status = _speaker.Peers[0];
        Assert.Equal(PeerPhase.Established, status.Phase);
        Assert.Equal(IpAddr.Parse("10.0.0.1"), status.RemoteRouterId);
        Assert.Equal(TimeSpan.FromSeconds(9), status.HoldTime);
        Assert.Equal((3, 6L, 4L, 0L), (status.EvpnRoutes, status.MessagesReceived, status.UpdatesReceived, status.MalformedUpdates));
    }

    [Fact]
    public async Task Routes_that_arrive_together_with_the_keepalive_that_opens_the_session_are_taken()
    {
        _speaker.SetPeers([Config(First)]);
        var peer = await _network.AcceptAsync(First);
        await peer.ExpectAsync(BgpMessageType.Open);
        await peer.SendAsync(Samples.Encode(Samples.PeerOpen()));
        await peer.ExpectAsync(BgpMessageType.Keepalive);
        await peer.SendAsync([.. Samples.Keepalive(), .. Samples.Hex(Samples.Frr.MacIp), .. Samples.Hex(Samples.Frr.EndOfRib)]);
        await Eventually.True(() => _speaker.Peers[0].EvpnComplete, "all routes received");
        Assert.Equal(2, _speaker.RouteCount);
    }

    [Fact]
    public async Task A_peer_with_enhanced_refresh_gets_all_routes_between_the_beginning_and_the_end()
    {
        _speaker.SetPeers([Config(First), Config(Second) with { Role = PeerRole.Ordinary }]);
        var one = await _network.AcceptAsync(First);
        await one.EstablishAsync();
        await one.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01"))));
        await Eventually.True(() => _speaker.RouteCount == 1, "route");
        var two = await _network.AcceptAsync(Second);
        var open = Samples.PeerOpen("10.0.0.2");
        await two.EstablishAsync(new OpenMessage { MyAs = open.MyAs, HoldTime = open.HoldTime, Identifier = open.Identifier, Capabilities = [.. open.Capabilities, Capability.EnhancedRouteRefresh] });
        await two.ExpectAsync(BgpMessageType.Update);
        Assert.Equal(AddressFamily.L2VpnEvpn, UpdateMessage.Decode(await two.ExpectAsync(BgpMessageType.Update), Samples.External).EndOfRib);
        await two.SendAsync(Samples.Hex("ffffffffffffffffffffffffffffffff 0017 05 0019 00 46"));
        Assert.Equal(Samples.Hex("0019 01 46"), await two.ExpectAsync(BgpMessageType.RouteRefresh));
        Assert.Single(UpdateMessage.Decode(await two.ExpectAsync(BgpMessageType.Update), Samples.External).EvpnAnnounced.MacIp);
        Assert.Equal(Samples.Hex("0019 02 46"), await two.ExpectAsync(BgpMessageType.RouteRefresh));
    }

    [Fact]
    public async Task What_a_policy_changed_is_forgotten_with_the_route()
    {
        _speaker.SetPeers([Config(First) with { Import = new Prefer() }]);
        var peer = await _network.AcceptAsync(First);
        await peer.EstablishAsync();
        await Established(First);
        var route = Samples.MacIp("02:00:00:00:00:01");
        await peer.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), route)));
        await Eventually.True(() => _speaker.RouteCount == 1, "route");
        Assert.Equal(2, _speaker.AttributeSetCount);
        await peer.SendAsync(Samples.Encode(Samples.Withdraw(route)));
        await Eventually.True(() => _speaker.RouteCount == 0, "withdrawn");
        Assert.Equal(0, _speaker.AttributeSetCount);
    }

    private sealed class Prefer : RoutePolicy
    {
        public override bool DependsOnRoute => false;

        public override PathAttributes? Apply(PolicyRoute route, PathAttributes attributes) => new(attributes) { LocalPref = 200 };
    }

    [Fact]
    public async Task Keepalives_go_out_and_a_silent_peer_loses_its_session_and_its_routes()
    {
        var peer = await EstablishAsync(First);
        await peer.SendAsync(Samples.Hex(Samples.Frr.MacIp));
        await Eventually.True(() => _speaker.RouteCount == 2, "routes");
        _time.Advance(TimeSpan.FromSeconds(3));
        await peer.ExpectAsync(BgpMessageType.Keepalive);
        await peer.SendAsync(Samples.Keepalive());
        await Eventually.True(() => _speaker.Peers[0].MessagesReceived == 4, "keepalive processed");
        _time.Advance(TimeSpan.FromSeconds(8.9));
        Assert.Equal(PeerPhase.Established, _speaker.Peers[0].Phase);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        var notification = await peer.ExpectNotificationAsync();
        Assert.Equal(BgpError.HoldTimer, notification.Code);
        await Eventually.True(() => _speaker.RouteCount == 0, "routes gone");
        Assert.Equal("hold timer expired", _speaker.Peers[0].LastError);
        Assert.Equal(0, _speaker.AttributeSetCount);

        // After the idle hold time it tries again.
        _time.Advance(TimeSpan.FromSeconds(1));
        await (await _network.AcceptAsync(First)).EstablishAsync();
        await Established(First);
        Assert.Equal(2, _speaker.Peers[0].EstablishedCount);
    }

    [Fact]
    public async Task A_blocked_table_stops_neither_keepalives_nor_the_session()
    {
        var peer = await EstablishAsync(First);
        using var release = new ManualResetEventSlim();
        _speaker.Engine.Post(release.Wait);
        try
        {
            // More than may be in flight: the reader stops, the peer's later keepalives stay unread.
            var one = Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:01:ff")));
            await peer.SendAsync(one);
            await Eventually.True(() => _speaker.Peers[0].UpdatesReceived == 1, "the window is full");
            for (var i = 0; i < 100; i++)
            {
                await peer.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp($"02:00:00:00:01:{i:x2}"))));
            }

            for (var i = 0; i < 10; i++)
            {
                _time.Advance(TimeSpan.FromSeconds(3));
                await peer.ExpectAsync(BgpMessageType.Keepalive);
            }

            Assert.Equal(PeerPhase.Established, _speaker.Peers[0].Phase);
            Assert.Equal(1, _speaker.Peers[0].UpdatesReceived);
        }
        finally
        {
            release.Set();
        }

        await Eventually.True(() => _speaker.RouteCount == 101, "all routes");
    }

    [Fact]
    public async Task A_broken_header_is_answered_and_the_peer_is_tried_again()
    {
        var peer = await EstablishAsync(First);
        await peer.SendAsync(Samples.Hex("ffffffffffffffffffffffffffffffff 0012 02"));
        var notification = await peer.ExpectNotificationAsync();
        Assert.Equal((BgpError.Header, BgpError.BadLength), (notification.Code, notification.Subcode));
        peer.Close();
        await Eventually.True(() => _speaker.Peers[0].Phase == PeerPhase.Idle, "idle");
        _time.Advance(TimeSpan.FromSeconds(1));
        await (await _network.AcceptAsync(First)).EstablishAsync();
    }

    [Fact]
    public async Task Failures_in_a_row_double_the_rest()
    {
        _speaker.SetPeers([Config(First)]);
        foreach (var seconds in new[] { 1, 2, 4, 8 })
        {
            var peer = await _network.AcceptAsync(First);
            await peer.ExpectAsync(BgpMessageType.Open);
            await peer.SendAsync(Samples.Encode(Samples.PeerOpen(asn: 65002)));
            await peer.ExpectNotificationAsync();
            await Eventually.True(() => _speaker.Peers[0].Phase == PeerPhase.Idle, "idle");
            var attempts = _network.Attempts[First];
            _time.Advance(TimeSpan.FromSeconds(seconds * 0.74));
            Assert.Equal(attempts, _network.Attempts[First]);
            _time.Advance(TimeSpan.FromSeconds(seconds * 0.27));
        }

        Assert.Equal("sent OPEN: bad peer AS (2/2): the peer is in AS 65002, configured is 65001", _speaker.Peers[0].LastError);
    }

    [Fact]
    public async Task A_refused_connection_is_tried_again_with_jitter()
    {
        _network.Refusing[First] = "connection refused";
        _speaker.SetPeers([Config(First)]);
        await Eventually.True(() => _speaker.Peers[0].Phase == PeerPhase.Active, "active");
        Assert.Equal("cannot connect: connection refused", _speaker.Peers[0].LastError);
        _network.Refusing.Clear();
        _time.Advance(TimeSpan.FromSeconds(3.7));
        Assert.Equal(1, _network.Attempts[First]);
        _time.Advance(TimeSpan.FromSeconds(1.4));
        await (await _network.AcceptAsync(First)).EstablishAsync();
        await Established(First);
    }

    [Fact]
    public async Task A_malformed_update_withdraws_its_routes_and_keeps_the_session()
    {
        var peer = await EstablishAsync(First);
        var route = Samples.MacIp("02:00:00:00:00:01");
        await peer.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), route, Samples.MacIp("02:00:00:00:00:02"))));
        await Eventually.True(() => _speaker.RouteCount == 2, "routes");
        var bytes = Samples.Encode(Samples.Announce(Samples.Attributes(), route));
        var origin = bytes.AsSpan().IndexOf(Samples.Hex("40010100"));
        bytes[origin + 3] = 9;
        await peer.SendAsync(bytes);
        await Eventually.True(() => _speaker.RouteCount == 1, "withdrawn");
        Assert.Equal(PeerPhase.Established, _speaker.Peers[0].Phase);
        Assert.Equal(1, _speaker.Peers[0].MalformedUpdates);
        Assert.Contains(_events, static e => e.Kind == BgpEventKind.MalformedUpdate && e.Text == "ORIGIN: unknown origin (TreatAsWithdraw)");
    }

    [Fact]
    public async Task A_broken_family_is_given_up_and_the_session_stays()
    {
        var peer = await EstablishAsync(First);
        await peer.SendAsync(Samples.Hex(Samples.Frr.MacIp));
        await Eventually.True(() => _speaker.RouteCount == 2, "routes");
        var body = Samples.UpdateBody("", "800f05 0019 46 0233");
        await peer.SendAsync([.. Samples.Hex("ffffffffffffffffffffffffffffffff"), 0, (byte)(19 + body.Length), 2, .. body]);
        await Eventually.True(() => _speaker.RouteCount == 0, "given up");
        await peer.SendAsync(Samples.Hex(Samples.Frr.MacIp));
        await Eventually.True(() => _speaker.Peers[0].UpdatesReceived == 3, "ignored");
        Assert.Equal(PeerPhase.Established, _speaker.Peers[0].Phase);
        Assert.Equal(0, _speaker.RouteCount);
    }

    [Fact]
    public async Task A_route_of_two_peers_is_shown_once_and_stays_while_one_has_it()
    {
        _speaker.SetPeers([Config(First), Config(Second)]);
        var one = await _network.AcceptAsync(First);
        var two = await _network.AcceptAsync(Second);
        await one.EstablishAsync();
        await two.EstablishAsync(Samples.PeerOpen("10.0.0.2"));
        await Established(First);
        await Established(Second);
        await using var changes = _speaker.WatchAsync().GetAsyncEnumerator();
        var route = Samples.MacIp("02:00:00:00:00:01");
        await one.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100", 65001, 65011), route)));
        Assert.Equal(EvpnChangeKind.Added, await Next());
        await two.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100", 65001, 65002, 65011), route)));
        Assert.Equal(EvpnChangeKind.Changed, await Next());

        var view = Assert.Single(_speaker.Query().Routes);
        Assert.Equal([First, Second], view.Paths.Select(static p => p.Peer));
        Assert.Equal("65001 65011", view.AsPath);
        Assert.Equal(1, _speaker.Peers[0].EvpnRoutes);

        // The same again is no change; then the better path goes with its session.
        await one.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100", 65001, 65011), route)));
        await one.SendAsync(Samples.Encode(NotificationMessage.Cease(BgpError.AdministrativeShutdown)));
        Assert.Equal(EvpnChangeKind.Changed, await Next());
        Assert.Equal("65001 65002 65011", Assert.Single(_speaker.Query().Routes).AsPath);
        await two.SendAsync(Samples.Encode(Samples.Withdraw(route)));
        Assert.Equal(EvpnChangeKind.Removed, await Next());
        Assert.Empty(_speaker.Query().Routes);
        Assert.Equal(0, _speaker.AttributeSetCount);

        async Task<EvpnChangeKind> Next()
        {
            Assert.True(await changes.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Equal(_speaker.Query().Version, changes.Current.Version);
            return Assert.Single(changes.Current.Changes).Kind;
        }
    }

    [Fact]
    public async Task Changing_one_peer_does_not_touch_the_others()
    {
        _speaker.SetPeers([Config(First), Config(Second)]);
        var one = await _network.AcceptAsync(First);
        var two = await _network.AcceptAsync(Second);
        await one.EstablishAsync();
        await two.EstablishAsync(Samples.PeerOpen("10.0.0.2"));
        await Established(First);
        await Established(Second);
        await two.SendAsync(Samples.Hex(Samples.Frr.MacIp));
        await one.SendAsync(Samples.Hex(Samples.Frr.Prefix));
        await Eventually.True(() => _speaker.RouteCount == 3, "routes");

        // Another name is no reason to end a session, another hold time is.
        _speaker.SetPeers([Config(First) with { HoldTime = TimeSpan.FromSeconds(30) }, Config(Second) with { Description = "spine2" }]);
        Assert.Equal(BgpError.ConfigurationChange, (await one.ExpectNotificationAsync()).Subcode);
        one.Close();
        var again = await _network.AcceptAsync(First);
        await again.EstablishAsync();
        await Established(First);
        Assert.Equal(["", "spine2"], _speaker.Peers.Select(static p => p.Config.Description ?? ""));
        await Eventually.True(() => _speaker.RouteCount == 2, "routes of the changed peer gone");

        _speaker.SetPeers([Config(Second) with { Description = "spine2" }]);
        Assert.Equal(BgpError.PeerDeconfigured, (await again.ExpectNotificationAsync()).Subcode);
        again.Close();
        Assert.Equal(Second, Assert.Single(_speaker.Peers).Config.Address);
        Assert.Equal((PeerPhase.Established, 1L, 2), (_speaker.Peers[0].Phase, _speaker.Peers[0].EstablishedCount, _speaker.RouteCount));
        Assert.Equal(1, _network.Attempts[Second]);
    }

    [Fact]
    public async Task Disposing_says_cease_once_and_closes()
    {
        var peer = await EstablishAsync(First);
        var disposed = _speaker.DisposeAsync().AsTask();
        var notification = await peer.ExpectNotificationAsync();
        Assert.Equal((BgpError.Cease, BgpError.AdministrativeShutdown), (notification.Code, notification.Subcode));
        Assert.False(disposed.IsCompleted);
        peer.Close();
        await disposed.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Throws<ObjectDisposedException>(() => _speaker.SetPeers([]));
    }

    [Fact]
    public async Task A_peer_that_does_not_close_holds_disposal_only_for_the_grace_time()
    {
        var peer = await EstablishAsync(First);
        var disposed = _speaker.DisposeAsync().AsTask();
        await peer.ExpectNotificationAsync();
        Assert.False(disposed.IsCompleted);

        // The grace time may begin a moment after the notification is out.
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return disposed.IsCompleted;
            },
            "disposed");
    }

    [Fact]
    public async Task Resetting_a_peer_tells_it_why()
    {
        var peer = await EstablishAsync(First);
        Assert.True(_speaker.ResetPeer(First, "maintenance"));
        var notification = await peer.ExpectNotificationAsync();
        Assert.Equal("cease: administrative reset (6/4) \"maintenance\"", notification.ToString());
        Assert.False(_speaker.ResetPeer(Second));
    }

    [Fact]
    public async Task Closing_by_the_peer_removes_its_routes()
    {
        var peer = await EstablishAsync(First);
        await peer.SendAsync(Samples.Hex(Samples.Frr.MacIp));
        await Eventually.True(() => _speaker.RouteCount == 2, "routes");
        peer.Close();
        await Eventually.True(() => _speaker.RouteCount == 0, "routes gone");
        Assert.Equal("the peer closed the connection", _speaker.Peers[0].LastError);
    }

    [Fact]
    public async Task A_watcher_that_is_too_slow_is_told_to_query_again()
    {
        var peer = await EstablishAsync(First);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var changes = _speaker.WatchAsync(stop.Token).GetAsyncEnumerator(CancellationToken.None);
        var pending = changes.MoveNextAsync();
        long version = 0;
        for (var i = 0; i < 100; i++)
        {
            await peer.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp($"02:00:00:00:01:{i:x2}"))));

            // One batch each: wait for it before the next is sent.
            await Eventually.True(() => _speaker.Query().Version > version, "applied");
            version = _speaker.Query().Version;
        }

        var (batches, resync) = (0, false);
        while (!resync)
        {
            Assert.True(await (batches == 0 ? pending : changes.MoveNextAsync()));
            batches++;
            resync = changes.Current.Resync;
        }

        Assert.InRange(batches, 60, 70);
        Assert.Equal(100, changes.Current.Version);
        Assert.Empty(changes.Current.Changes);
    }

    [Fact]
    public void Bad_configuration_is_refused_as_a_whole()
    {
        var good = Config(First);
        Assert.Equal("peer 192.0.2.2: hold time must be 0 or 3..65535 whole seconds, got 00:00:02", Refusal(good, Config(Second) with { HoldTime = TimeSpan.FromSeconds(2) }));
        Assert.StartsWith("peer 192.0.2.1 is configured twice", Refusal(good, good), StringComparison.Ordinal);
        Assert.Equal("peer 192.0.2.2: at least one address family is needed", Refusal(good, Config(Second) with { Families = [] }));
        Assert.Equal("peer 192.0.2.2: local address ::1 is of the other IP version", Refusal(good, Config(Second) with { LocalAddress = IpAddr.Parse("::1") }));
        Assert.Empty(_speaker.Peers);

        string Refusal(params SpeakerPeerConfig[] peers) => Assert.Throws<ArgumentException>(() => _speaker.SetPeers(peers)).Message;
    }

    [Fact]
    public async Task A_peer_that_gets_own_routes_only_hears_of_no_other_not_even_that_it_is_gone()
    {
        _speaker.SetPeers([.. new[] { First, Second }.Select(static a => Config(a) with { Role = PeerRole.Ordinary, OwnRoutesOnly = true })]);
        var (from, to) = (await _network.AcceptAsync(First), await _network.AcceptAsync(Second));
        await from.EstablishAsync();
        await to.EstablishAsync();
        await Established(First);
        await Established(Second);
        await from.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100"), Samples.MacIp("02:00:00:00:00:01"))));
        await Eventually.True(() => _speaker.RouteCount == 1, "the route");
        await from.SendAsync(Samples.Encode(Samples.Withdraw(Samples.MacIp("02:00:00:00:00:01"))));
        await Eventually.True(() => _speaker.RouteCount == 0, "the route is gone");

        var own = Samples.MacIp("02:00:00:00:00:02");
        var attributes = new PathAttributes(Samples.Attributes("10.1.1.9", "100:10100")) { AsPath = AsPath.Empty };
        await _speaker.InjectAsync([RouteInjection.Evpn<MacIpRoute, MacIpKey>(own, attributes)]);
        await from.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100"), own)));
        await _speaker.InjectAsync([RouteInjection.Evpn<MacIpRoute, MacIpKey>(own, null)]);
        var told = new List<string>();
        while (told.Count < 2)
        {
            var message = await to.ReceiveAsync();
            if (message is { Type: BgpMessageType.Update } update && UpdateMessage.Decode(update.Body, new SessionContext(FourOctetAs: true, IsInternal: false, [AddressFamily.L2VpnEvpn])) is var decoded)
            {
                told.AddRange(decoded.EvpnAnnounced.MacIp.Select(static r => $"+{r.Key.Mac}").Concat(decoded.EvpnWithdrawn.MacIp.Select(static r => $"-{r.Key.Mac}")));
            }
        }

        Assert.Equal(["+02:00:00:00:00:02", "-02:00:00:00:00:02"], told);
    }

    [Theory]
    [InlineData("64999 64999", "", "64999 64999 64999")]
    [InlineData("64999 65005", "65005", "64999 64999 65005")]
    [InlineData("", "", "64999")]
    public void An_own_route_that_was_made_longer_is_so_for_external_peers_only(string path, string inside, string outside)
    {
        uint[] numbers = [.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static n => uint.Parse(n, System.Globalization.CultureInfo.InvariantCulture))];
        var attributes = new PathAttributes { AsPath = numbers.Length == 0 ? AsPath.Empty : new([new AsPathSegment(AsPathSegmentKind.Sequence, [.. numbers])]), NextHop = First };
        Assert.Equal(inside, To(isInternal: true));
        Assert.Equal(outside, To(isInternal: false));

        string To(bool isInternal) => OutgoingAttributes.Of(
            attributes,
            new RibPeer(default) { IsLocal = true, IsInternal = true },
            new UpdateGroupKey(FamilyIndex.Evpn, isInternal, PeerRole.Ordinary, false, true, 4096, Second, null, true, true, false),
            new SpeakerIdentity(new Asn(64999), First, First)).AsPath.ToString();
    }

    [Fact]
    public async Task Hostile_bytes_after_the_session_is_up_never_stop_the_speaker()
    {
        var random = new Random(7);
        var corpus = Samples.FrrMessages.Select(Samples.Hex).ToList();
        for (var round = 0; round < 25; round++)
        {
            if (round == 0)
            {
                _speaker.SetPeers([Config(First)]);
            }

            var peer = await _network.AcceptAsync(First);
            await peer.EstablishAsync();
            for (var i = 0; i < 200; i++)
            {
                await peer.SendAsync(Fuzz.Mutator.Mutate(corpus, random));
            }

            peer.Close();
            await Eventually.True(() => _speaker.Peers[0].Phase != PeerPhase.Established && _speaker.RouteCount == 0, "ended");
            await Eventually.True(
                () =>
                {
                    _time.Advance(TimeSpan.FromSeconds(64));
                    return _network.Attempts[First] == round + 2;
                },
                "tries again");
        }
    }

    private static SpeakerPeerConfig Config(IpAddr address) => new() { Address = address, RemoteAsn = new Asn(65001), Role = PeerRole.Observed, OpenWithoutPolicy = true };

    private async Task<FakeConnection> EstablishAsync(IpAddr address)
    {
        _speaker.SetPeers([Config(address)]);
        var peer = await _network.AcceptAsync(address);
        await peer.EstablishAsync();
        await Established(address);
        return peer;
    }

    private Task Established(IpAddr address) =>
        Eventually.True(() => _speaker.Peers.Any(p => p.Config.Address == address && p.Phase == PeerPhase.Established), $"session with {address}");
}
