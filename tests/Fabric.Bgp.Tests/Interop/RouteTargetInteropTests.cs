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

    /// <summary>GoBGP 3.10 dies when a VRF is removed ("vrf del" with family rtc in use), so that less interest is told by a peer of our own.</summary>
    [Fact]
    public async Task Less_interest_withdraws_the_routes_that_are_not_wanted_any_more()
    {
        var context = s_evpn with { Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership] };
        _lab.Speaker.SetPeers(
        [
            _lab.Peer(3, SpeakerLab.Asn, PeerRole.ReflectorClient) with { Families = context.Families }, _lab.Peer(4, SpeakerLab.Asn, PeerRole.ReflectorClient),
        ]);
        using var source = await InjectorPeer.ConnectAsync(_lab.Host(4), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, s_evpn);
        source.Send(Announcement(1, 1));
        source.Send(Announcement(2, 1));
        source.Send(Announcement(3, 1));
        await Eventually.True(() => _lab.Speaker.RouteCount == 3, "routes");
        using var client = await InjectorPeer.ConnectAsync(_lab.Host(3), SpeakerLab.Asn, IpAddr.Parse(_lab.Address), Frr.Port, context);
        client.Send(new UpdateMessage { OtherAnnounced = Memberships(10001, 10002), Attributes = new PathAttributes { LocalPref = 100 } });
        await Eventually.True(() => Macs(static u => u.EvpnAnnounced).SetEquals(["02:00:00:00:01:01", "02:00:00:00:02:01"]), () => $"what is wanted; {_lab}");
        Assert.Empty(Macs(static u => u.EvpnWithdrawn));

        client.Send(new UpdateMessage { OtherWithdrawn = Memberships(10001) });
        await Eventually.True(() => Macs(static u => u.EvpnWithdrawn).SetEquals(["02:00:00:00:01:01"]), () => $"withdrawn; {_lab}");
        source.Send(Announcement(1, 2));
        source.Send(Announcement(2, 2));
        await Eventually.True(() => Macs(static u => u.EvpnAnnounced).Contains("02:00:00:00:02:02"), () => $"news of what is wanted; {_lab}");
        Assert.DoesNotContain("02:00:00:00:01:02", Macs(static u => u.EvpnAnnounced));

        HashSet<string> Macs(Func<UpdateMessage, Fabric.Bgp.Evpn.EvpnRouteSet> routes) => [.. client.Updates.SelectMany(u => routes(u).MacIp).Select(static r => r.Key.Mac.ToString())];
    }

    private static OpaqueRoutes Memberships(params ReadOnlySpan<uint> targets)
    {
        var routes = new List<byte>();
        foreach (var target in targets)
        {
            // | bits 96 | origin AS 65000 | route target 65000:n |
            routes.AddRange([96, 0, 0, 0xfd, 0xe8, 0, 2, 0xfd, 0xe8, 0, 0, (byte)(target >> 8), (byte)target]);
        }

        return new OpaqueRoutes(AddressFamily.RouteTargetMembership, new Octets([10, 0, 0, 3]), new Octets([.. routes]));
    }

    private static UpdateMessage Announcement(int vni, int host, int target = 0)
    {
        var attributes = new PathAttributes(Samples.Attributes("10.250.1.1", $"65000:{(target == 0 ? 10000 + vni : target)}")) { LocalPref = 100 };
        return Samples.Announce(attributes, Samples.MacIp($"02:00:00:00:{vni:x2}:{host:x2}", rd: $"65000:{vni}", vni: (uint)(10000 + vni)));
    }
}
