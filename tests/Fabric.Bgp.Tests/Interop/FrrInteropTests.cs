using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Sessions with the real bgpd of FRR and with GoBGP, on loopback.</summary>
[Trait("Category", "lab")]
public sealed class FrrInteropTests : IAsyncDisposable
{
    private const uint SpeakerAsn = 64999;
    private const uint SourceAsn = 65100;

    private readonly string _net = Loopback.Net();
    private readonly List<IAsyncDisposable> _daemons = [];
    private readonly BgpSpeaker _speaker = new(new BgpSpeakerOptions { LocalAsn = new Asn(SpeakerAsn), RouterId = IpAddr.Parse("10.255.9.9") });

    private string SpeakerAddress => $"{_net}.1";

    private string SourceAddress => $"{_net}.2";

    public async ValueTask DisposeAsync()
    {
        await _speaker.DisposeAsync();
        foreach (var daemon in _daemons)
        {
            await daemon.DisposeAsync();
        }
    }

    [Fact]
    public async Task Routes_of_gobgp_through_frr_are_the_best_routes_of_frr()
    {
        Require.Frr();
        Require.GoBgp();
        var spine = await SpineAsync(10, 65001);
        var source = Keep(await new GoBgp(SourceAddress, SourceAsn, "10.250.0.1", listen: false, ($"{spine.Address}", 65001)).StartAsync());
        Peer(spine);
        await UpAsync(spine);
        foreach (var route in new[]
        {
            "macadv 02:00:00:00:00:11 10.1.0.111 etag 0 label 10100 rd 10.250.9.9:100 rt 65000:10100 encap vxlan",
            "macadv 02:00:00:00:00:02 0.0.0.0 etag 0 label 10100 rd 65000:100 rt 65000:10100 encap vxlan",
            "macadv 02:00:00:00:00:06 2001:db8::6 etag 0 label 10100 rd 10.250.9.9:100 rt 65000:10100 encap vxlan",
            "macadv 02:00:00:00:00:03 10.1.0.103 etag 0 label 10100,5000 rd 10.250.9.9:100 rt 65000:10100 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
            "multicast 10.250.9.9 etag 0 rd 10.250.9.9:100 rt 65000:10100 encap vxlan pmsi ingress-repl 10100 10.250.9.9",
            "prefix 10.77.0.0/16 etag 0 label 5000 rd 10.250.9.9:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
        })
        {
            source.Cli($"global rib add -a evpn {route} nexthop 10.250.9.9");
        }

        await AgreesAsync(spine, 6);
        var routes = _speaker.Query().Routes;
        var irb = Assert.Single(routes, static r => r.Mac == MacAddress.Parse("02:00:00:00:00:03"));
        Assert.Equal((new Vni(10100), new Vni(5000), MacAddress.Parse("00:00:5e:00:53:99")), (irb.Vni, irb.L3Vni, irb.RouterMac));
        Assert.Equal(IpAddr.Parse("2001:db8::6"), Assert.Single(routes, static r => r.Mac == MacAddress.Parse("02:00:00:00:00:06")).Ip);
        Assert.Equal(new Vni(10100), Assert.Single(routes, static r => r.Type == 3).Vni);
        var prefix = Assert.Single(_speaker.Query(new EvpnRouteFilter { Ip = IpAddr.Parse("10.77.1.2") }).Routes);
        Assert.Equal((new Vni(5000), MacAddress.Parse("00:00:5e:00:53:99")), (prefix.L3Vni, prefix.RouterMac));

        source.Cli("global rib del -a evpn macadv 02:00:00:00:00:11 10.1.0.111 etag 0 label 10100 rd 10.250.9.9:100 rt 65000:10100 encap vxlan nexthop 10.250.9.9");
        source.Cli("global rib del -a evpn prefix 10.77.0.0/16 etag 0 label 5000 rd 10.250.9.9:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99 nexthop 10.250.9.9");
        await AgreesAsync(spine, 4);

        // The source dies: FRR withdraws everything it had.
        await source.KillAsync();
        await AgreesAsync(spine, 0);
        Assert.Equal(1, _speaker.Peers[0].EstablishedCount);
    }

    [Fact]
    public async Task Thousands_of_routes_written_by_our_codec_come_back_through_frr_unchanged()
    {
        Require.Frr();
        const int Vnis = 40;
        const int MacsPerVni = 80;
        var spine = await SpineAsync(10, 65001);
        using var source = await InjectorPeer.ConnectAsync(SourceAddress, SourceAsn, spine.Address, Frr.Port);
        for (var v = 0; v < Vnis; v++)
        {
            source.Send(Batch(v, MacsPerVni));
        }

        Peer(spine);
        await UpAsync(spine);
        await AgreesAsync(spine, Vnis * (MacsPerVni + 3));
        await Eventually.True(() => _speaker.Peers[0].EvpnComplete, "end of RIB");
        Assert.Equal(0, _speaker.Peers[0].MalformedUpdates);
        Assert.Equal(MacsPerVni + 2, _speaker.Query(EvpnRouteFilter.ForVni(new Vni(10007))).Routes.Count(static r => r.Type is 2 or 3));
        var sample = Assert.Single(_speaker.Query(new EvpnRouteFilter { Mac = MacAddress.Parse("02:00:00:00:07:05") }).Routes);
        Assert.Equal(
            ("7:10007", IpAddr.Parse("10.7.0.5"), new Vni(10007), new Vni(5007), 3u, MacAddress.Parse("02:aa:00:00:00:07")),
            (sample.Rd.ToString(), sample.Ip, sample.Vni, sample.L3Vni, sample.MobilitySequence, sample.RouterMac));
        Assert.Equal(["65000:10007", "65000:5007"], sample.RouteTargets.Select(static t => t.ToString()).Order(StringComparer.Ordinal));
        Assert.True(Assert.Single(_speaker.Query(new EvpnRouteFilter { Rd = RouteDistinguisher.Parse("7:10007"), Ip = IpAddr.Parse("2001:db8:7::1") }).Routes).DefaultGateway);

        // Half of it withdrawn by our encoder.
        for (var v = 0; v < Vnis; v += 2)
        {
            var batch = Batch(v, MacsPerVni);
            source.Send(new UpdateMessage { EvpnWithdrawn = batch.EvpnAnnounced });
        }

        await AgreesAsync(spine, Vnis / 2 * (MacsPerVni + 3));
    }

    [Fact]
    public async Task A_killed_spine_takes_only_its_paths_and_comes_back()
    {
        Require.Frr();
        var one = await SpineAsync(10, 65001);
        var two = await SpineAsync(20, 65001);
        using var sourceOne = await InjectorPeer.ConnectAsync(SourceAddress, SourceAsn, one.Address, Frr.Port);
        using var sourceTwo = await InjectorPeer.ConnectAsync(SourceAddress, SourceAsn, two.Address, Frr.Port);
        sourceOne.Send(Batch(1, 50));
        sourceTwo.Send(Batch(1, 50));
        Peer(one, two);
        await UpAsync(one);
        await UpAsync(two);
        await Eventually.True(() => _speaker.Query().Routes is { Length: 53 } routes && routes.All(static r => r.Paths.Length == 2), "each route once, with two paths");

        await one.KillAsync();
        await Eventually.True(() => _speaker.Query().Routes.All(static r => r.Paths.Length == 1), "paths of the dead spine gone");
        Assert.Equal(53, _speaker.RouteCount);
        await two.KillAsync();
        await Eventually.True(() => _speaker.RouteCount == 0, "all routes gone");

        await one.StartAsync();
        await UpAsync(one);
        using var again = await InjectorPeer.ConnectAsync(SourceAddress, SourceAsn, one.Address, Frr.Port);
        again.Send(Batch(2, 10));
        await AgreesAsync(one, 13);
        Assert.Equal(2, Status(one).EstablishedCount);
    }

    [Fact]
    public async Task A_frozen_spine_is_noticed_by_the_hold_timer()
    {
        Require.Frr();
        var spine = await SpineAsync(10, 65001);
        using var source = await InjectorPeer.ConnectAsync(SourceAddress, SourceAsn, spine.Address, Frr.Port);
        source.Send(Batch(1, 5));
        _speaker.SetPeers([Config(spine) with { HoldTime = TimeSpan.FromSeconds(3) }]);
        await UpAsync(spine);
        await Eventually.True(() => _speaker.RouteCount == 8, "routes");
        spine.Signal("STOP");
        await Eventually.True(() => _speaker.RouteCount == 0, "routes gone");
        Assert.Equal("hold timer expired", Status(spine).LastError);
        spine.Signal("CONT");
        await UpAsync(spine);
        await Eventually.True(() => _speaker.RouteCount == 8, "routes again");
    }

    [Fact]
    public async Task Frr_is_told_why_a_session_ends()
    {
        Require.Frr();
        var spine = await SpineAsync(10, 65001);
        Peer(spine);
        await UpAsync(spine);
        _speaker.SetPeers([]);
        await Eventually.True(() => LastReset().Contains("Peer De-configured", StringComparison.Ordinal) || LastReset().Contains("Peer Unconfigured", StringComparison.Ordinal), "de-configured: " + LastReset());
        Peer(spine);
        await UpAsync(spine);
        await _speaker.DisposeAsync();
        await Eventually.True(() => LastReset().Contains("Cease/Administrative Shutdown", StringComparison.Ordinal), "shutdown");

        string LastReset() => spine.Vtysh($"show bgp neighbor {SpeakerAddress}").Split('\n').FirstOrDefault(static l => l.Contains("Last reset", StringComparison.Ordinal)) ?? "";
    }

    [Fact]
    public async Task Frr_clearing_the_session_is_followed_by_a_new_one()
    {
        Require.Frr();
        var spine = await SpineAsync(10, 65001);
        using var source = await InjectorPeer.ConnectAsync(SourceAddress, SourceAsn, spine.Address, Frr.Port);
        source.Send(Batch(1, 5));
        Peer(spine);
        await AgreesAsync(spine, 8);
        spine.Vtysh($"clear bgp {SpeakerAddress}");
        await Eventually.True(() => Status(spine).EstablishedCount == 2, "second session");
        await AgreesAsync(spine, 8);
        Assert.StartsWith("received cease: hard reset (6/9): cease: administrative reset (6/4)", Status(spine).LastError, StringComparison.Ordinal);

        // A soft refresh resends all routes and resets nothing.
        var updates = Status(spine).UpdatesReceived;
        spine.Vtysh($"clear bgp l2vpn evpn {SpeakerAddress} soft out");
        await Eventually.True(() => Status(spine).UpdatesReceived > updates, "sent again");
        Assert.Equal(2, Status(spine).EstablishedCount);
        Assert.Equal(8, _speaker.RouteCount);
    }

    [Fact]
    public async Task A_wrong_as_is_refused_with_the_reason()
    {
        Require.Frr();
        var spine = await SpineAsync(10, 65001);
        _speaker.SetPeers([Config(spine) with { RemoteAsn = new Asn(65002) }]);
        await Eventually.True(() => Status(spine).LastError is not null, "refused");
        Assert.Equal("sent OPEN: bad peer AS (2/2): the peer is in AS 65001, configured is 65002", Status(spine).LastError);
    }

    [Fact]
    public async Task Gobgp_as_the_peer_itself_sends_all_types()
    {
        Require.GoBgp();
        var source = Keep(await new GoBgp($"{_net}.30", SourceAsn, "10.250.0.1", listen: true, (SpeakerAddress, SpeakerAsn)).StartAsync());
        _speaker.SetPeers([new SpeakerPeerConfig
        {
            Address = IpAddr.Parse($"{_net}.30"), Port = Frr.Port, RemoteAsn = new Asn(SourceAsn), Role = PeerRole.Observed, OpenWithoutPolicy = true, LocalAddress = IpAddr.Parse(SpeakerAddress), ConnectRetry = TimeSpan.FromSeconds(1),
        }]);
        await Eventually.True(() => _speaker.Peers[0].Phase == PeerPhase.Established, "session");
        foreach (var route in new[]
        {
            "macadv 02:00:00:00:00:04 10.1.0.104 esi LACP 00:11:22:33:44:55 10 etag 0 label 10100 rd 10.250.9.9:100 rt 65000:10100 encap vxlan",
            "multicast 10.250.9.9 etag 0 rd 10.250.9.9:100 rt 65000:10100 encap vxlan pmsi ingress-repl 10100 10.250.9.9",
            "prefix 2001:db8:77::/48 etag 0 label 5000 rd 10.250.9.9:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
            "a-d esi LACP 00:11:22:33:44:55 10 etag 4294967295 label 0 rd 10.250.9.9:1 rt 65000:10100 esi-label 0 encap vxlan",
            "esi 10.250.9.9 esi LACP 00:11:22:33:44:55 10 rd 10.250.9.9:1 rt 65000:1 encap vxlan",
        })
        {
            source.Cli($"global rib add -a evpn {route} nexthop 10.250.9.9");
        }

        await Eventually.True(() => _speaker.RouteCount == 5, "routes");
        var routes = _speaker.Query().Routes;
        Assert.Equal([1, 2, 3, 4, 5], routes.Select(static r => (int)r.Type));
        Assert.Equal(EthernetSegmentId.Parse("01:00:11:22:33:44:55:00:0a:00"), routes[1].Esi);
        Assert.Equal(IpPrefix.Parse("2001:db8:77::/48"), routes[4].Prefix);
        Assert.Equal("65100", routes[1].AsPath);
        Assert.Equal(0, _speaker.Peers[0].MalformedUpdates);
        await source.KillAsync();
        await Eventually.True(() => _speaker.RouteCount == 0, "gone with the session");
        await source.StartAsync();
        await Eventually.True(() => _speaker.Peers[0] is { Phase: PeerPhase.Established, EstablishedCount: 2 }, "back");
    }

    private static UpdateMessage Batch(int v, int macs)
    {
        var rd = RouteDistinguisher.Type0((ushort)v, (uint)(10000 + v));
        var routes = new EvpnRouteSet();
        var labels = (L2: new EvpnLabel((uint)(10000 + v)), L3: new EvpnLabel((uint)(5000 + v)));
        for (var m = 0; m < macs; m++)
        {
            routes.MacIp.Add(new MacIpRoute(new(rd, 0, new MacAddress(0x0200_0000_0000UL | ((ulong)v << 8) | (uint)m), IpAddr.Parse($"10.{v}.0.{m}")), default, labels.L2, labels.L3));
        }

        routes.MacIp.Add(new MacIpRoute(new(rd, 0, new MacAddress(0x02ff_0000_0000UL | (uint)v), IpAddr.Parse($"2001:db8:{v}::1")), default, labels.L2, labels.L3));
        routes.Multicast.Add(new MulticastRoute(new(rd, 0, IpAddr.V4(0x0afa_0001))));
        routes.Prefix.Add(new PrefixRoute(new(rd, 0, IpPrefix.Parse($"10.{v}.0.0/24")), default, default, labels.L3));
        return new UpdateMessage
        {
            EvpnAnnounced = routes,
            Attributes = new PathAttributes
            {
                AsPath = AsPath.Sequence(SourceAsn, 4200000000),
                NextHop = IpAddr.Parse("10.250.0.1"),
                ExtendedCommunities =
                [
                    ExtendedCommunity.Of(RouteTarget.Type0(65000, labels.L2.Raw)),
                    ExtendedCommunity.Of(RouteTarget.Type0(65000, labels.L3.Raw)),
                    ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel),
                    ExtendedCommunity.DefaultGateway(),
                    ExtendedCommunity.OfMacMobility(sticky: false, 3),
                    ExtendedCommunity.OfRouterMac(new MacAddress(0x02aa_0000_0000UL | (uint)v)),
                ],
                PmsiTunnel = new PmsiTunnel(0, PmsiTunnel.IngressReplication, labels.L2, new Octets([10, 250, 0, 1])),
            },
        };
    }

    private async Task<Frr> SpineAsync(int host, uint asn) =>
        Keep(await new Frr($"{_net}.{host}", asn, $"10.255.0.{host}", (SpeakerAddress, SpeakerAsn), (SourceAddress, SourceAsn)).StartAsync());

    private T Keep<T>(T daemon)
        where T : IAsyncDisposable
    {
        _daemons.Add(daemon);
        return daemon;
    }

    private SpeakerPeerConfig Config(Frr spine) => new()
    {
        Address = spine.Address,
        Port = Frr.Port,
        RemoteAsn = spine.Asn,
        Role = PeerRole.Observed,
        OpenWithoutPolicy = true,
        LocalAddress = IpAddr.Parse(SpeakerAddress),
        ConnectRetry = TimeSpan.FromSeconds(1),
    };

    private void Peer(params Frr[] spines) => _speaker.SetPeers([.. spines.Select(Config)]);

    private PeerStatus Status(Frr spine) => _speaker.Peers.Single(p => p.Config.Address == spine.Address);

    private Task UpAsync(Frr spine) => Eventually.True(() => Status(spine).Phase == PeerPhase.Established, $"session with {spine.Address}");

    /// <summary>Waits until the speaker has as many routes, and the same as FRR says are its best ones.</summary>
    private async Task AgreesAsync(Frr spine, int count)
    {
        var (expected, actual) = (new SortedSet<string>(), new SortedSet<string>());
        await Eventually.True(
            () =>
            {
                expected = spine.BestRoutes();
                actual = new SortedSet<string>(_speaker.Query().Routes.Select(r => Text(r, spine)), StringComparer.Ordinal);
                return expected.Count == count && expected.SetEquals(actual);
            },
            $"{count} routes, the same here as there",
            seconds: 30).ContinueWith(
            t =>
            {
                if (t.IsFaulted)
                {
                    Assert.Fail($"{expected.Count} at FRR, {actual.Count} here; only FRR: {string.Join(" | ", expected.Except(actual).Take(5))}; only here: {string.Join(" | ", actual.Except(expected).Take(5))}");
                }
            },
            TaskScheduler.Default);
    }

    private static string Text(EvpnRouteView route, Frr spine)
    {
        // FRR shows the path as it received it; to us it sends its own AS in front.
        var path = route.AsPath.StartsWith($"{spine.Asn} ", StringComparison.Ordinal) ? route.AsPath[(spine.Asn.ToString().Length + 1)..] : route.AsPath;
        return $"{route.Rd} {route.Nlri} via {route.NextHop} path {path} rt {string.Join(',', route.RouteTargets.Select(static t => t.ToString()).Order(StringComparer.Ordinal))}";
    }
}
