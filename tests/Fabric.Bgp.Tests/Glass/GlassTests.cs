using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Glass;

/// <summary>A route server between external peers that are played by the test: what it shows is what it has been sent and sends.</summary>
public sealed class GlassTests : IAsyncLifetime
{
    private static readonly IpAddr First = IpAddr.Parse("192.0.2.1");
    private static readonly IpAddr Second = IpAddr.Parse("192.0.2.2");

    private readonly FakePeers _network = new();
    private readonly BgpSpeaker _speaker;

    public GlassTests() => _speaker = new BgpSpeaker(new BgpSpeakerOptions
    {
        LocalAsn = new Asn(64999),
        RouterId = IpAddr.Parse("10.0.0.9"),
        Connector = _network,
        AnnounceAllTargets = true,
    });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _speaker.DisposeAsync();

    [Fact]
    public async Task Each_table_shows_its_own_side_of_a_route()
    {
        var (first, _) = await BothAsync();
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01", "10.0.1.11"))));
        await Eventually.True(() => _speaker.RouteCount == 1, "the route");

        var best = Assert.Single(await ListAsync(new RouteQuery()));
        Assert.Equal((First, "1:10100 [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.1.11]", true), (best.From, best.Name, best.IsBest));
        Assert.Equal(best.Name, Assert.Single(await ListAsync(new RouteQuery { Rib = GlassRib.In, Peer = First })).Name);
        Assert.Empty(await ListAsync(new RouteQuery { Rib = GlassRib.In, Peer = Second }));
        Assert.Empty(await ListAsync(new RouteQuery { Rib = GlassRib.Out, Peer = First }));
        var sent = Assert.Single(await ListAsync(new RouteQuery { Rib = GlassRib.Out, Peer = Second }));
        Assert.Equal((First, best.Name, best.Attributes.NextHop), (sent.From, sent.Name, sent.Attributes.NextHop));
        Assert.Equal("65001 65011", sent.Attributes.AsPath.ToString());
        Assert.Empty(await ListAsync(new RouteQuery { Rib = GlassRib.Out, Peer = IpAddr.Parse("192.0.2.77") }));
        await Assert.ThrowsAsync<ArgumentException>(() => _speaker.ListRoutesAsync(new RouteQuery { Rib = GlassRib.Out }));
        await Assert.ThrowsAsync<ArgumentException>(() => _speaker.ListRoutesAsync(new RouteQuery { Cursor = "-3" }));
    }

    [Fact]
    public async Task What_is_shown_as_sent_is_what_the_peer_gets()
    {
        var (first, second) = await BothAsync();
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.7"), Samples.MacIp("02:00:00:00:00:01"))));
        UpdateMessage got;
        do
        {
            got = UpdateMessage.Decode((await NextUpdateAsync(second)), Samples.External);
        }
        while (got.EvpnAnnounced.Count == 0);

        var shown = Assert.Single(await ListAsync(new RouteQuery { Rib = GlassRib.Out, Peer = Second }));
        Assert.Equal(got.Attributes, shown.Attributes);
        Assert.False(shown.IsPending);
    }

    [Fact]
    public async Task Pages_hold_every_route_once_and_filters_narrow_them()
    {
        await InjectAsync([.. Enumerable.Range(0, 10_000).Select(static i => Mac($"02:00:00:00:{i >> 8:x2}:{i & 255:x2}", target: $"100:{i % 3}", vni: 10_000 + (uint)(i % 5)))]);
        await InjectAsync([RouteInjection.Unicast(IpPrefix.Parse("10.1.0.0/16"), new PathAttributes()), RouteInjection.Unicast(IpPrefix.Parse("10.1.2.0/24"), new PathAttributes())]);

        var names = new List<string>();
        var query = new RouteQuery { Limit = 777, Filter = new RouteFilter { Family = AddressFamily.L2VpnEvpn } };
        do
        {
            var page = await _speaker.ListRoutesAsync(query);
            Assert.InRange(page.Routes.Length, 1, 777);
            names.AddRange(page.Routes.Select(static r => r.Name));
            query = query with { Cursor = page.Next };
        }
        while (query.Cursor is not null);

        Assert.Equal(10_000, names.Count);
        Assert.Equal(10_000, names.Distinct().Count());
        Assert.Equal(3333, await CountAsync(new RouteFilter { RouteTarget = RouteTarget.Parse("100:1") }));
        Assert.Equal(2000, await CountAsync(new RouteFilter { Vni = new Vni(10_003) }));
        Assert.Equal(1, await CountAsync(new RouteFilter { Mac = MacAddress.Parse("02:00:00:00:01:02") }));
        Assert.Equal(2, await CountAsync(new RouteFilter { Ip = IpAddr.Parse("10.1.2.3") }));
        Assert.Equal(1, await CountAsync(new RouteFilter { Prefix = IpPrefix.Parse("10.1.2.0/23") }));
        Assert.Equal(0, await CountAsync(new RouteFilter { Type = 5 }));
        Assert.Equal(10_000, await CountAsync(new RouteFilter { Rd = RouteDistinguisher.Parse("1:10100"), Type = 2 }));
        Assert.Equal(0, await CountAsync(new RouteFilter { From = First }));
        Assert.Equal(10_000, await CountAsync(new RouteFilter { NextHop = IpAddr.Parse("10.1.1.1") }));
    }

    [Fact]
    public async Task Why_names_the_rule_that_chose_and_what_each_peer_gets()
    {
        var (first, second) = await BothAsync(import: new StatementPolicy(
            "only-100",
            [new PolicyStatement("hundred", [new RouteTargetMatch(TargetsOf("100:*"))], [], PolicyVerdict.Accept)]));
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(path: [65001, 65011, 65012]), Samples.MacIp("02:00:00:00:00:01"))));
        await second.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(path: [65002]), Samples.MacIp("02:00:00:00:00:01"))));
        await Eventually.True(() => _speaker.Peers.Sum(static p => p.EvpnRoutes) == 2, "both paths");

        const string Name = "1:10100 [2]:[0]:[48]:[02:00:00:00:00:01]";
        var why = await _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, Name);
        Assert.Equal([(Second, null), (First, BestPathRule.AsPathLength)], why!.Paths.Select(static p => (p.Path.From!.Value, p.LostBy)));
        Assert.Equal([(First, ExportVerdict.Sent), (Second, ExportVerdict.OwnRoute)], why.Peers.Select(static p => (p.Peer, p.Verdict)));
        Assert.Equal("65002", why.Peers[0].Attributes!.AsPath.ToString());

        // The import policy of the second refuses another target: it says by which policy.
        await second.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(target: "200:1", path: [65002]), Samples.MacIp("02:00:00:00:00:01"))));
        await Eventually.True(() => _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, Name).GetAwaiter().GetResult()!.Paths[0].Path.From == First, "the other path");
        why = await _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, Name);
        Assert.Equal([BestPathRule.OnlyPath, null], why!.Paths.Select(static p => p.LostBy));
        Assert.Equal((ImportVerdict.RefusedByPolicy, "policy only-100 refuses: no statement decides, the default applies"), (why.Paths[1].Path.Verdict, why.Paths[1].Reason));
        Assert.Equal([ExportVerdict.OwnRoute, ExportVerdict.Sent], why.Peers.Select(static p => p.Verdict));
        Assert.Null(await _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, "1:1 [3]:[0]:[32]:[10.0.0.1]"));
    }

    [Fact]
    public async Task Without_a_policy_an_external_session_shows_rfc_8212_in_both_directions()
    {
        _speaker.SetPeers([Config(First), Config(Second) with { Role = PeerRole.Ordinary, OpenWithoutPolicy = false }]);
        var first = await EstablishAsync(First);
        var second = await EstablishAsync(Second);
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01"))));
        await second.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:02"))));
        await Eventually.True(() => _speaker.Peers.Sum(static p => p.EvpnRoutes) == 2, "both routes");
        var one = await _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, "1:10100 [2]:[0]:[48]:[02:00:00:00:00:01]");
        Assert.Equal(ExportVerdict.NoPolicy, one!.Peers[1].Verdict);
        var two = await _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, "1:10100 [2]:[0]:[48]:[02:00:00:00:00:02]");
        Assert.Equal(ImportVerdict.NoPolicy, Assert.Single(two!.Paths).Path.Verdict);
        Assert.All(two.Peers, static p => Assert.Equal(ExportVerdict.NoPath, p.Verdict));
    }

    [Fact]
    public async Task A_peer_neither_withdraws_nor_replaces_what_was_injected_here_whatever_its_mobility_sequence()
    {
        var (first, second) = await BothAsync();
        var here = Mac("02:00:00:00:00:01", sequence: 0);
        await InjectAsync([here]);
        var seen = new List<RouteChange>();
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var changes in _speaker.WatchRoutesAsync(new RouteFilter { Family = AddressFamily.L2VpnEvpn }, fromStart: true, stop.Token))
            {
                lock (seen)
                {
                    seen.AddRange(changes.Changes);
                }
            }
        });

        // The same key, a higher sequence, then restarted ones, then a withdrawal, by both peers; and a withdrawal of what was never sent.
        foreach (var peer in (FakeConnection[])[first, second])
        {
            await peer.SendAsync(Samples.Encode(Samples.Withdraw(Samples.MacIp("02:00:00:00:00:01"))));
            foreach (var sequence in (uint[])[7, 0, 1])
            {
                await peer.SendAsync(Samples.Encode(Samples.Announce(Moved("10.9.9.9", sequence), Samples.MacIp("02:00:00:00:00:01"))));
            }

            await peer.SendAsync(Samples.Encode(Samples.Withdraw(Samples.MacIp("02:00:00:00:00:01"))));
            await peer.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:99"))));
            await Eventually.True(() => ListAsync(new RouteQuery { Filter = new RouteFilter { Mac = MacAddress.Parse("02:00:00:00:00:99") } }).GetAwaiter().GetResult().Length == 1, "all was taken");
            Assert.Equal(here.Attributes, Assert.Single(await ListAsync(new RouteQuery { Rib = GlassRib.Injected })).Attributes);
            var best = Assert.Single(await ListAsync(new RouteQuery { Filter = new RouteFilter { Mac = MacAddress.Parse("02:00:00:00:00:01") } }));
            Assert.Null(best.From);
            await peer.SendAsync(Samples.Encode(Samples.Withdraw(Samples.MacIp("02:00:00:00:00:99"))));
            await Eventually.True(() => _speaker.RouteCount == 1, "the other is gone");
        }

        await InjectAsync([here with { Attributes = null }]);
        await Eventually.True(() => { lock (seen) { return seen.Any(static c => c.IsWithdrawn && c.Route.From is null); } }, "the withdrawal");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        Assert.Equal([false, true], seen.Where(static c => c.Route.Name.EndsWith(":01]", StringComparison.Ordinal)).Select(static c => c.IsWithdrawn));
        Assert.Empty(await ListAsync(new RouteQuery { Rib = GlassRib.Injected }));
    }

    [Fact]
    public async Task One_wrong_change_and_nothing_is_injected()
    {
        var faults = await _speaker.InjectAsync([Mac("02:00:00:00:00:01"), new(AddressFamily.Ipv4Unicast, new Octets([40]), new PathAttributes()), new(AddressFamily.RouteTargetMembership, new Octets([0]), null)]);
        Assert.Equal([1, 2], faults.Select(static f => f.Index));
        Assert.Empty(await ListAsync(new RouteQuery()));
    }

    [Fact]
    public async Task Injected_routes_reach_peers_with_the_own_address_as_next_hop()
    {
        var (first, _) = await BothAsync();
        await InjectAsync([Mac("02:00:00:00:00:01") with { Attributes = new PathAttributes { ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Parse("100:1"))] } }]);
        UpdateMessage got;
        do
        {
            got = UpdateMessage.Decode(await NextUpdateAsync(first), Samples.External);
        }
        while (got.EvpnAnnounced.Count == 0);

        Assert.Equal(IpAddr.Parse("10.0.0.9"), got.Attributes!.NextHop);
    }

    [Fact]
    public async Task An_informed_peer_is_sent_what_was_injected_and_nothing_of_what_others_have_sent_not_even_withdrawals()
    {
        _speaker.SetPeers([Config(First) with { Role = PeerRole.Ordinary, OwnRoutesOnly = true }, Config(Second) with { Role = PeerRole.Ordinary, OwnRoutesOnly = true }]);
        await InjectAsync([Mac("02:00:00:00:00:01")]);
        var (first, second) = (await EstablishAsync(First), await EstablishAsync(Second));
        Assert.Equal(["+01"], await SentAsync(second)); // before End-of-RIB

        // Of two peers, one after the other the best; refused as a loop; withdrawn; and again.
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:02"))));
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100", 65001, 64999), Samples.MacIp("02:00:00:00:00:03"))));
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01"))));
        await Eventually.True(() => _speaker.RouteCount == 2, "the routes of the first");
        var refused = Assert.Single(await ListAsync(new RouteQuery { Rib = GlassRib.In, Peer = First, Filter = new RouteFilter { Mac = MacAddress.Parse("02:00:00:00:00:03") } }));
        Assert.Equal(ImportVerdict.Loop, refused.Verdict);
        await second.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes("10.1.1.1", "100:10100", 65001), Samples.MacIp("02:00:00:00:00:02"))));
        await second.SendAsync(Samples.Encode(Samples.Withdraw(Samples.MacIp("02:00:00:00:00:02"))));
        await first.SendAsync(Samples.Encode(Samples.Withdraw(Samples.MacIp("02:00:00:00:00:02"))));
        await Eventually.True(() => _speaker.RouteCount == 1, "only the injected one");
        await first.SendAsync(Samples.Encode(Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:02"))));
        await Eventually.True(() => _speaker.RouteCount == 2, "the other again");
        var why = await _speaker.ExplainAsync(AddressFamily.L2VpnEvpn, "1:10100 [2]:[0]:[48]:[02:00:00:00:00:02]");
        Assert.Equal([(First, ExportVerdict.OwnRoute), (Second, ExportVerdict.NotOwn)], why!.Peers.Select(static p => (p.Peer, p.Verdict)));

        // Taken back while a peer has one of the same key: withdrawn, not replaced.
        await InjectAsync([Mac("02:00:00:00:00:01") with { Attributes = null }, Mac("02:00:00:00:00:04")]);
        Assert.Equal(["+04", "-01"], (await SentAsync(second, 2)).Order(StringComparer.Ordinal));
        await InjectAsync([Mac("02:00:00:00:00:05")]);
        Assert.Equal(["+05"], await SentAsync(second));
    }

    /// <summary>The last octets of the MAC addresses that the next updates announce and withdraw, until there are as many.</summary>
    private static async Task<List<string>> SentAsync(FakeConnection peer, int count = 1)
    {
        var sent = new List<string>();
        while (sent.Count < count)
        {
            var update = UpdateMessage.Decode(await NextUpdateAsync(peer), Samples.External);
            sent.AddRange(update.EvpnAnnounced.MacIp.Select(static r => $"+{r.Key.Mac.ToString()[^2..]}"));
            sent.AddRange(update.EvpnWithdrawn.MacIp.Select(static r => $"-{r.Key.Mac.ToString()[^2..]}"));
        }

        return sent;
    }

    [Fact]
    public async Task A_follower_that_does_not_read_keeps_nothing_alive_for_ever_and_is_told_so()
    {
        await using var changes = _speaker.WatchRoutesAsync(new RouteFilter(), fromStart: false).GetAsyncEnumerator();
        var routes = Enumerable.Range(0, 60_000).Select(static i => RouteInjection.Unicast(IpPrefix.Of(IpAddr.V4((uint)i << 8), 24), new PathAttributes())).ToList();
        var next = changes.MoveNextAsync().AsTask();
        await Eventually.True(() => _speaker.Engine.Ask(static t => t.Top) > Families.Count + 5, "it follows");
        await InjectAsync([routes[0]]);
        Assert.True(await next);
        Assert.Equal("0.0.0.0/24", Assert.Single(changes.Current.Changes).Route.Name);
        await InjectAsync(routes);
        await InjectAsync([.. routes.Select(static r => r with { Attributes = null })]);
        var others = Enumerable.Range(60_000, 60_000).Select(static i => RouteInjection.Unicast(IpPrefix.Of(IpAddr.V4((uint)i << 8), 24), new PathAttributes())).ToList();
        await InjectAsync(others);
        await InjectAsync([.. others.Select(static r => r with { Attributes = null })]);
        await Eventually.True(() => _speaker.Engine.Ask(static t => t.Dying) == 0, "dead paths are buried");
        Assert.True(await changes.MoveNextAsync());
        Assert.True(changes.Current.Resync);
        Assert.Throws<ArgumentException>(() => _speaker.WatchRoutesAsync(new RouteFilter { NextHop = First }, fromStart: true));
    }

    [Fact]
    public async Task A_peer_that_has_not_caught_up_is_marked_so()
    {
        await using var engine = new RouteEngine(new(new Asn(65001), First, First), TimeProvider.System, announceAllTargets: false, highWater: 400);
        engine.Post(() => engine.Inject([.. Enumerable.Range(0, 20_000).Select(static i => Mac($"02:00:00:00:{i >> 8:x2}:{i & 255:x2}"))]));
        var peer = new EnginePeer(new SpeakerPeerConfig { Address = Second, Role = PeerRole.ReflectorClient }) { Events = new Deaf() };
        engine.Enter(peer);

        // Nobody reads what is queued for it: the first part is queued, the rest waits in the table.
        engine.Up(peer, 1, new EngineSession(Second, Samples.Internal, First, new OutputQueue(TimeProvider.System)));
        ImmutableArray<RouteView> Routes(out bool complete)
        {
            var (page, done) = engine.Ask(_ =>
            {
                var (all, caughtUp, from) = (ImmutableArray.CreateBuilder<RouteView>(), true, 0);
                do
                {
                    from = engine.Look(new RouteQuery { Rib = GlassRib.Out, Peer = Second, Limit = 100_000 }, from, all, ref caughtUp);
                }
                while (from != 0);
                return (all.ToImmutable(), caughtUp);
            });
            complete = done;
            return page;
        }

        await Eventually.True(() => Routes(out _).Any(static r => !r.IsPending), "the first part");
        var routes = Routes(out var complete);
        Assert.False(complete);
        Assert.Equal((20_000, 8192), (routes.Length, routes.Count(static r => !r.IsPending)));
        var last = RouteName.TryParse(AddressFamily.L2VpnEvpn, routes.First(static r => r.IsPending).Name, out var nlri, out _) ? nlri : default;
        Assert.Equal(ExportVerdict.Pending, Assert.Single(engine.Ask(_ => engine.Explain(FamilyIndex.Evpn, last.Span))!.Peers).Verdict);
    }

    [Fact]
    public async Task Events_are_kept_in_order_with_numbers()
    {
        await BothAsync();
        await Eventually.True(() => _speaker.Events.Read(0, 100).Count(static e => e.Event.Kind == BgpEventKind.SessionUp) == 2, "both sessions");
        var events = _speaker.Events.Read(0, 100);
        Assert.Equal(Enumerable.Range(1, events.Length).Select(static i => (long)i), events.Select(static e => e.Sequence));
    }

    private sealed class Deaf : IEnginePeerEvents
    {
        public void Complete(AddressFamily family)
        {
        }

        public void ManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public void TooManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public void TooSlow()
        {
        }
    }

    private static CommunitySet<RouteTargetPattern, ExtendedCommunity> TargetsOf(string text) =>
        RouteTargetPattern.TryParse(text, out var pattern, out var error) ? new([pattern], All: false) : throw new FormatException(error);

    private static RouteInjection Mac(string mac, string target = "100:10100", uint vni = 10100, uint? sequence = null) => RouteInjection.Evpn<MacIpRoute, MacIpKey>(
        Samples.MacIp(mac, vni: vni), sequence is { } number ? Moved("10.1.1.1", number) : Samples.Attributes(target: target));

    private static PathAttributes Moved(string vtep, uint sequence)
    {
        var attributes = Samples.Attributes(vtep);
        return new PathAttributes(attributes) { ExtendedCommunities = [.. attributes.ExtendedCommunities, ExtendedCommunity.OfMacMobility(false, sequence)] };
    }

    private static SpeakerPeerConfig Config(IpAddr address) => new() { Address = address, RemoteAsn = new Asn(65001), Role = PeerRole.RouteServerClient, OpenWithoutPolicy = true };

    private static async Task<byte[]> NextUpdateAsync(FakeConnection peer)
    {
        while (true)
        {
            var message = await peer.ReceiveAsync();
            Assert.NotNull(message);
            if (message.Value.Type == BgpMessageType.Update)
            {
                return message.Value.Body;
            }
        }
    }

    private async Task<(FakeConnection First, FakeConnection Second)> BothAsync(RoutePolicy? import = null)
    {
        _speaker.SetPeers([Config(First), Config(Second) with { Import = import }]);
        return (await EstablishAsync(First), await EstablishAsync(Second));
    }

    private async Task<FakeConnection> EstablishAsync(IpAddr address)
    {
        var connection = await _network.AcceptAsync(address);
        await connection.EstablishAsync();
        await Eventually.True(() => _speaker.Peers.First(p => p.Config.Address == address).Phase == PeerPhase.Established, "established");
        return connection;
    }

    private async Task InjectAsync(IReadOnlyList<RouteInjection> changes) => Assert.Empty(await _speaker.InjectAsync(changes));

    private async Task<ImmutableArray<RouteView>> ListAsync(RouteQuery query)
    {
        var page = await _speaker.ListRoutesAsync(query with { Limit = 100_000, Filter = query.Filter with { Family = query.Filter.Family ?? AddressFamily.L2VpnEvpn } });
        Assert.Null(page.Next);
        return page.Routes;
    }

    private async Task<int> CountAsync(RouteFilter filter) => (await _speaker.ListRoutesAsync(new RouteQuery { Limit = 100_000, Filter = filter })).Routes.Length;
}
