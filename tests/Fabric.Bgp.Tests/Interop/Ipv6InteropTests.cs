using System.Collections.Concurrent;
using System.Text.Json;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Sessions over IPv6, in namespaces: IPv6 VTEPs, IPv6 routes, and IPv4 routes with IPv6 next hops (RFC 8950).</summary>
[Trait("Category", "lab")]
public sealed class Ipv6InteropTests : IAsyncDisposable
{
    private const string Here = "2001:db8:f::1";

    private readonly ConcurrentQueue<BgpEvent> _events = [];
    private readonly List<IAsyncDisposable> _kept = [];
    private NamespacePair? _pair;

    public async ValueTask DisposeAsync()
    {
        foreach (var kept in Enumerable.Reverse(_kept))
        {
            await kept.DisposeAsync();
        }

        _pair?.Dispose();
    }

    [Fact]
    public async Task Evpn_with_ipv6_vteps_ipv6_routes_and_ipv4_routes_with_ipv6_next_hops_pass_between_gobgp_and_frr()
    {
        Require.Frr();
        Require.GoBgp();
        _pair = new NamespacePair();
        foreach (var (ns, address) in new[] { (_pair.A, Here), (_pair.B, "2001:db8:f::2"), (_pair.B, "2001:db8:f::3"), (_pair.B, "2001:db8:f::4") })
        {
            NamespacePair.Ip("-n", ns, "addr", "add", $"{address}/64", "dev", NamespacePair.Interface, "nodad");
        }

        var speaker = NamespacePair.In(_pair.A, () => SpeakerLab.New(_events, Here));
        _kept.Add(speaker);
        speaker.SetListenRanges([new ListenRange(IpPrefix.Parse("2001:db8:f::/64"), new SpeakerPeerConfig
        {
            Address = default, Role = PeerRole.ReflectorClient, Families = [AddressFamily.L2VpnEvpn, AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast],
        })]);
        var frr = await new Frr(Setup(2) with
        {
            Families = ["ipv4", "ipv6"],
            Networks = [("10.2.0.0/24", "10.2.2.2"), ("2001:db8:2::/48", "2001:db8:ffff::2")],
            Lines = $" neighbor {Here} capability extended-nexthop\n",
        }).StartAsync();
        _kept.Add(frr);
        var one = await new GoBgp(Setup(3) with { Families = ["evpn", "ipv4", "ipv6"] }).StartAsync();
        _kept.Add(one);
        var two = await new GoBgp(Setup(4) with { Families = ["evpn", "ipv4", "ipv6"], ApiPort = 50052 }).StartAsync();
        _kept.Add(two);
        foreach (var route in new[]
        {
            "macadv 02:00:00:00:00:03 10.1.0.103 etag 0 label 10100,5000 rd 65000:100 rt 65000:10100 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
            "multicast 2001:db8:ffff::3 etag 0 rd 65000:100 rt 65000:10100 encap vxlan pmsi ingress-repl 10100 2001:db8:ffff::3",
            "prefix 10.77.0.0/16 etag 0 label 5000 rd 65000:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
        })
        {
            one.Cli($"global rib add -a evpn {route} nexthop 2001:db8:ffff::3");
        }

        one.Cli("global rib add -a ipv6 2001:db8:3::/48 nexthop 2001:db8:ffff::3");
        one.Cli("global rib add -a ipv4 10.3.0.0/24 nexthop 2001:db8:ffff::3");
        await Eventually.True(() => speaker.Peers is { Count: 3 } peers && peers.All(static p => p.Phase == PeerPhase.Established), () => $"sessions; {Events}", seconds: 30);

        await Eventually.True(() => EvpnText.OfGoBgp(two.Rib("evpn")).Count == 3, () => $"EVPN routes; {Events}");
        Assert.Equal(
            EvpnText.OfGoBgp(one.Rib("evpn")).Select(static r => r.Route).Order(StringComparer.Ordinal),
            EvpnText.OfGoBgp(two.Rib("evpn")).Select(static r => r.Route).Order(StringComparer.Ordinal));
        Assert.All(EvpnText.OfGoBgp(two.Rib("evpn")), static r => Assert.Contains("via 2001:db8:ffff::3 ", r.Route, StringComparison.Ordinal));
        string[] ofOne = ["10.3.0.0/24 via 2001:db8:ffff::3 path", "2001:db8:3::/48 via 2001:db8:ffff::3 path"];
        await HasAsync("FRR", () => [.. UnicastText.OfFrr(Json(frr, "ipv4")), .. UnicastText.OfFrr(Json(frr, "ipv6"))], ofOne);
        await HasAsync("GoBGP", () => [.. two.UnicastRoutes("ipv4"), .. two.UnicastRoutes("ipv6")], [.. ofOne, "2001:db8:2::/48 via 2001:db8:ffff::2 path"]);
        Assert.All(speaker.Peers, static p => Assert.Equal((1L, 0L), (p.EstablishedCount, p.MalformedUpdates)));
    }

    private string Events => string.Join('\n', _events.TakeLast(20).Select(static e => $"{e.Peer} {e.Text}"));

    private DaemonSetup Setup(int host) => new($"2001:db8:f::{host}", SpeakerLab.Asn, $"10.0.0.{host}", Here) { Namespace = _pair!.B };

    private static JsonElement Json(Frr frr, string family) => JsonElement.Parse(frr.Vtysh($"show bgp {family} unicast json"));

    private async Task HasAsync(string who, Func<SortedSet<string>> routes, string[] wanted)
    {
        var seen = new SortedSet<string>();
        await Eventually.True(
            () =>
            {
                seen = routes();
                return wanted.All(seen.Contains);
            },
            () => $"{who} has {string.Join(" | ", wanted)}; seen: {string.Join(" | ", seen)}; {Events}");
    }
}
