using System.Text.Json;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>What belongs to a session: keys, collisions, limits, refresh, and peers that misbehave.</summary>
[Trait("Category", "lab")]
public sealed class SessionInteropTests : IAsyncDisposable
{
    private static readonly SessionContext s_all = new(FourOctetAs: true, IsInternal: true, [AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.L2VpnEvpn]);

    private readonly SpeakerLab _lab = new();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task A_session_with_the_right_md5_key_comes_up_and_one_with_a_wrong_key_does_not()
    {
        Require.Frr();
        Require.GoBgp();
        var client = _lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient);
        var right = new[]
        {
            client with { Md5Key = new TcpMd5Key("for-frr") },
            _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Md5Key = new TcpMd5Key("for-gobgp"), Passive = false },
        };
        _lab.Speaker.SetPeers([right[0] with { Md5Key = new TcpMd5Key("not-for-frr") }, right[1] with { Md5Key = new TcpMd5Key("not-for-gobgp") }]);
        var failures = Md5Failures();
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with { Password = "for-frr" }).StartAsync());
        _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Password = "for-gobgp", Listens = true }).StartAsync());
        await Eventually.True(() => Md5Failures() >= failures + 4, "the kernel drops what is signed with another key");
        Assert.DoesNotContain(_lab.Events, static e => e.Kind == BgpEventKind.SessionUp);

        _lab.Speaker.SetPeers(right);
        await _lab.UpAsync(2, 3);
        Assert.Equal("Established", Neighbor(frr).GetProperty("bgpState").GetString());
        Assert.DoesNotContain(_lab.Events, static e => e.Text.Contains("for-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.2")]
    public async Task Two_that_connect_to_each_other_at_once_end_with_one_session(string theirIdentifier)
    {
        Require.Frr();
        var frr = await new Frr(_lab.Setup(2, SpeakerLab.Asn) with { RouterId = theirIdentifier == "10.0.0.0" ? "9.0.0.2" : theirIdentifier }).StartAsync();
        _lab.Keep(frr);
        _lab.Speaker.SetPeers([_lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false }]);
        await _lab.UpAsync(2);
        await Eventually.True(() => Neighbor(frr).GetProperty("bgpState").GetString() == "Established" && _lab.Status(2).MessagesReceived > 4, "keepalives flow");
        Assert.Equal(1, _lab.Status(2).EstablishedCount);
        Assert.Equal(1, Neighbor(frr).GetProperty("connectionsEstablished").GetInt32());
    }

    [Fact]
    public async Task Too_many_prefixes_are_warned_of_and_then_end_the_session_with_the_reason()
    {
        Require.Frr();
        _lab.Speaker.SetPeers([_lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient) with { MaxPrefixes = 4 }]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with
        {
            Families = ["ipv4"],
            Networks = [.. Enumerable.Range(0, 4).Select(static n => ($"10.2.{n}.0/24", "10.2.2.2"))],
        }).StartAsync());
        await _lab.UpAsync(2);
        await Eventually.True(() => _lab.Events.Any(static e => e.Text == "4 routes of ipv4-unicast, 4 are allowed"), () => $"warned: {_lab}");
        Assert.Equal(PeerPhase.Established, _lab.Status(2).Phase);
        frr.Vtysh("configure terminal", $"router bgp {SpeakerLab.Asn}", "address-family ipv4 unicast", "network 10.2.9.0/24");
        await Eventually.True(() => frr.Vtysh($"show bgp neighbor {_lab.Address}").Contains("Maximum Number of Prefixes Reached", StringComparison.Ordinal), () => $"FRR knows why: {_lab}");
        Assert.Equal(0, _lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast));
    }

    [Fact]
    public async Task A_peer_that_asks_for_a_refresh_gets_everything_again_without_a_reset()
    {
        Require.Frr();
        Require.GoBgp();
        _lab.Speaker.SetPeers(
        [
            _lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient), _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false },
            _lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient),
        ]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with { Families = ["ipv4", "evpn"], Networks = [("10.2.0.0/24", "10.2.2.2")] }).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Families = ["ipv4", "evpn"], Listens = true }).StartAsync());
        using var source = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_all);
        source.Send(Mac("02:00:00:00:00:09"));
        source.Send(Ipv4("10.4.0.0"));
        goBgp.Cli("global rib add -a ipv4 10.3.0.0/24 nexthop 10.3.3.3");
        await _lab.UpAsync(2, 3, 4);
        await Eventually.True(() => FrrHas("10.4.0.0/24", "02:00:00:00:00:09") && goBgp.UnicastRoutes("ipv4").Count == 3, () => $"routes: {_lab}");

        var updatesToFrr = UpdatesAt(frr);
        frr.Vtysh($"clear bgp ipv4 unicast {_lab.Address} soft in");
        await Eventually.True(() => UpdatesAt(frr) > updatesToFrr, () => $"FRR gets updates again: {_lab}");
        Assert.True(FrrHas("10.4.0.0/24", "02:00:00:00:00:09"));
        Assert.Equal(3, goBgp.UnicastRoutes("ipv4").Count);

        // The other way: what a peer sends again replaces what it has sent. GoBGP never asks; it can be asked to send.
        var received = _lab.Status(2).UpdatesReceived;
        frr.Vtysh($"clear bgp ipv4 unicast {_lab.Address} soft out");
        await Eventually.True(() => _lab.Status(2).UpdatesReceived > received, "sent again");
        received = _lab.Status(3).UpdatesReceived;
        goBgp.Cli($"neighbor {_lab.Address} softresetout");
        await Eventually.True(() => _lab.Status(3).UpdatesReceived > received, "sent again");
        Assert.Equal((1, 1), (_lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast), _lab.Status(3).RoutesOf(AddressFamily.Ipv4Unicast)));
        Assert.All(_lab.Speaker.Peers, static p => Assert.Equal(1, p.EstablishedCount));

        bool FrrHas(string prefix, string mac) => frr.Vtysh("show bgp ipv4 unicast").Contains(prefix, StringComparison.Ordinal) && frr.Vtysh("show bgp l2vpn evpn").Contains(mac, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_is_asked_sends_everything_again_without_a_reset()
    {
        Require.Frr();
        Require.GoBgp();
        _lab.Speaker.SetPeers([_lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient), _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false }]);
        _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with { Families = ["ipv4", "evpn"], Networks = [("10.2.0.0/24", "10.2.2.2"), ("10.2.1.0/24", "10.2.2.2")] }).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Families = ["ipv4", "evpn"], Listens = true }).StartAsync());
        goBgp.Cli("global rib add -a ipv4 10.3.0.0/24 nexthop 10.3.3.3");
        await _lab.UpAsync(2, 3);
        await Eventually.True(() => _lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast) == 2 && _lab.Status(3).RoutesOf(AddressFamily.Ipv4Unicast) == 1, () => $"routes: {_lab}");
        foreach (var (host, families) in new[] { (2, (AddressFamily?)AddressFamily.Ipv4Unicast), (3, null) })
        {
            var received = _lab.Status(host).UpdatesReceived;
            Assert.Equal(RefreshOutcome.Asked, _lab.Speaker.RequestRefresh(IpAddr.Parse(_lab.Host(host)), families).Outcome);
            await Eventually.True(() => _lab.Status(host).UpdatesReceived > received, () => $"{_lab.Host(host)} sends again: {_lab}");
        }

        Assert.Equal((2, 1), (_lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast), _lab.Status(3).RoutesOf(AddressFamily.Ipv4Unicast)));
        Assert.All(_lab.Speaker.Peers, static p => Assert.Equal((1L, 0L), (p.EstablishedCount, p.MalformedUpdates)));
    }

    [Fact]
    public async Task What_an_enhanced_refresh_does_not_repeat_is_gone_when_it_ends()
    {
        _lab.Speaker.SetPeers([_lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient)]);
        using var source = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_all);
        source.Send(Mac("02:00:00:00:00:01"));
        source.Send(Mac("02:00:00:00:00:02"));
        source.Send(Ipv4("10.4.0.0"));
        await Eventually.True(() => _lab.Status(4).EvpnRoutes == 2 && _lab.Status(4).RoutesOf(AddressFamily.Ipv4Unicast) == 1, "routes");
        source.Send(Refresh(RouteRefreshSubtype.Begin));
        source.Send(Mac("02:00:00:00:00:02"));
        source.Send(Refresh(RouteRefreshSubtype.End));
        await Eventually.True(() => _lab.Status(4).EvpnRoutes == 1, "the route that was not repeated is gone");
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:02"), Assert.Single(_lab.Speaker.Query().Routes).Mac);
        Assert.Equal(1, _lab.Status(4).RoutesOf(AddressFamily.Ipv4Unicast));
    }

    [Fact]
    public async Task Ipv4_routes_with_ipv6_next_hops_go_only_to_peers_that_understand_them()
    {
        _lab.Speaker.SetPeers([.. Enumerable.Range(4, 3).Select(n => _lab.Peer(n, SpeakerLab.Asn, PeerRole.ReflectorClient))]);
        var ipv4 = s_all with { Families = [AddressFamily.Ipv4Unicast] };
        using var source = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, ipv4);
        using var modern = await InjectorPeer.ConnectAsync(_lab.Host(5), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, ipv4);
        using var old = await InjectorPeer.ConnectAsync(_lab.Host(6), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, ipv4, extendedNextHops: false);
        await _lab.UpAsync(4, 5, 6);
        source.Send(OverIpv6(1));
        source.Send(Ipv4("10.4.0.0"));
        await Eventually.True(() => old.Updates.Any(static u => u.Ipv4Announced.Length > 0) && modern.Updates.Any(static u => u.Ipv4Announced.Length > 0), () => $"routes: {_lab}");
        Assert.Contains(modern.Updates, static u => u.OtherAnnounced is { NextHop.Length: 16 });
        Assert.DoesNotContain(old.Updates, static u => u.OtherAnnounced is not null);

        // A route it had and can have no more is withdrawn.
        source.Send(OverIpv6(0));
        await Eventually.True(() => old.Updates.Any(static u => u.Ipv4Withdrawn.ToString() == "180a0400"), () => $"withdrawn: {_lab}");
        await Eventually.True(() => modern.Updates.Count(static u => u.OtherAnnounced is { NextHop.Length: 16 }) == 2, () => $"changed: {_lab}");
        Assert.DoesNotContain(old.Updates, static u => u.OtherAnnounced is not null);

        static UpdateMessage OverIpv6(byte net) => new()
        {
            OtherAnnounced = new OpaqueRoutes(AddressFamily.Ipv4Unicast, new Octets(IpAddr.Parse("2001:db8::4").ToIPAddress().GetAddressBytes()), new Octets([24, 10, 4, net])),
            Attributes = new PathAttributes { LocalPref = 100 },
        };
    }

    [Fact]
    public async Task Malformed_and_exotic_messages_of_one_peer_hurt_nobody_else()
    {
        Require.Frr();
        Require.GoBgp();
        Require.ExaBgp();
        _lab.Speaker.SetPeers(
        [
            _lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient), _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false },
            .. Enumerable.Range(4, 3).Select(n => _lab.Peer(n, SpeakerLab.Asn, PeerRole.ReflectorClient)),
        ]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with { Families = ["ipv4", "evpn"] }).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Families = ["ipv4", "evpn"], Listens = true }).StartAsync());

        // An attribute nobody knows, transitive; communities of all kinds.
        _lab.Keep(await new ExaBgp(_lab.Setup(6, SpeakerLab.Asn) with
        {
            Families = ["ipv4"],
            Lines = "route 10.6.0.0/24 next-hop 10.6.6.6 attribute [ 0xdc 0xc0 0x0102030405 ] community [ 65000:1 no-export ] large-community [ 65000:1:2 ] extended-community [ target:65000:7 ] med 7 as-path [ 65001 65002 ];",
        }).StartAsync());
        using var hostile = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_all);
        using var witness = await InjectorPeer.ConnectAsync(_lab.Host(5), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_all);
        await _lab.UpAsync(2, 3, 4, 5, 6);
        hostile.Send(Mac("02:00:00:00:00:01"));
        hostile.Send(Ipv4("10.4.0.0"));
        await Eventually.True(() => witness.Updates.Count(static u => u.Attributes is not null) == 3, () => $"routes: {_lab}");
        var exotic = Assert.Single(witness.Updates, static u => u.Attributes?.Communities.Length > 0).Attributes!;
        var unknown = Assert.Single(exotic.Unknown);
        Assert.Equal((0xdc, "0102030405"), (unknown.Code, unknown.Value.ToString()));
        Assert.Equal("65001 65002", exotic.AsPath.ToString());
        await Eventually.True(() => goBgp.UnicastRoutes("ipv4").Count == 2 && frr.Vtysh("show bgp ipv4 unicast json").Contains("10.6.0.0/24", StringComparison.Ordinal), "exotic routes at GoBGP and FRR");

        // Treat as withdraw: ORIGIN of two octets. Discard: an AGGREGATOR of a wrong length. EVPN: type 5 cut short, an unknown type 200.
        hostile.SendUpdate(Samples.UpdateBody("", "4001020000 400200 4003040a040404 40050400000064", "180a0400"));
        await Eventually.True(() => witness.Updates.Any(static u => u.Ipv4Withdrawn.Length > 0), "treated as withdrawn");
        hostile.SendUpdate(Samples.UpdateBody("", "40010100 400200 4003040a040404 c00703000102 40050400000064", "180a0401"));
        await Eventually.True(() => frr.Vtysh("show bgp ipv4 unicast json").Contains("10.4.1.0/24", StringComparison.Ordinal), "without the broken attribute");
        hostile.SendUpdate(Samples.UpdateBody("", "40010100 400200 40050400000064 c010080002fde8000004d2 800e10 0019 46 04 0a040404 00 c805 0102030405"));
        await Eventually.True(() => witness.Updates.Any(static u => u.EvpnAnnounced.Opaque.Count == 1), () => $"a type nobody knows is passed on: {_lab}");
        Assert.Equal(1, _lab.Status(4).EstablishedCount);

        // And what costs the session costs only this one.
        hostile.Send([.. Enumerable.Repeat((byte)0xff, 16), 0, 18, 2]);
        await Eventually.True(() => hostile is { Ended: true, Notification: not null }, "the end");
        Assert.Equal((BgpError.Header, BgpError.BadLength), (hostile.Notification!.Code, hostile.Notification.Subcode));
        await Eventually.True(() => !frr.Vtysh("show bgp ipv4 unicast json").Contains("10.4.1.0/24", StringComparison.Ordinal), "its routes are gone");
        Assert.All([2, 3, 5, 6], n => Assert.Equal((PeerPhase.Established, 1L), (_lab.Status(n).Phase, _lab.Status(n).EstablishedCount)));
    }

    private static UpdateMessage Mac(string mac) => Samples.Announce(new PathAttributes(Samples.Attributes()) { LocalPref = 100 }, Samples.MacIp(mac));

    private static UpdateMessage Ipv4(string net)
    {
        var nextHop = IpAddr.Parse("10.4.4.4");
        return new UpdateMessage
        {
            Ipv4Announced = new Octets([24, .. IpAddr.Parse(net).ToIPAddress().GetAddressBytes()[..3]]),
            Ipv4NextHop = nextHop,
            Attributes = new PathAttributes { LocalPref = 100, NextHop = nextHop },
        };
    }

    private static byte[] Refresh(RouteRefreshSubtype subtype) => [.. Enumerable.Repeat((byte)0xff, 16), 0, 23, 5, 0, 25, (byte)subtype, 70];

    private static long Md5Failures()
    {
        var lines = File.ReadLines("/proc/net/netstat").Where(static l => l.StartsWith("TcpExt:", StringComparison.Ordinal)).Select(static l => l.Split(' ')).ToArray();
        return long.Parse(lines[1][Array.IndexOf(lines[0], "TCPMD5Failure")], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static long UpdatesAt(Frr frr) => Neighbor(frr).GetProperty("messageStats").GetProperty("updatesRecv").GetInt64();

    private static JsonElement Neighbor(Frr frr) => JsonElement.Parse(frr.Vtysh("show bgp neighbors json")).EnumerateObject().First(static p => p.Value.ValueKind == JsonValueKind.Object).Value;
}
