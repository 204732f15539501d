using System.Collections.Concurrent;
using System.Text.Json;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Two VTEPs of FRR with kernel VXLANs, one of GoBGP, and ours in a namespace of its own, around a reflector in the spine.</summary>
[Trait("Category", "lab")]
public sealed class VtepInteropTests : IAsyncDisposable
{
    private const string GoBgpVtep = "10.255.0.4";
    private static readonly Vni s_vni = new(VxlanFabric.Vni);
    private static readonly Vni s_routed = new(5000);
    private static readonly MacAddress s_mac = MacAddress.Parse("02:00:00:00:0b:01");
    private static readonly MacAddress s_gateway = MacAddress.Parse("02:00:00:00:0b:fe");
    private static readonly IpAddr s_here = IpAddr.Parse(VxlanFabric.Vtep(3));

    private readonly ConcurrentQueue<BgpEvent> _events = [];
    private readonly ConcurrentQueue<VtepAction> _notices = [];
    private readonly VxlanFabric _fabric = new();
    private readonly List<IAsyncDisposable> _kept = [];
    private Frr[] _leaves = [];
    private VtepSpeaker _vtep = null!;
    private GoBgp? _goBgp;

    public async ValueTask DisposeAsync()
    {
        foreach (var kept in Enumerable.Reverse(_kept))
        {
            await kept.DisposeAsync();
        }

        await _fabric.DisposeAsync();
    }

    [Fact]
    public async Task Frr_and_we_know_each_others_flood_lists_macs_gateway_and_prefixes()
    {
        await RaiseAsync();
        await _vtep.ApplyAsync(
            new VtepEvent.MacLearnt(s_vni, s_mac),
            new VtepEvent.NeighborLearnt(s_vni, s_mac, IpAddr.Parse("10.1.0.33")),
            new VtepEvent.MacInjected(s_vni, s_gateway, DefaultGateway: true),
            new VtepEvent.NeighborLearnt(s_vni, s_gateway, IpAddr.Parse("10.1.0.1")),
            new VtepEvent.PrefixSet(s_routed, IpPrefix.Parse("0.0.0.0/0")));
        for (var leaf = 1; leaf <= 2; leaf++)
        {
            await FrrAsync(leaf, $"show evpn vni {VxlanFabric.Vni}", $" {s_here} flood: HER");
            await FrrAsync(leaf, $"show evpn mac vni {VxlanFabric.Vni}", $"{s_mac} remote");
            await FrrAsync(leaf, $"show evpn mac vni {VxlanFabric.Vni} mac {s_gateway}", $"Remote VTEP: {s_here}");
            await Eventually.True(
                () => _fabric.Fdb(leaf) is var fdb && fdb.Contains($"00:00:00:00:00:00 dst {s_here} ", StringComparison.Ordinal) && fdb.Contains($"{s_mac} dst {s_here} ", StringComparison.Ordinal),
                () => _fabric.Fdb(leaf));
            await FrrAsync(leaf, "show bgp l2vpn evpn route detail", "Default Gateway");
            await FrrAsync(leaf, "show bgp l2vpn evpn route type prefix", "[5]:[0]:[0]:[0.0.0.0]");
        }

        // Its hosts' MACs, which FRR has from the kernel, and both flood lists.
        await Eventually.True(() => _fabric.Pings(1, 2), () => Events);
        await HereAsync(
            s => View(s).Flood.Keys.Order().SequenceEqual([IpAddr.Parse(VxlanFabric.Vtep(1)), IpAddr.Parse(VxlanFabric.Vtep(2))])
                && View(s).Macs.Values.Where(static m => !m.IsLocal).Select(static m => m.Vtep!.Value).Distinct().Count() == 2);

        await _vtep.ApplyAsync(new VtepEvent.MacGone(s_vni, s_mac));
        await Eventually.True(() => !_fabric.Fdb(1).Contains($"{s_mac}", StringComparison.Ordinal), () => _fabric.Fdb(1));
        await _vtep.ApplyAsync(new VtepEvent.L2VniRemoved(s_vni));
        await Eventually.True(() => !_fabric.Fdb(1).Contains($"{s_here}", StringComparison.Ordinal), () => _fabric.Fdb(1));
    }

    [Fact]
    public async Task A_mac_that_moves_between_frr_gobgp_and_us_is_followed_by_its_sequence_number()
    {
        await RaiseAsync();
        var goBgp = _goBgp = await GoBgpAsync();
        _fabric.Attach(1, $"{s_mac}");
        await IsAtAsync(VxlanFabric.Vtep(1), 0);
        _fabric.Attach(2, $"{s_mac}");
        await IsAtAsync(VxlanFabric.Vtep(2), 1);

        // To us, where FRR's kernels learn it, and back.
        await _vtep.ApplyAsync(new VtepEvent.MacLearnt(s_vni, s_mac));
        await IsAtAsync(null, 2);
        foreach (var leaf in new[] { 1, 2 })
        {
            await Eventually.True(() => _fabric.Fdb(leaf).Contains($"{s_mac} dst {s_here} ", StringComparison.Ordinal), () => _fabric.Fdb(leaf));
        }

        _fabric.Attach(1, $"{s_mac}");
        await IsAtAsync(VxlanFabric.Vtep(1), 3);
        Assert.Contains(_notices, n => n is VtepAction.MacMoved { To: { } to } && to == IpAddr.Parse(VxlanFabric.Vtep(1)));
        await Eventually.True(() => !OwnMacs().Contains($"{s_mac}"), "what has moved away is not announced any more");

        // GoBGP numbers its claim by what it has heard.
        goBgp.Cli($"global rib add -a evpn macadv {s_mac} 0.0.0.0 etag 0 label {VxlanFabric.Vni} rd {GoBgpVtep}:2 rt {SpeakerLab.Asn}:{VxlanFabric.Vni} encap vxlan nexthop {GoBgpVtep}");
        await IsAtAsync(GoBgpVtep, 4);
        await _vtep.ApplyAsync(new VtepEvent.MacLearnt(s_vni, s_mac));
        await IsAtAsync(null, 5);
        await FrrAsync(1, $"show evpn mac vni {VxlanFabric.Vni} mac {s_mac}", $"Remote VTEP: {s_here}");
    }

    [Fact]
    public async Task A_mac_that_flaps_is_a_duplicate_and_a_sticky_one_stays_where_it_is()
    {
        await RaiseAsync();
        _fabric.AttachSticky(1, "02:00:00:00:0c:01");
        var sticky = MacAddress.Parse("02:00:00:00:0c:01");
        await HereAsync(s => View(s).Macs.GetValueOrDefault(sticky) is { Sticky: true });
        await _vtep.ApplyAsync(new VtepEvent.MacLearnt(s_vni, sticky));
        await HereAsync(s => View(s).Macs.GetValueOrDefault(sticky) is { Sticky: true, IsLocal: false });
        Assert.Contains(_notices, n => n is VtepAction.StickyConflict c && c.Mac == sticky);

        // Ours, which FRR must not take.
        var ours = MacAddress.Parse("02:00:00:00:0c:02");
        await _vtep.ApplyAsync(new VtepEvent.MacInjected(s_vni, ours, Sticky: true));
        await FrrAsync(2, $"show evpn mac vni {VxlanFabric.Vni} mac {ours}", "Sticky");
        await FrrAsync(2, $"show evpn mac vni {VxlanFabric.Vni} mac {ours}", $"Remote VTEP: {s_here}");

        for (uint move = 1; move <= 4; move++)
        {
            var round = move;
            _fabric.Attach(1, $"{s_mac}");
            await HereAsync(s => View(s).Macs.GetValueOrDefault(s_mac) is { IsLocal: false });
            await _vtep.ApplyAsync(new VtepEvent.MacLearnt(s_vni, s_mac));
            if (await _vtep.AskAsync(s => View(s).Macs[s_mac].Duplicate))
            {
                break;
            }

            // The bridge of FRR has it behind the tunnel again: before that, it would see no move.
            await Eventually.True(
                () => _fabric.Fdb(1).Split('\n').Any(static l => l.StartsWith($"{s_mac} ", StringComparison.Ordinal) && l.Contains("master br0", StringComparison.Ordinal)),
                () => $"move {round}: {_fabric.Fdb(1)}");
        }

        Assert.Contains(_notices, n => n is VtepAction.DuplicateDetected d && d.Mac == s_mac);
        await HereAsync(s => View(s).Macs.GetValueOrDefault(s_mac) is { Duplicate: true });
        await _vtep.ApplyAsync(new VtepEvent.DuplicateCleared(s_vni, s_mac));
        Assert.Contains(_notices, n => n is VtepAction.DuplicateEnded);
    }

    private static L2VniView View(VtepState state) => state.TryGetL2Vni(s_vni, out var view) ? view : new L2VniView();

    private async Task RaiseAsync()
    {
        Require.Frr();
        Require.GoBgp();
        _fabric.Raise();
        _fabric.RaiseThird();
        var reflector = NamespacePair.In(_fabric.Spine, () => SpeakerLab.New(_events, "0.0.0.0"));
        _kept.Add(reflector);
        reflector.SetListenRanges([.. new[] { "10.255.0.0/24", "127.0.0.0/8" }.Select(static r => new ListenRange(IpPrefix.Parse(r), new SpeakerPeerConfig
        {
            Address = default, Role = PeerRole.ReflectorClient, RemoteAsn = new Asn(SpeakerLab.Asn), Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership],
        }))]);

        var speaker = new BgpSpeaker(new BgpSpeakerOptions
        {
            LocalAsn = new Asn(SpeakerLab.Asn),
            RouterId = s_here,
            Connector = new NamespaceConnector(_fabric.Third),
            OnEvent = _events.Enqueue,
        });
        _kept.Add(speaker);
        _vtep = new VtepSpeaker(speaker, new VtepConfig { Addresses = [s_here], RouterMac = MacAddress.Parse("02:00:00:00:0b:ff"), DuplicateMoves = 5 }, _notices.Enqueue);
        _kept.Add(_vtep);
        RouteTarget[] targets = [RouteTarget.Type0((ushort)SpeakerLab.Asn, VxlanFabric.Vni)], routed = [RouteTarget.Type0((ushort)SpeakerLab.Asn, 5000)];
        await _vtep.ApplyAsync(
            new VtepEvent.L3VniSet(new() { Vni = s_routed, Rd = RouteDistinguisher.Type1(s_here, 5000), Import = [.. routed], Export = [.. routed] }),
            new VtepEvent.L2VniSet(new() { Vni = s_vni, Rd = RouteDistinguisher.Type1(s_here, 2), Import = [.. targets], Export = [.. targets], L3Vni = s_routed }));
        speaker.SetPeers([new SpeakerPeerConfig
        {
            Address = IpAddr.Parse(VxlanFabric.SpineAddress), Port = Frr.Port, RemoteAsn = new Asn(SpeakerLab.Asn), LocalAddress = s_here, OwnRoutesOnly = true,
            Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership], ConnectRetry = TimeSpan.FromSeconds(1), GracefulRestart = TimeSpan.FromSeconds(60),
        }]);
        _leaves = [await _fabric.StartLeafAsync(1), await _fabric.StartLeafAsync(2)];
        await Eventually.True(() => reflector.Peers.Count(static p => p.Phase == PeerPhase.Established) == 3, () => Events, seconds: 30);
    }

    private async Task<GoBgp> GoBgpAsync()
    {
        var goBgp = await new GoBgp(new DaemonSetup("127.0.0.3", SpeakerLab.Asn, GoBgpVtep, "127.0.0.1") { Namespace = _fabric.Spine }).StartAsync();
        _kept.Add(goBgp);
        return goBgp;
    }

    private string Events => string.Join('\n', _events.TakeLast(20).Select(static e => $"{e.Peer} {e.Text}").Concat(_notices.TakeLast(20).Select(static n => n.ToString())));

    private HashSet<string> OwnMacs() =>
        [.. _vtep.AskAsync(static s => s.Originated.OfType<EvpnPathEvent.MacIp>().Select(static m => m.Route.Key.Mac.ToString()).ToList()).Result];

    /// <summary>Where everybody sees the MAC: the role and both FRRs.</summary>
    private async Task IsAtAsync(string? vtep, uint sequence)
    {
        await HereAsync(s => View(s).Macs.GetValueOrDefault(s_mac) is { } entry && entry.Sequence == sequence && entry.Vtep?.ToString() == vtep);
        var seen = new List<string>();
        await Eventually.True(
            () =>
            {
                seen =
                [
                    .. _leaves.Select(static l => Moved(EvpnText.OfFrr(JsonElement.Parse(l.Vtysh("show bgp l2vpn evpn route detail json"))))),
                    .. _goBgp is null ? [] : new[] { Moved(EvpnText.OfGoBgp(_goBgp.Rib("evpn"))) },
                ];
                return seen.TrueForAll(s => s == $"{vtep ?? s_here.ToString()} {(sequence == 0 ? "" : $"MM:{sequence}")}");
            },
            () => $"{vtep ?? "here"} with {sequence}; seen {string.Join(" | ", seen)}; {Events}");
    }

    /// <summary>Where the MAC is by the routes that there are, with their sequence number.</summary>
    private static string Moved(IEnumerable<EvpnSeen> routes) => string.Join(
        " and ",
        routes.Where(static r => r.Route.StartsWith("[2]", StringComparison.Ordinal) && r.Route.Contains($" mac {s_mac} ", StringComparison.Ordinal))
            .Select(static r => r.Route.Split(" via ")[1].Split(' '))
            .Select(static w => $"{w[0]} {w.FirstOrDefault(static c => c.StartsWith("MM:", StringComparison.Ordinal))}")
            .Order(StringComparer.Ordinal));

    private async Task HereAsync(Func<VtepState, bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "") =>
        await Eventually.True(
            () => _vtep.AskAsync(condition).Result,
            () => $"{what}; {string.Join('\n', _vtep.AskAsync(static s => View(s).Macs.Select(static m => $"{m}").Concat(View(s).Flood.Select(static f => $"{f}")).ToList()).Result)}; {Events}");

    private async Task FrrAsync(int leaf, string command, string text) =>
        await Eventually.True(() => Evpn(leaf, command).Contains(text, StringComparison.Ordinal), () => $"leaf {leaf}: {text} in {Evpn(leaf, command)}; {Events}");

    private string Evpn(int leaf, string command) => command.StartsWith("show evpn", StringComparison.Ordinal) ? _fabric.Zebra(leaf, command) : _leaves[leaf - 1].Vtysh(command);
}
