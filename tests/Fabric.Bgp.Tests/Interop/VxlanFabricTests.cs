using System.Collections.Concurrent;
using System.Text.Json;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Transport.Unnumbered;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Two FRR leaves whose only peer is the speaker, with packets between their hosts, and GoBGP looking on.</summary>
[Trait("Category", "lab")]
public sealed class VxlanFabricTests : IAsyncDisposable
{
    private const string Moving = "02:00:00:00:0a:0a";
    private const string GoBgpAddress = "127.0.0.3";
    private const string GoBgpVtep = "10.255.0.3";

    private readonly ConcurrentQueue<BgpEvent> _events = [];
    private readonly VxlanFabric _fabric = new();
    private BgpSpeaker? _speaker;

    public async ValueTask DisposeAsync()
    {
        if (_speaker is not null)
        {
            await _speaker.DisposeAsync();
        }

        await _fabric.DisposeAsync();
    }

    [Fact]
    public async Task Hosts_reach_each_other_by_reflected_routes_and_a_mac_that_moves_keeps_its_sequence_number()
    {
        Require.Frr();
        Require.GoBgp();
        _fabric.Raise();
        _speaker = NamespacePair.In(_fabric.Spine, () => SpeakerLab.New(_events, "0.0.0.0"));
        _speaker.SetListenRanges([.. new[] { "10.255.0.0/24", "127.0.0.0/8" }.Select(static r => new ListenRange(
            IpPrefix.Parse(r), new SpeakerPeerConfig { Address = default, Role = PeerRole.ReflectorClient, RemoteAsn = new Asn(SpeakerLab.Asn) }))]);
        var leaves = new[] { await _fabric.StartLeafAsync(1), await _fabric.StartLeafAsync(2) };
        await using var goBgp = await new GoBgp(new DaemonSetup(GoBgpAddress, SpeakerLab.Asn, GoBgpVtep, "127.0.0.1") { Namespace = _fabric.Spine }).StartAsync();
        await Eventually.True(() => _fabric.Pings(1, 2) && _fabric.Pings(2, 1), () => $"ping; {Events}", seconds: 30);
        Assert.Contains($"dst {VxlanFabric.Vtep(2)} self", Daemon.Run("bridge", ["-n", _fabric.Leaf(1), "fdb", "show", "dev", "vx0"]), StringComparison.Ordinal);

        _fabric.Attach(1, Moving);
        await EverybodySeesAsync(VxlanFabric.Vtep(1), "");
        _fabric.Attach(2, Moving);
        await EverybodySeesAsync(VxlanFabric.Vtep(2), "MM:1");
        _fabric.Attach(1, Moving);
        await EverybodySeesAsync(VxlanFabric.Vtep(1), "MM:2");
        goBgp.Cli($"global rib add -a evpn macadv {Moving} 0.0.0.0 etag 0 label {VxlanFabric.Vni} rd {GoBgpVtep}:2 rt {SpeakerLab.Asn}:{VxlanFabric.Vni} encap vxlan nexthop {GoBgpVtep}");
        await EverybodySeesAsync(GoBgpVtep, "MM:3");
        Assert.True(_fabric.Pings(1, 2));
        Assert.All(_speaker.Peers, static p => Assert.Equal((1L, 0L), (p.EstablishedCount, p.MalformedUpdates)));

        async Task EverybodySeesAsync(string vtep, string mobility)
        {
            var seen = Array.Empty<string>();
            await Eventually.True(
                () =>
                {
                    seen = [.. leaves.Select(static l => EvpnText.OfFrr(JsonElement.Parse(l.Vtysh("show bgp l2vpn evpn route detail json")))).Append(EvpnText.OfGoBgp(goBgp.Rib("evpn"))).Select(Moved)];
                    return seen.All(s => s == $"{vtep} {mobility}");
                },
                () => $"{vtep} {mobility}, seen: {string.Join(" | ", seen)}; {Events}");
        }
    }

    private string Events => string.Join('\n', _events.TakeLast(20).Select(static e => $"{e.Peer} {e.Text}"));

    /// <summary>Where the MAC is by the routes that there are, with their sequence number.</summary>
    private static string Moved(IEnumerable<EvpnSeen> routes) => string.Join(
        " and ",
        routes.Where(static r => r.Route.StartsWith("[2]", StringComparison.Ordinal) && r.Route.Contains($" mac {Moving} ", StringComparison.Ordinal))
            .Select(static r => r.Route.Split(" via ")[1].Split(' '))
            .Select(static w => $"{w[0]} {w.FirstOrDefault(static c => c.StartsWith("MM:", StringComparison.Ordinal))}")
            .Order(StringComparer.Ordinal));
}
