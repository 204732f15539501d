using Fabric.Bgp.Attributes;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Route target constraint (RFC 4684) with GoBGP, whose VRFs say what it wants.</summary>
[Trait("Category", "lab")]
public sealed class RouteTargetInteropTests : IAsyncDisposable
{
    private static readonly SessionContext s_evpn = new(FourOctetAs: true, IsInternal: true, [AddressFamily.L2VpnEvpn]);

    private readonly SpeakerLab _lab = new();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Gobgp_gets_the_routes_of_its_targets_only_and_more_interest_brings_more_routes()
    {
        Require.GoBgp();
        var client = _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient);
        _lab.Speaker.SetPeers(
        [
            client with { Passive = false, Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership] },
            _lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient),
        ]);
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, SpeakerLab.Asn) with { Listens = true, Families = ["evpn", "rtc"] }).StartAsync());
        goBgp.Cli("vrf add one rd 65000:1 rt both 65000:10001");
        using var source = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_evpn);
        for (var vni = 1; vni <= 3; vni++)
        {
            source.Send(Announcement(vni, 1));
        }

        await _lab.UpAsync(3, 4);
        await HasAsync("02:00:00:00:01:01");
        Assert.Equal(1, _lab.Status(3).RoutesOf(AddressFamily.RouteTargetMembership));

        goBgp.Cli("vrf add two rd 65000:2 rt both 65000:10002");
        await HasAsync("02:00:00:00:01:01", "02:00:00:00:02:01");
        source.Send(Announcement(2, 2));
        source.Send(Announcement(3, 2));
        await HasAsync("02:00:00:00:01:01", "02:00:00:00:02:01", "02:00:00:00:02:02");

        // A route whose target changes to one that is not wanted is withdrawn.
        source.Send(Announcement(2, 2, target: 10003));
        await HasAsync("02:00:00:00:01:01", "02:00:00:00:02:01");

        async Task HasAsync(params string[] macs)
        {
            var seen = Array.Empty<string>();
            await Eventually.True(
                () =>
                {
                    seen = [.. EvpnText.OfGoBgp(goBgp.AdjRibIn(_lab.Address, "evpn")).Select(static r => r.Route.Split(" mac ")[1].Split(' ')[0]).Order(StringComparer.Ordinal)];
                    return seen.SequenceEqual(macs);
                },
                () => $"{string.Join(' ', macs)}, seen: {string.Join(' ', seen)}; {_lab}");
        }
    }

    private static UpdateMessage Announcement(int vni, int host, int target = 0)
    {
        var attributes = new PathAttributes(Samples.Attributes("10.250.1.1", $"65000:{(target == 0 ? 10000 + vni : target)}")) { LocalPref = 100 };
        return Samples.Announce(attributes, Samples.MacIp($"02:00:00:00:{vni:x2}:{host:x2}", rd: $"65000:{vni}", vni: (uint)(10000 + vni)));
    }
}
