using System.Collections.Concurrent;
using System.Text.Json;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>GTSM, shutdown communication, add-path and collisions with other implementations.</summary>
[Trait("Category", "lab")]
public sealed class SessionRulesInteropTests : IAsyncDisposable
{
    private readonly SpeakerLab _lab = new();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task With_ttl_security_a_session_comes_up_only_when_both_send_with_the_highest_ttl()
    {
        Require.Frr();
        var good = _lab.Peer(2, 65102, PeerRole.Ordinary) with { MinTtl = 254, Ttl = 255 };
        _lab.Speaker.SetPeers([good with { Ttl = 64 }]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, 65102) with { Families = ["ipv4"] }).StartAsync());
        frr.Vtysh("configure terminal", "router bgp 65102", $"no neighbor {_lab.Address} ebgp-multihop", $"neighbor {_lab.Address} ttl-security hops 2");
        await Eventually.True(() => frr.Vtysh("show bgp neighbors").Contains("Minimum incoming TTL is 254", StringComparison.Ordinal) || frr.Vtysh("show bgp neighbors json").Contains("MinTtl", StringComparison.OrdinalIgnoreCase) || frr.Vtysh("show running-config").Contains("ttl-security hops 2", StringComparison.Ordinal), "FRR wants it");
        var dropped = MinTtlDrops();
        await Eventually.True(() => MinTtlDrops() > dropped, () => $"packets with a low TTL are dropped; {_lab}", seconds: 30);
        Assert.DoesNotContain(_lab.Events, static e => e.Kind == BgpEventKind.SessionUp);
        _lab.Speaker.SetPeers([good]);
        await _lab.UpAsync(2);
    }

    [Fact]
    public async Task The_reason_of_a_shutdown_is_told_to_frr_and_gobgp_and_heard_from_them()
    {
        Require.Frr();
        Require.GoBgp();
        _lab.Speaker.SetPeers([_lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient), _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false }]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn)).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Listens = true }).StartAsync());
        await _lab.UpAsync(2, 3);
        foreach (var host in (int[])[2, 3])
        {
            Assert.True(_lab.Speaker.ResetPeer(IpAddr.Parse(_lab.Host(host)), "maintenance für R1"));
        }

        // FRR 8.4.4 shows what a Hard Reset (RFC 8538) is for, but not the text inside.
        await Eventually.True(() => frr.Vtysh("show bgp neighbors").Contains("Cease/Administrative Reset", StringComparison.Ordinal), () => $"FRR knows why: {frr.Vtysh("show bgp neighbors")}");
        await Eventually.True(() => goBgp.Log.Contains("maintenance f", StringComparison.Ordinal), () => $"GoBGP has the text: {goBgp.Log}");
        await _lab.UpAsync(2, 3);

        frr.Vtysh("configure terminal", $"router bgp {SpeakerLab.Asn}", $"neighbor {_lab.Address} shutdown message gone for lunch");
        await Eventually.True(() => _lab.Status(2).LastError?.Contains("gone for lunch", StringComparison.Ordinal) == true, () => $"from FRR: {_lab}");
        goBgp.Cli($"neighbor {_lab.Address} shutdown --reason gone-too");
        await Eventually.True(() => _lab.Events.Any(e => e.Peer == IpAddr.Parse(_lab.Host(3)) && e.Text.Contains("gone-too", StringComparison.Ordinal)), () => $"from GoBGP: {_lab}");
    }

    [Fact]
    public async Task Frr_and_gobgp_that_take_several_paths_are_told_all_of_them_and_one_that_does_not_the_best()
    {
        Require.Frr();
        Require.GoBgp();
        _lab.Speaker.SetPeers(
        [
            _lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient) with { AddPath = [AddressFamily.Ipv4Unicast] },
            _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false },
            _lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient),
            _lab.Peer(5, SpeakerLab.Asn, PeerRole.ReflectorClient) with { AddPath = [AddressFamily.Ipv4Unicast] },
            _lab.Peer(6, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false, AddPath = [AddressFamily.Ipv4Unicast] },
        ]);
        var taker = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with { Families = ["ipv4"] }).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Families = ["ipv4"], Listens = true }).StartAsync());
        _lab.Keep(await new Frr(_lab.Setup(4, SpeakerLab.Asn) with { Families = ["ipv4"], Networks = [("10.9.0.0/24", "10.4.4.4")] }).StartAsync());

        // Two that send path identifiers, too.
        var both = _lab.Keep(await new GoBgp(_lab.Setup(6, SpeakerLab.Asn) with { Families = ["ipv4"], Listens = true, AddPath = true }).StartAsync());
        var sender = _lab.Keep(await new Frr(_lab.Setup(5, SpeakerLab.Asn) with { Families = ["ipv4"], Networks = [("10.9.0.0/24", "10.5.5.5")] }).StartAsync());
        sender.Vtysh("configure terminal", $"router bgp {SpeakerLab.Asn}", "address-family ipv4 unicast", $"neighbor {_lab.Address} addpath-tx-all-paths");
        goBgp.Cli("global rib add -a ipv4 10.9.0.0/24 nexthop 10.3.3.3");
        both.Cli("global rib add -a ipv4 10.9.0.0/24 nexthop 10.6.6.6");
        await _lab.UpAsync(2, 3, 4, 5, 6);
        string[] all = ["10.3.3.3", "10.4.4.4", "10.5.5.5", "10.6.6.6"];
        await Eventually.True(() => NextHops(taker).SetEquals(all), () => $"all paths: {string.Join(' ', NextHops(taker))}; {_lab}");

        await Eventually.True(() => both.UnicastRoutes("ipv4").Count == 4, () => $"all paths: {string.Join(" | ", both.UnicastRoutes("ipv4"))}; {_lab}");

        // The best alone, besides its own.
        string[] plain = [UnicastText.Of("10.9.0.0/24", "10.3.3.3", ""), UnicastText.Of("10.9.0.0/24", "10.4.4.4", "")];
        await Eventually.True(() => goBgp.UnicastRoutes("ipv4").SetEquals(plain), () => $"one path: {string.Join(" | ", goBgp.UnicastRoutes("ipv4"))}; {_lab}");
        goBgp.Cli("global rib del -a ipv4 10.9.0.0/24");
        await Eventually.True(() => NextHops(taker).SetEquals(all[1..]), () => $"without one: {string.Join(' ', NextHops(taker))}; {_lab}");
        Assert.Contains("addpath", taker.Vtysh("show bgp neighbors json"), StringComparison.OrdinalIgnoreCase);
        Assert.All(_lab.Speaker.Peers, static p => Assert.Equal((1L, 0L), (p.EstablishedCount, p.MalformedUpdates)));

        static HashSet<string> NextHops(Frr frr) =>
            JsonElement.Parse(frr.Vtysh("show bgp ipv4 unicast 10.9.0.0/24 json")).TryGetProperty("paths", out var paths)
                ? [.. paths.EnumerateArray().Select(static p => p.GetProperty("nexthops")[0].GetProperty("ip").GetString()!)]
                : [];
    }

    [Fact]
    public async Task Two_speakers_that_connect_to_each_other_at_once_end_with_one_session_every_time()
    {
        const int Rounds = 20;
        var events = new ConcurrentQueue<BgpEvent>();
        await using var other = new BgpSpeaker(new BgpSpeakerOptions
        {
            LocalAsn = new Asn(SpeakerLab.Asn),
            RouterId = IpAddr.Parse("10.0.0.2"),
            Listen = [new System.Net.IPEndPoint(System.Net.IPAddress.Parse(_lab.Host(2)), Frr.Port)],
            OnEvent = events.Enqueue,
        });
        var here = _lab.Peer(2, SpeakerLab.Asn, PeerRole.Ordinary) with { Passive = false, ConnectRetry = TimeSpan.FromMilliseconds(200) };
        var there = here with { Address = IpAddr.Parse(_lab.Address), LocalAddress = IpAddr.Parse(_lab.Host(2)) };
        for (var round = 0; round < Rounds; round++)
        {
            _lab.Speaker.SetPeers([here]);
            other.SetPeers([there]);
            await Eventually.True(
                () => _lab.Speaker.Peers is [{ Phase: PeerPhase.Established, MessagesReceived: > 2 }] && other.Peers is [{ Phase: PeerPhase.Established, MessagesReceived: > 2 }],
                () => $"round {round}: {_lab}; there: {string.Join('\n', events.TakeLast(20).Select(static e => e.Text))}");
            Assert.Equal((1, 1), (_lab.Speaker.Peers[0].EstablishedCount, other.Peers[0].EstablishedCount));
            _lab.Speaker.SetPeers([]);
            other.SetPeers([]);
        }
    }

    private static long MinTtlDrops()
    {
        var lines = File.ReadLines("/proc/net/netstat").Where(static l => l.StartsWith("TcpExt:", StringComparison.Ordinal)).Select(static l => l.Split(' ')).ToArray();
        return long.Parse(lines[1][Array.IndexOf(lines[0], "TCPMinTTLDrop")], System.Globalization.CultureInfo.InvariantCulture);
    }
}
