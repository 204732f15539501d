using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>The VTEP role, connecting from its own address, with peers that need no data path: route target constraint, IPv6 VTEPs, upstream routers.</summary>
[Trait("Category", "lab")]
public sealed class VtepPeersInteropTests : IAsyncDisposable
{
    private static readonly MacAddress s_routerMac = MacAddress.Parse("02:00:00:00:0b:ff");
    private static readonly Vni s_routed = new(5000);

    private readonly string _net = Loopback.Net();
    private readonly List<IAsyncDisposable> _kept = [];
    private readonly List<BgpEvent> _events = [];
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
    public async Task Gobgp_sends_only_what_our_vnis_import_and_more_or_less_when_they_come_and_go()
    {
        Require.GoBgp();
        var goBgp = Keep(await new GoBgp(new DaemonSetup($"{_net}.3", SpeakerLab.Asn, "10.0.0.3", $"{_net}.1") { Listens = true, Families = ["evpn", "rtc"] }).StartAsync());
        for (var vni = 1; vni <= 3; vni++)
        {
            goBgp.Cli($"global rib add -a evpn macadv 02:00:00:00:00:0{vni} 0.0.0.0 etag 0 label {vni} rd 10.0.0.3:{vni} rt 65000:{vni} encap vxlan nexthop 10.250.0.3");
        }

        var (speaker, vtep) = Role("10.0.0.1", IpAddr.Parse("10.250.0.1"));
        await vtep.ApplyAsync(Bridge(1));
        speaker.SetPeers([Peer($"{_net}.3", $"{_net}.1") with { Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership] }]);
        await HasAsync(1);
        await vtep.ApplyAsync(Bridge(2), Bridge(3));
        await HasAsync(1, 2, 3);
        await vtep.ApplyAsync(new VtepEvent.L2VniRemoved(new Vni(1)), new VtepEvent.L2VniRemoved(new Vni(3)));
        await HasAsync(2);

        // The table of the speaker itself has no more: the others were not sent, or were taken back.
        async Task HasAsync(params uint[] vnis) => await Eventually.True(
            () => vtep.AskAsync(s => s.L2Vnis.Where(v => s.TryGetL2Vni(v, out var view) && view.Macs.Count == 1).Select(static v => v.Value).Order().SequenceEqual(vnis)).Result
                && Received(speaker) == vnis.Length,
            () => $"{string.Join(' ', vnis)}: {Received(speaker)} routes; {this}");

        static int Received(BgpSpeaker speaker) => speaker.Peers[0].EvpnRoutes;
    }

    [Fact]
    public async Task Ipv6_vteps_know_each_others_macs_flood_lists_hosts_and_prefixes()
    {
        Require.GoBgp();
        _pair = new NamespacePair();
        foreach (var (ns, address) in new[] { (_pair.A, "2001:db8:f::1"), (_pair.B, "2001:db8:f::2") })
        {
            NamespacePair.Ip("-n", ns, "addr", "add", $"{address}/64", "dev", NamespacePair.Interface, "nodad");
        }

        var goBgp = Keep(await new GoBgp(new DaemonSetup("2001:db8:f::2", SpeakerLab.Asn, "10.0.0.2", "2001:db8:f::1") { Namespace = _pair.B, Listens = true }).StartAsync());
        foreach (var route in new[]
        {
            "macadv 02:00:00:00:00:03 10.1.0.103 etag 0 label 1,5000 rd 65000:100 rt 65000:1 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
            "multicast 2001:db8:ffff::2 etag 0 rd 65000:100 rt 65000:1 encap vxlan pmsi ingress-repl 1 2001:db8:ffff::2",
            "prefix 10.77.0.0/16 etag 0 label 5000 rd 65000:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
            "prefix 2001:db8:77::/48 etag 0 label 5000 rd 65000:5000 rt 65000:5000 encap vxlan router-mac 00:00:5e:00:53:99",
        })
        {
            goBgp.Cli($"global rib add -a evpn {route} nexthop 2001:db8:ffff::2");
        }

        var (there, here) = (IpAddr.Parse("2001:db8:ffff::2"), IpAddr.Parse("2001:db8:ffff::1"));
        var (speaker, vtep) = Role("10.0.0.1", here, _pair.A);
        var (mac, ip) = (MacAddress.Parse("02:00:00:00:0b:01"), IpAddr.Parse("2001:db8:1::33"));
        RouteTarget[] routed = [RouteTarget.Parse("65000:5000")];
        await vtep.ApplyAsync(
            new VtepEvent.L3VniSet(new() { Vni = s_routed, Rd = RouteDistinguisher.Parse("10.0.0.1:5000"), Import = [.. routed], Export = [.. routed] }),
            Bridge(1, s_routed),
            new VtepEvent.MacLearnt(new Vni(1), mac),
            new VtepEvent.NeighborLearnt(new Vni(1), mac, ip),
            new VtepEvent.PrefixSet(s_routed, IpPrefix.Parse("::/0")));
        speaker.SetPeers([Peer("2001:db8:f::2", "2001:db8:f::1")]);
        var destination = new Destination(there, s_routed, MacAddress.Parse("00:00:5e:00:53:99"));
        await Eventually.True(
            () => vtep.AskAsync(s => s.TryGetL2Vni(new Vni(1), out var bridge) && bridge.Flood.ContainsKey(there)
                && bridge.Macs.GetValueOrDefault(MacAddress.Parse("02:00:00:00:00:03"))?.Vtep == there
                && bridge.Neighbors.GetValueOrDefault(IpAddr.Parse("10.1.0.103"))?.Vtep == there
                && s.Destinations(s_routed, IpAddr.Parse("10.1.0.103")) is [var host] && host == destination
                && s.Destinations(s_routed, IpPrefix.Parse("10.77.0.0/16")) is [var four] && four == destination
                && s.Destinations(s_routed, IpPrefix.Parse("2001:db8:77::/48")) is [var six] && six == destination).Result,
            () => ToString());

        var seen = new List<string>();
        await Eventually.True(
            () =>
            {
                seen = [.. EvpnText.OfGoBgp(goBgp.AdjRibIn("2001:db8:f::1", "evpn")).Select(static r => r.Route).Order(StringComparer.Ordinal)];
                return seen.Count == 4 && seen.All(r => r.Contains($"via {here} ", StringComparison.Ordinal))
                    && seen.Any(r => r.Contains(ip.ToString(), StringComparison.Ordinal) && r.Contains($"Rmac:{s_routerMac}", StringComparison.Ordinal));
            },
            () => $"{string.Join('\n', seen)}; {this}");
    }

    /// <summary>What a pair announces to the outside: the owner as it is, the partner as longer; nobody is transit; the default route comes in.</summary>
    [Fact]
    public async Task An_upstream_router_gets_public_addresses_of_owner_and_partner_and_gives_the_default_route()
    {
        Require.Frr();
        var (asn, upstream) = (new Asn(65010u), 65100u);
        var speaker = Keep(new BgpSpeaker(new BgpSpeakerOptions { LocalAsn = asn, RouterId = IpAddr.Parse("10.0.0.1"), OnEvent = Note }));
        await speaker.InjectAsync(
        [
            RouteInjection.Unicast(IpPrefix.Parse("192.0.2.1/32"), new PathAttributes { NextHop = IpAddr.Parse("10.250.0.1") }),
            RouteInjection.Unicast(IpPrefix.Parse("192.0.2.2/32"), new PathAttributes { NextHop = IpAddr.Parse("10.250.0.1"), AsPath = AsPathOf(asn, 3) }),
            RouteInjection.Unicast(IpPrefix.Parse("2001:db8::1/128"), new PathAttributes { NextHop = IpAddr.Parse("2001:db8:ffff::1") }),
            RouteInjection.Unicast(IpPrefix.Parse("2001:db8::2/128"), new PathAttributes { NextHop = IpAddr.Parse("2001:db8:ffff::1"), AsPath = AsPathOf(asn, 3) }),
        ]);
        string[] networks = ["0.0.0.0/0", "203.0.113.0/24", "::/0"];
        var frr = Keep(await new Frr(new DaemonSetup($"{_net}.2", upstream, "10.0.0.2", $"{_net}.1")
        {
            SpeakerAsn = asn.Value,
            Listens = true,
            Families = ["ipv4", "ipv6"],
            Networks = [.. networks.Select(static n => (n, n.Contains(':', StringComparison.Ordinal) ? "2001:db8:ffff::2" : "10.250.0.2"))],
        }).StartAsync());
        var defaults = new PrefixList("defaults", [new PrefixListEntry(IpPrefix.Parse("0.0.0.0/0")), new PrefixListEntry(IpPrefix.Parse("::/0"))]);
        speaker.SetPeers([Peer($"{_net}.2", $"{_net}.1") with
        {
            RemoteAsn = new Asn(upstream),
            Families = [AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast],
            Import = new StatementPolicy("defaults only", [new PolicyStatement("defaults", [new PrefixListMatch([defaults])], [], PolicyVerdict.Accept)]),
            Export = new StatementPolicy("own", [new PolicyStatement("next hops as given", [], [new SetNextHop(NextHopRule.AsInAttributes)], PolicyVerdict.Accept)]),
        }]);
        var seen = new SortedSet<string>();
        await Eventually.True(
            () =>
            {
                seen = [.. UnicastText.OfFrr(JsonElement.Parse(frr.Vtysh("show bgp ipv4 unicast json"))), .. UnicastText.OfFrr(JsonElement.Parse(frr.Vtysh("show bgp ipv6 unicast json")))];
                return new[]
                {
                    $"192.0.2.1/32 via 10.250.0.1 path 65010",
                    $"192.0.2.2/32 via 10.250.0.1 path 65010 65010 65010 65010",
                    "2001:db8::1/128 via 2001:db8:ffff::1 path 65010",
                    "2001:db8::2/128 via 2001:db8:ffff::1 path 65010 65010 65010 65010",
                }.All(seen.Contains);
            },
            () => $"{string.Join('\n', seen)}; {this}");

        var learnt = new HashSet<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var changes in speaker.WatchRoutesAsync(new RouteFilter(), fromStart: true, deadline.Token))
        {
            learnt.UnionWith(changes.Changes.Where(static c => c.Route.From is not null && !c.IsWithdrawn).Select(static c => $"{c.Route.Name} via {c.Route.Attributes.NextHop}"));
            if (learnt.SetEquals(["0.0.0.0/0 via 10.250.0.2", "::/0 via 2001:db8:ffff::2"]))
            {
                break;
            }
        }

        await speaker.InjectAsync([RouteInjection.Unicast(IpPrefix.Parse("192.0.2.1/32"), null)]);
        await Eventually.True(() => !frr.Vtysh("show bgp ipv4 unicast").Contains("192.0.2.1/32", StringComparison.Ordinal), () => ToString());
    }

    public override string ToString()
    {
        lock (_events)
        {
            return string.Join('\n', _events.TakeLast(20).Select(static e => $"{e.Peer} {e.Text}"));
        }
    }

    private static AsPath AsPathOf(Asn asn, int times) => new([new AsPathSegment(AsPathSegmentKind.Sequence, [.. Enumerable.Repeat(asn.Value, times)])]);

    private static VtepEvent.L2VniSet Bridge(uint vni, Vni? routed = null)
    {
        ImmutableArray<RouteTarget> targets = [RouteTarget.Type0((ushort)SpeakerLab.Asn, vni)];
        return new(new L2VniConfig { Vni = new Vni(vni), Rd = RouteDistinguisher.Parse($"10.0.0.1:{vni}"), Import = targets, Export = targets, L3Vni = routed });
    }

    private static SpeakerPeerConfig Peer(string address, string local) => new()
    {
        Address = IpAddr.Parse(address),
        Port = Frr.Port,
        RemoteAsn = new Asn(SpeakerLab.Asn),
        LocalAddress = IpAddr.Parse(local),
        OwnRoutesOnly = true,
        ConnectRetry = TimeSpan.FromSeconds(1),
    };

    private (BgpSpeaker Speaker, VtepSpeaker Vtep) Role(string routerId, IpAddr address, string? ns = null)
    {
        var options = new BgpSpeakerOptions { LocalAsn = new Asn(SpeakerLab.Asn), RouterId = IpAddr.Parse(routerId), OnEvent = Note };
        var speaker = Keep(new BgpSpeaker(ns is null ? options : options with { Connector = new NamespaceConnector(ns) }));
        return (speaker, Keep(new VtepSpeaker(speaker, new VtepConfig { Addresses = [address], RouterMac = s_routerMac })));
    }

    private void Note(BgpEvent e)
    {
        lock (_events)
        {
            _events.Add(e);
        }
    }

    private T Keep<T>(T kept)
        where T : IAsyncDisposable
    {
        _kept.Add(kept);
        return kept;
    }
}
