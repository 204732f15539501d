using System.Collections.Immutable;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using static Fabric.Bgp.Tests.Vtep.Fabrics;

namespace Fabric.Bgp.Tests.Vtep;

public sealed class VtepSpeakerTests
{
    private static readonly LocalSegmentConfig Segment = new() { Esi = Esi, Rd = RouteDistinguisher.Parse("10.0.0.9:7"), Vnis = [L2] };

    /// <summary>
    /// Paths of two peers, sessions that end, and VNIs that come, go and change, in any order and with nobody waiting for anything: the role
    /// comes to what the pure logic says of the configuration and the paths that are left; and so does everybody who reads the changes.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task In_the_end_the_role_and_its_readers_know_what_the_pure_logic_says(int seed)
    {
        for (var round = 0; round < 25; round++)
        {
            await RunAsync(new Random((seed * 1000) + round), steps: 120);
        }
    }

    [Fact]
    public async Task Routes_and_memberships_of_what_is_local_are_in_the_table_until_the_role_ends()
    {
        await using var bench = new VtepBench();
        await bench.Vtep.ApplyAsync([.. Local, new VtepEvent.SegmentSet(Segment)]);
        Assert.Equal(
            ["[1]:[0]", "[1]:[4294967295]", "[2]:[0]:[48]:[02:00:00:00:00:01]", "[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.1.0.1]", "[3]:[0]:[32]:[10.0.0.9]", "[4]", "[5]:[0]:[24]:[10.1.0.0]"],
            (await bench.OwnAsync(AddressFamily.L2VpnEvpn)).Select(static r => r.Name.Split(' ')[1].Replace($":[{Esi}]", "", StringComparison.Ordinal).Replace("[4]:[32]:[10.0.0.9]", "[4]", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["65009:0x0602443839ffff01/64", "65009:rt:1:100", "65009:rt:1:5000"], (await bench.OwnAsync(AddressFamily.RouteTargetMembership)).Select(static r => r.Name).Order(StringComparer.Ordinal));

        // Two VNIs may want the same target: it stays until the last one goes.
        await bench.Vtep.ApplyAsync(new VtepEvent.L2VniSet(Bridge with { Vni = new Vni(101), Rd = Rd(10) }), new VtepEvent.L2VniRemoved(L2));
        Assert.Contains((await bench.OwnAsync(AddressFamily.RouteTargetMembership)).Select(static r => r.Name), static n => n == "65009:rt:1:100");
        await bench.Vtep.ApplyAsync(new VtepEvent.L2VniRemoved(new Vni(101)), new VtepEvent.SegmentRemoved(Esi));
        Assert.Equal(["65009:rt:1:5000"], (await bench.OwnAsync(AddressFamily.RouteTargetMembership)).Select(static r => r.Name));

        await bench.Vtep.DisposeAsync();
        Assert.Empty(await bench.OwnAsync(AddressFamily.L2VpnEvpn));
        Assert.Empty(await bench.OwnAsync(AddressFamily.RouteTargetMembership));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bench.Vtep.ApplyAsync(new VtepEvent.L2VniRemoved(L2)));
    }

    [Fact]
    public async Task What_a_partner_announces_for_another_VTEP_has_its_address_its_MAC_and_less_preference()
    {
        await using var bench = new VtepBench();
        var (service, mac) = (IpAddr.Parse("2001:db8::a"), MacAddress.Parse("02:00:00:00:77:01"));
        var second = new RoutePreference(Prepend: 2, LocalPref: 50, Med: 10);
        await bench.Vtep.ApplyAsync(
            new VtepEvent.L3VniSet(Vrf with { Address = service, RouterMac = mac, Preference = second }),
            new VtepEvent.L2VniSet(Bridge with { Address = service, Preference = second }),
            new VtepEvent.MacInjected(L2, Mac, DefaultGateway: true),
            new VtepEvent.NeighborLearnt(L2, Mac, Ip),
            new VtepEvent.PrefixSet(L3, IpPrefix.Parse("0.0.0.0/0")),
            new VtepEvent.PrefixSet(L3, IpPrefix.Parse("10.1.0.0/24"), Preference: new RoutePreference()));
        var own = await bench.OwnAsync(AddressFamily.L2VpnEvpn);
        Assert.Equal(5, own.Length);
        Assert.All(own, r => Assert.Equal(service, r.Attributes.NextHop));
        Assert.All(own.Where(static r => !r.Name.Contains("[24]", StringComparison.Ordinal)), static r =>
            Assert.Equal(("65009 65009", 50u, 10u), (r.Attributes.AsPath.ToString(), r.Attributes.LocalPref!.Value, r.Attributes.Med!.Value)));
        Assert.All(own.Where(static r => r.Name.Contains("[5]", StringComparison.Ordinal)), r => Assert.Equal(mac, r.Attributes.RouterMac));
        var usual = Assert.Single(own, static r => r.Name.Contains("[24]", StringComparison.Ordinal));
        Assert.Equal(("", null), (usual.Attributes.AsPath.ToString(), usual.Attributes.LocalPref));

        // What the other one announces with that address is no way anywhere for this one, until the address is no longer its own.
        var theirs = new EvpnPathEvent.Multicast(Peer, new MulticastRoute(new(Rd(1), 0, service)), new(Multicast(1).Attributes!) { NextHop = service });
        bench.Say(theirs);
        await Eventually.True(() => bench.Speaker.RouteCount == 6, "the partner's route");
        await bench.Vtep.ApplyAsync(new VtepEvent.L2VniSet(Bridge with { Address = service, Preference = default }));
        Assert.Equal(0, await bench.Vtep.AskAsync(static s => s.L2View().Flood.Count));
        await bench.Vtep.ApplyAsync(new VtepEvent.L2VniSet(Bridge), new VtepEvent.L3VniSet(Vrf));
        await Eventually.True(() => bench.Vtep.AskAsync(static s => s.L2View().Flood.Count).Result == 1, "told again");
    }

    [Fact]
    public async Task A_reader_that_was_left_behind_by_a_session_that_ended_reads_again()
    {
        const int Routes = 130_000;
        await using var bench = new VtepBench();
        await bench.Vtep.ApplyAsync(Local);
        Announce(0);
        await Eventually.True(() => bench.Vtep.AskAsync(static s => s.ImportedPaths).Result == 1000, "the first routes");
        using var held = new ManualResetEventSlim();
        var holding = bench.Vtep.AskAsync(s => held.Wait(TimeSpan.FromSeconds(60)));
        for (var n = 1000; n < Routes; n += 1000)
        {
            Announce(n);
        }

        bench.Say(Multicast(2, source: SecondPeer));
        await Eventually.True(() => bench.Speaker.RouteCount >= Routes, "routes");
        bench.End(Peer);
        bench.Say(MacIp(2, OtherMac, source: SecondPeer));
        await Eventually.True(() => bench.Speaker.RouteCount < 10, "the session has ended");
        held.Set();
        Assert.True(await holding);
        await bench.ShowsAsync(VtepProperties.Show(Pure(Local, [Multicast(2, source: SecondPeer), MacIp(2, OtherMac, source: SecondPeer)])));
        Assert.Equal(2, await bench.Vtep.AskAsync(static s => s.ImportedPaths));

        void Announce(int first) =>
            bench.Say(Peer, MacIp(1).Attributes, Enumerable.Range(first, 1000).Select(static i => MacIp(1, new MacAddress(0x0200_0100_0000u + (ulong)i))));
    }

    [Fact]
    public async Task Who_has_caught_up_knows_all_that_peers_have_sent_and_its_readers_learn_when_they_do()
    {
        await using var bench = new VtepBench();
        await bench.Vtep.ApplyAsync(Local);
        var mirror = new VtepMirror();
        await using var batches = bench.Vtep.WatchAsync(most: 500, TestContext.Current.CancellationToken).GetAsyncEnumerator();
        for (var n = 0; n < 20_000; n += 1000)
        {
            var first = n;
            bench.Say(Peer, MacIp(1).Attributes, Enumerable.Range(first, 1000).Select(static i => MacIp(1, new MacAddress(0x0200_0100_0000u + (ulong)i))));
        }

        for (var round = 0; round < 2; round++)
        {
            // The second time nothing is new, and the reader learns that all the same.
            var version = await bench.Vtep.CaughtUpAsync().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
            Assert.Equal(20_000, await bench.Vtep.AskAsync(static s => s.ImportedPaths));
            do
            {
                Assert.True(await batches.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System));
                mirror.Take(batches.Current);
            }
            while (!(mirror.InSyncAt >= version));
            Assert.Equal(await bench.Vtep.AskAsync(VtepMirror.Show), mirror.Show());
        }

        await bench.Speaker.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(bench.Vtep.CaughtUpAsync);
    }

    [Fact]
    public async Task A_duplicate_thaws_and_a_forwarder_is_elected_when_the_clock_says_so()
    {
        await using var bench = new VtepBench(Fabrics.Config with { DuplicateMoves = 2, DuplicateRetry = TimeSpan.FromSeconds(30) });
        await bench.Vtep.ApplyAsync([.. Local, new VtepEvent.SegmentSet(Segment)]);
        bench.Say(MacIp(1, sequence: 1));
        await Eventually.True(() => bench.Vtep.AskAsync(static s => s.Where()!.IsLocal).Result is false, "moved away");
        await bench.Vtep.ApplyAsync(new VtepEvent.MacLearnt(L2, Mac));
        Assert.True(await bench.Vtep.AskAsync(static s => s.Where()!.Duplicate));
        Assert.Null(await bench.Vtep.AskAsync(static s => s.Forwarder(Esi, L2)));

        bench.Time.Advance(TimeSpan.FromSeconds(3));
        await Eventually.True(() => bench.Vtep.AskAsync(static s => s.Forwarder(Esi, L2)).Result?.Forwarder == Address(9), "elected");
        bench.Time.Advance(TimeSpan.FromSeconds(27));
        await Eventually.True(() => bench.Vtep.AskAsync(static s => s.Where()!.Duplicate).Result is false, "thawed");
        Assert.Contains(bench.Notices, static n => n is VtepAction.DuplicateDetected);
        Assert.Contains(bench.Notices, static n => n is VtepAction.DuplicateEnded);
    }

    [Fact]
    public async Task Paths_and_time_are_not_for_the_user_to_tell()
    {
        await using var bench = new VtepBench();
        await Assert.ThrowsAsync<ArgumentException>(() => bench.Vtep.ApplyAsync(new VtepEvent.L2VniSet(Bridge), new VtepEvent.Tick()));
        await Assert.ThrowsAsync<ArgumentException>(() => bench.Vtep.ApplyAsync(new VtepEvent.PathSaid(MacIp(1))));
        Assert.Empty(await bench.OwnAsync(AddressFamily.L2VpnEvpn));
    }

    [Fact]
    public async Task A_route_that_fits_into_no_message_is_told_and_not_announced()
    {
        await using var bench = new VtepBench();
        await bench.Vtep.ApplyAsync(new VtepEvent.L2VniSet(Bridge with { Export = [.. Enumerable.Range(0, 600).Select(static n => RouteTarget.Type0(1, (uint)n))] }));
        Assert.Empty(await bench.OwnAsync(AddressFamily.L2VpnEvpn));
        Assert.Contains(bench.Notices, static n => n is VtepAction.Ignored { Reason: var r } && r.Contains("do not fit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_segment_or_gateway_that_is_elsewhere_changes_the_rows_that_lead_there()
    {
        await using var bench = new VtepBench();
        await bench.Vtep.ApplyAsync(Local[..2]);
        var mirror = new VtepMirror();
        await using var changes = bench.Vtep.WatchAsync(cancellationToken: TestContext.Current.CancellationToken).GetAsyncEnumerator();
        foreach (var path in new[] { MacIp(1, OtherMac, esi: Esi), InBridge(1), InBridge(2), OnSegment(1), MacIp(1, OtherMac, ip: Ip), Prefix(3, "192.0.2.0/24", gateway: Ip), Prefix(3, "198.51.100.0/24", esi: Esi) })
        {
            bench.Say(path);
        }

        await ReadsAsync("route 5000 192.0.2.0/24 = Destination { Vtep = 10.0.0.1, Label = 100, Mac = 02:00:00:00:00:02, Backup = False }");
        bench.Say(OnSegment(2));
        await ReadsAsync("Destination { Vtep = 10.0.0.1, Label = 100, Mac = , Backup = False } Destination { Vtep = 10.0.0.2, Label = 100, Mac = , Backup = False }");
        bench.Say(OnSegment(1, gone: true));
        await ReadsAsync("route 5000 192.0.2.0/24 = Destination { Vtep = 10.0.0.2, Label = 100, Mac = 02:00:00:00:00:02, Backup = False }");
        bench.Say(OnSegment(2, gone: true));
        await ReadsAsync("to", isThere: false, "route 5000 192.0.2.0/24");

        async Task ReadsAsync(string text, bool isThere = true, string? absent = null)
        {
            var state = "";
            while (true)
            {
                Assert.True(await changes.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System));
                mirror.Take(changes.Current);
                state = await bench.Vtep.AskAsync(VtepMirror.Show);
                if (mirror.InSyncAt is not null && mirror.Show() == state && (isThere ? state.Contains(text, StringComparison.Ordinal) : !state.Contains(absent!, StringComparison.Ordinal)))
                {
                    return;
                }
            }
        }
    }

    private static readonly ImmutableArray<VtepEvent> Local =
    [
        new VtepEvent.L3VniSet(Vrf),
        new VtepEvent.L2VniSet(Bridge),
        new VtepEvent.MacLearnt(L2, Mac),
        new VtepEvent.NeighborLearnt(L2, Mac, Ip),
        new VtepEvent.PrefixSet(L3, IpPrefix.Parse("10.1.0.0/24")),
    ];

    private static async Task RunAsync(Random random, int steps)
    {
        await using var bench = new VtepBench(Fabrics.Config with { DuplicateMoves = int.MaxValue });
        var local = new List<VtepEvent>(Local);
        await bench.Vtep.ApplyAsync(Local);
        using var stop = new CancellationTokenSource();
        var mirrors = new[] { new VtepMirror(), new VtepMirror() };
        var readers = new List<Task> { Task.Run(() => MirrorAsync(mirrors[0], 3)) };
        var live = new Dictionary<(PathSource, string), EvpnPathEvent>();
        for (var step = 0; step < steps; step++)
        {
            switch (random.Next(24))
            {
                case 0:
                    var gone = random.Next(2) == 0 ? Peer : SecondPeer;
                    bench.End(gone);
                    live.Keys.Where(k => k.Item1 == gone).ToList().ForEach(k => live.Remove(k));
                    break;
                case 1 or 2 or 3 or 4:
                    await TellAsync(Configuration(random));
                    break;
                case 5 when readers.Count == 1:
                    readers.Add(Task.Run(() => MirrorAsync(mirrors[1], 100)));
                    break;
                default:
                    var path = VtepProperties.Make(random.Next(10), random.Next(1, 4), random.Next(3), random.Next(8), random.Next(4) == 0) with { Source = random.Next(2) == 0 ? Peer : SecondPeer };
                    bench.Say(path);
                    live.Remove((path.Source, KeyOf(path)));
                    if (path.Attributes is not null)
                    {
                        live.Add((path.Source, KeyOf(path)), path);
                    }

                    break;
            }
        }

        // What may be gone is there in the end, so that it can be shown.
        await TellAsync([new VtepEvent.L3VniSet(Vrf), new VtepEvent.L2VniSet(Bridge)]);
        if (readers.Count == 1)
        {
            readers.Add(Task.Run(() => MirrorAsync(mirrors[1], 100)));
        }

        var expected = Pure(local, live.Values);
        await bench.ShowsAsync(VtepProperties.Show(expected));
        var rows = VtepMirror.Show(expected);
        await Eventually.True(() => mirrors.All(m => m.InSyncAt is not null && Shown(m) == rows), () => $"{rows}\n--- seen\n{Shown(mirrors[0])}\n--- and\n{Shown(mirrors[1])}");
        Assert.DoesNotContain(bench.Notices, static n => n is VtepAction.Ignored { Reason: var r } && r.Contains("internal", StringComparison.Ordinal));
        Assert.Equal(
            expected.Originated.Select(static p => $"{VtepBench.NameOf(p)} {p.Attributes!.NextHop} {string.Join(' ', p.Attributes.ExtendedCommunities)}").Order(StringComparer.Ordinal),
            (await bench.OwnAsync(AddressFamily.L2VpnEvpn)).Select(static r => $"{r.Name} {r.Attributes.NextHop} {string.Join(' ', r.Attributes.ExtendedCommunities)}").Order(StringComparer.Ordinal));
        Assert.Equal(expected.Wanted.Count(), (await bench.OwnAsync(AddressFamily.RouteTargetMembership)).Length);
        await stop.CancelAsync();
        await Task.WhenAll(readers);

        async Task TellAsync(VtepEvent[] events)
        {
            local.AddRange(events);
            await bench.Vtep.ApplyAsync(events);
        }

        async Task MirrorAsync(VtepMirror mirror, int most)
        {
            try
            {
                await foreach (var changes in bench.Vtep.WatchAsync(most, stop.Token))
                {
                    lock (mirror)
                    {
                        mirror.Take(changes);
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        }

        static string Shown(VtepMirror mirror)
        {
            lock (mirror)
            {
                return mirror.Show();
            }
        }
    }

    private static VtepEvent[] Configuration(Random random)
    {
        var other = random.Next(2) == 0;
        return random.Next(9) switch
        {
            0 => [new VtepEvent.L2VniRemoved(L2)],
            1 => [new VtepEvent.L3VniRemoved(L3)],
            2 => [new VtepEvent.L2VniSet(Bridge with { Import = [RouteTarget.Parse(other ? "1:101" : "1:100")] })],
            3 => [new VtepEvent.L3VniSet(Vrf with { Import = [RouteTarget.Parse(other ? "1:5000" : "1:100")] })],
            4 => [new VtepEvent.L2VniSet(Bridge with { L3Vni = other ? L3 : null })],
            5 => [new VtepEvent.SegmentSet(Segment)],
            6 => [new VtepEvent.SegmentRemoved(Esi)],
            7 => [new VtepEvent.L2VniSet(Bridge with { Address = Fabrics.Address(random.Next(1, 4)) })],
            _ => [new VtepEvent.L2VniSet(Bridge), new VtepEvent.L3VniSet(Vrf)],
        };
    }

    private static VtepState Pure(IEnumerable<VtepEvent> local, IEnumerable<EvpnPathEvent> paths)
    {
        var state = new VtepState(Fabrics.Config with { DuplicateMoves = int.MaxValue, Asn = new Asn(65009) });
        foreach (var e in local)
        {
            state.Do(e);
        }

        foreach (var path in paths)
        {
            state.Say(path);
        }

        return state;
    }

    private static string KeyOf(EvpnPathEvent path) => path switch
    {
        EvpnPathEvent.AutoDiscovery p => $"{p.Route.Key}",
        EvpnPathEvent.MacIp p => $"{p.Route.Key}",
        EvpnPathEvent.Multicast p => $"{p.Route.Key}",
        EvpnPathEvent.Segment p => $"{p.Route.Key}",
        EvpnPathEvent.Prefix p => $"{p.Route.Key}",
        _ => throw new ArgumentException("unknown", nameof(path)),
    };
}
