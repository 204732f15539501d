using System.Text.Json;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>EVPN routes of all five types between GoBGP and FRR, which know each other only through the speaker.</summary>
[Trait("Category", "lab")]
public sealed class EvpnReflectionTests : IAsyncDisposable
{
    private const uint SourceAsn = 65104;

    private static readonly string[] s_routes =
    [
        "a-d esi LACP 00:11:22:33:44:55 10 etag 4294967295 label 0 rd 10.250.9.9:1 rt 65000:10100 esi-label 0 encap vxlan",
        "a-d esi LACP 00:11:22:33:44:55 10 etag 0 label 10100 rd 10.250.9.9:100 rt 65000:10100 encap vxlan",
        "macadv 02:00:00:00:00:02 0.0.0.0 etag 0 label 10100 rd 65000:100 rt 65000:10100 encap vxlan",
        "macadv 02:00:00:00:00:03 10.1.0.103 etag 0 label 10100,5000 rd 10.250.9.9:100 rt 65000:10100 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
        "macadv 02:00:00:00:00:04 2001:db8::4 esi LACP 00:11:22:33:44:55 10 etag 0 label 10100 rd 10.250.9.9:100 rt 65000:10100 encap vxlan",
        "multicast 10.250.9.9 etag 0 rd 10.250.9.9:100 rt 65000:10100 encap vxlan pmsi ingress-repl 10100 10.250.9.9",
        "esi 10.250.9.9 esi LACP 00:11:22:33:44:55 10 rd 10.250.9.9:1 rt 65000:1 encap vxlan",
        "prefix 10.77.0.0/16 etag 0 label 5000 rd 10.250.9.9:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
        "prefix 2001:db8:77::/48 etag 0 label 5000 rd 10.250.9.9:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
    ];

    private readonly SpeakerLab _lab = new();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task A_reflector_changes_nothing_but_originator_and_cluster_list()
    {
        var (frr, goBgp) = await ExchangeAsync(SpeakerLab.Asn, SpeakerLab.Asn, PeerRole.ReflectorClient);
        Assert.All(goBgp, static r => Assert.Equal(("10.0.0.3", SpeakerLab.ClusterId, ""), (r.Originator, r.Clusters, r.Path)));
        Assert.All(frr, static r => Assert.Equal(("10.0.0.2", SpeakerLab.ClusterId, $"{SourceAsn}"), (r.Originator, r.Clusters, r.Path)));
    }

    [Fact]
    public async Task A_route_server_leaves_the_as_path_as_it_is()
    {
        var (frr, goBgp) = await ExchangeAsync(65102, 65103, PeerRole.RouteServerClient);
        Assert.All(goBgp, static r => Assert.Equal(("", "", "65103"), (r.Originator, r.Clusters, r.Path)));
        Assert.All(frr, static r => Assert.Equal(("", "", $"65102 {SourceAsn}"), (r.Originator, r.Clusters, r.Path)));
    }

    /// <summary>Routes of GoBGP as FRR has them, and routes of FRR as GoBGP has them, both compared with what their owner says.</summary>
    private async Task<(List<EvpnSeen> OfFrr, List<EvpnSeen> OfGoBgp)> ExchangeAsync(uint frrAsn, uint goBgpAsn, PeerRole role)
    {
        Require.Frr();
        Require.GoBgp();
        _lab.Speaker.SetPeers([_lab.Peer(2, frrAsn, role), _lab.Peer(3, goBgpAsn, role) with { Passive = false }]);
        var source = $" neighbor {_lab.Host(4)} remote-as {SourceAsn}\n neighbor {_lab.Host(4)} passive\n neighbor {_lab.Host(4)} ebgp-multihop 255\n"
            + $" address-family l2vpn evpn\n  neighbor {_lab.Host(4)} activate\n exit-address-family\n";
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, frrAsn) with { Lines = source }).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, goBgpAsn) with { Listens = true }).StartAsync());
        using var injector = await InjectorPeer.ConnectAsync(_lab.Host(4), SourceAsn, IpAddr.Parse(_lab.Host(2)), Frr.Port);
        injector.Send(OfEveryType());
        injector.Send(Mobile());
        foreach (var route in s_routes)
        {
            goBgp.Cli($"global rib add -a evpn {route} nexthop 10.250.9.9");
        }

        await _lab.UpAsync(2, 3);
        List<EvpnSeen> atFrr = [], atGoBgp = [];
        await Eventually.True(
            () =>
            {
                atFrr = EvpnText.OfFrr(JsonElement.Parse(frr.Vtysh("show bgp l2vpn evpn route detail json")));
                atGoBgp = EvpnText.OfGoBgp(goBgp.Rib("evpn"));
                return Routes(atFrr).SetEquals(Routes(atGoBgp)) && atFrr.Count == s_routes.Length + 7;
            },
            () => $"the same routes at both: only FRR: {string.Join(" | ", Routes(atFrr).Except(Routes(atGoBgp)))}; only GoBGP: {string.Join(" | ", Routes(atGoBgp).Except(Routes(atFrr)))}; {_lab}");
        Assert.All(_lab.Speaker.Peers, static p => Assert.Equal(0, p.MalformedUpdates));

        // What one withdraws, the other loses.
        var before = (atFrr, atGoBgp);
        goBgp.Cli($"global rib del -a evpn {s_routes[3]} nexthop 10.250.9.9");
        injector.Send(new UpdateMessage { EvpnWithdrawn = OfEveryType().EvpnAnnounced });
        await Eventually.True(
            () =>
            {
                atFrr = EvpnText.OfFrr(JsonElement.Parse(frr.Vtysh("show bgp l2vpn evpn route detail json")));
                atGoBgp = EvpnText.OfGoBgp(goBgp.Rib("evpn"));
                return Routes(atFrr).SetEquals(Routes(atGoBgp)) && atFrr.Count == s_routes.Length;
            },
            () => $"withdrawn: only FRR: {string.Join(" | ", Routes(atFrr).Except(Routes(atGoBgp)))}; only GoBGP: {string.Join(" | ", Routes(atGoBgp).Except(Routes(atFrr)))}");
        var own = (string route) => route.Contains("via 10.250.9.9", StringComparison.Ordinal);
        return ([.. before.atGoBgp.Where(r => !own(r.Route))], [.. before.atFrr.Where(r => own(r.Route))]);
    }

    private static HashSet<string> Routes(IEnumerable<EvpnSeen> seen) => [.. seen.Select(static r => r.Route)];

    private static UpdateMessage OfEveryType()
    {
        var rd = RouteDistinguisher.Parse("10.250.1.1:100");
        var segment = EthernetSegmentId.Parse("01:00:aa:bb:cc:dd:ee:00:07:00");
        var routes = new EvpnRouteSet();
        routes.AutoDiscovery.Add(new(new(rd, segment, 0), new EvpnLabel(10100)));
        routes.MacIp.Add(new(new(rd, 0, MacAddress.Parse("02:00:00:00:01:01"), null), segment, new EvpnLabel(10100), null));
        routes.MacIp.Add(new(new(rd, 0, MacAddress.Parse("02:00:00:00:01:02"), IpAddr.Parse("10.1.0.12")), default, new EvpnLabel(10100), new EvpnLabel(5000)));
        routes.Multicast.Add(new(new(rd, 0, IpAddr.Parse("10.250.1.1"))));
        routes.Segment.Add(new(new(rd, segment, IpAddr.Parse("10.250.1.1"))));
        routes.Prefix.Add(new(new(rd, 0, IpPrefix.Parse("10.78.0.0/16")), default, default, new EvpnLabel(5000)));
        return new UpdateMessage { EvpnAnnounced = routes, Attributes = Attributes() };
    }

    private static UpdateMessage Mobile()
    {
        var routes = new EvpnRouteSet();
        routes.MacIp.Add(new(new(RouteDistinguisher.Parse("10.250.1.1:100"), 0, MacAddress.Parse("02:00:00:00:01:03"), null), default, new EvpnLabel(10100), null));
        return new UpdateMessage { EvpnAnnounced = routes, Attributes = Attributes(ExtendedCommunity.OfMacMobility(sticky: false, 41)) };
    }

    private static PathAttributes Attributes(params ReadOnlySpan<ExtendedCommunity> more) => new()
    {
        AsPath = AsPath.Sequence(SourceAsn),
        NextHop = IpAddr.Parse("10.250.1.1"),
        ExtendedCommunities =
        [
            ExtendedCommunity.Of(RouteTarget.Type0(65000, 5000)),
            ExtendedCommunity.Of(RouteTarget.Type0(65000, 10100)),
            ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel),
            ExtendedCommunity.OfRouterMac(MacAddress.Parse("02:aa:00:00:00:01")),
            .. more,
        ],
        PmsiTunnel = new PmsiTunnel(0, PmsiTunnel.IngressReplication, new EvpnLabel(10100), new Octets([10, 250, 1, 1])),
    };
}
