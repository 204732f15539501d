using System.Text.Json;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Graceful restart (RFC 4724) with peers that die without a word, and with one that helps us.</summary>
[Trait("Category", "lab")]
public sealed class GracefulRestartInteropTests : IAsyncDisposable
{
    private const string Mac = "macadv 02:00:00:00:00:02 0.0.0.0 etag 0 label 10100 rd 65000:100 rt 65000:10100 encap vxlan nexthop 10.250.9.9";
    private const string OtherMac = "macadv 02:00:00:00:00:03 0.0.0.0 etag 0 label 10100 rd 65000:100 rt 65000:10100 encap vxlan nexthop 10.250.9.9";

    private readonly SpeakerLab _lab = new();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Routes_of_a_killed_gobgp_stay_until_it_is_back_and_what_it_does_not_repeat_goes()
    {
        var (goBgp, witness) = await RaiseAsync(restartTime: 30);
        await goBgp.KillAsync();
        await Eventually.True(() => _lab.Status(3).Phase != PeerPhase.Established, "session lost");
        Assert.Equal((2, 2, 2), Held());
        Assert.DoesNotContain(witness.Updates, IsWithdrawal);

        await goBgp.StartAsync(restarting: true);
        Originate(goBgp, "10.3.0.0/24", "2001:db8:3::/48", Mac);
        await _lab.UpAsync(3);
        await Eventually.True(() => Held() == (1, 1, 1), () => $"what it has not sent again is gone: {Held()}; {_lab}");
        await Eventually.True(() => witness.Updates.Count(IsWithdrawal) == 3, "the other client is told so");
        Assert.Equal(2, _lab.Status(3).EstablishedCount);
        Assert.Equal(1, _lab.Status(4).EstablishedCount);
    }

    [Fact]
    public async Task Routes_of_a_killed_gobgp_that_stays_away_go_when_its_restart_time_is_over()
    {
        var (goBgp, witness) = await RaiseAsync(restartTime: 2);
        await goBgp.KillAsync();
        await Eventually.True(() => _lab.Status(3).Phase != PeerPhase.Established, "session lost");
        var lost = TimeProvider.System.GetTimestamp();
        Assert.Equal((2, 2, 2), Held());
        await Eventually.True(() => Held() == (0, 0, 0), () => $"purged: {Held()}; {_lab}");
        Assert.InRange(TimeProvider.System.GetElapsedTime(lost), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(6));
        await Eventually.True(() => witness.Updates.Sum(static u => u.EvpnWithdrawn.MacIp.Count) == 2, "the other client is told so");
    }

    [Fact]
    public async Task Ipv4_routes_of_a_killed_frr_stay_until_it_is_back()
    {
        Require.Frr();
        var peer = _lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Families = [AddressFamily.Ipv4Unicast], GracefulRestart = TimeSpan.FromSeconds(30) };
        _lab.Speaker.SetPeers([peer, Witness()]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with
        {
            Families = ["ipv4"],
            RestartTime = 30,
            Networks = [("10.2.0.0/24", "10.2.2.2"), ("10.2.1.0/24", "10.2.2.2")],
        }).StartAsync());
        using var witness = await WitnessAsync();
        await _lab.UpAsync(2, 4);
        await Eventually.True(() => _lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast) == 2, () => $"routes; {_lab}");
        await frr.KillAsync();
        await Eventually.True(() => _lab.Status(2).Phase != PeerPhase.Established, "session lost");
        Assert.Equal(2, _lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast));
        Assert.DoesNotContain(witness.Updates, IsWithdrawal);

        // FRR 8.4.4 says End-of-RIB first and its routes afterwards: they may be gone for a moment, but no longer.
        await frr.StartAsync();
        await _lab.UpAsync(2);
        await Eventually.True(() => _lab.Events.Count(e => e.Kind == BgpEventKind.EndOfRib && e.Peer == peer.Address) == 2, () => $"end of RIB once more; {_lab}");
        await Eventually.True(() => _lab.Status(2).RoutesOf(AddressFamily.Ipv4Unicast) == 2, () => $"routes again; {_lab}");
    }

    [Fact]
    public async Task Frr_as_our_helper_keeps_ipv4_routes_and_drops_evpn_routes_at_once()
    {
        Require.Frr();
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, SpeakerLab.Asn) with
        {
            Families = ["ipv4", "evpn"],
            Listens = true,
        }).StartAsync());
        var dies = new MortalConnector();
        await using var speaker = new BgpSpeaker(new BgpSpeakerOptions
        {
            LocalAsn = new Asn(SpeakerLab.Asn),
            RouterId = IpAddr.Parse(SpeakerLab.RouterId),
            Connector = dies,
            Listen = [new(System.Net.IPAddress.Parse(_lab.Host(8)), Frr.Port)],
        });
        speaker.SetPeers(
        [
            _lab.Peer(2, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false, GracefulRestart = TimeSpan.FromSeconds(60) },
            _lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient) with { LocalAddress = null },
        ]);
        using var source = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Host(8)), Frr.Port, s_all);
        source.Send(new UpdateMessage { Ipv4Announced = new Octets([24, 10, 4, 0]), Ipv4NextHop = IpAddr.Parse("10.4.4.4"), Attributes = new PathAttributes { LocalPref = 100, NextHop = IpAddr.Parse("10.4.4.4") } });
        source.Send(Samples.Announce(new PathAttributes(Samples.Attributes()) { LocalPref = 100 }, Samples.MacIp("02:00:00:00:00:09")));
        await Eventually.True(() => Ipv4().GetProperty("routes").EnumerateObject().Any() && Evpn(), () => $"routes at FRR; {string.Join(" | ", speaker.Peers)} {frr.Vtysh("show bgp ipv4 unicast json")}{frr.Vtysh("show bgp l2vpn evpn json")}");

        dies.Kill();
        await Eventually.True(() => !Evpn(), "EVPN routes dropped");
        var stale = Assert.Single(Ipv4().GetProperty("routes").EnumerateObject());
        Assert.Equal("10.4.0.0/24", stale.Name);
        Assert.True(stale.Value[0].GetProperty("stale").GetBoolean());

        JsonElement Ipv4() => JsonElement.Parse(frr.Vtysh("show bgp ipv4 unicast json"));
        bool Evpn() => frr.Vtysh("show bgp l2vpn evpn json").Contains("02:00:00:00:00:09", StringComparison.Ordinal);
    }

    private static readonly SessionContext s_all = new(FourOctetAs: true, IsInternal: true, [AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.L2VpnEvpn]);

    private static bool IsWithdrawal(UpdateMessage update) => update.EvpnWithdrawn.Count > 0 || update.Ipv4Withdrawn.Length > 0 || update.OtherWithdrawn is { Routes.Length: > 0 };

    private static void Originate(GoBgp goBgp, params string[] routes)
    {
        foreach (var route in routes)
        {
            goBgp.Cli(route.StartsWith("mac", StringComparison.Ordinal) ? $"global rib add -a evpn {route}"
                : route.Contains(':', StringComparison.Ordinal) ? $"global rib add -a ipv6 {route} nexthop 2001:db8:ffff::3" : $"global rib add -a ipv4 {route} nexthop 10.3.3.3");
        }
    }

    private SpeakerPeerConfig Witness() => _lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient);

    private Task<InjectorPeer> WitnessAsync() => InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_all);

    /// <summary>GoBGP with two routes of each family, and a client that watches what becomes of them.</summary>
    private async Task<(GoBgp GoBgp, InjectorPeer Witness)> RaiseAsync(int restartTime)
    {
        Require.GoBgp();
        _lab.Speaker.SetPeers([_lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Passive = false }, Witness()]);
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Listens = true, RestartTime = restartTime, Families = ["evpn", "ipv4", "ipv6"] }).StartAsync());
        Originate(goBgp, "10.3.0.0/24", "10.3.1.0/24", "2001:db8:3::/48", "2001:db8:31::/48", Mac, OtherMac);
        var witness = await WitnessAsync();
        await _lab.UpAsync(3, 4);
        await Eventually.True(() => Held() == (2, 2, 2), () => $"routes; {_lab}");
        await Eventually.True(() => witness.Updates.Sum(static u => u.EvpnAnnounced.MacIp.Count) == 2, "routes at the other client");
        return (goBgp, witness);
    }

    private (int Ipv4, int Ipv6, int Evpn) Held() =>
        (_lab.Status(3).RoutesOf(AddressFamily.Ipv4Unicast), _lab.Status(3).RoutesOf(AddressFamily.Ipv6Unicast), _lab.Status(3).EvpnRoutes);

    /// <summary>Connects once; its connection can be cut as by a dying process.</summary>
    private sealed class MortalConnector : IBgpConnector
    {
        private readonly TcpBgpConnector _real = new();
        private IBgpConnection? _connection;

        public async Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken)
        {
            if (_connection is not null)
            {
                throw new IOException("dead");
            }

            return _connection = await _real.ConnectAsync(peer, cancellationToken);
        }

        public void Kill() => _connection!.Dispose();
    }
}
