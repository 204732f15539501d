using System.Text.Json;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>IPv4 and IPv6 routes between five implementations, all of which know each other only through the speaker.</summary>
[Trait("Category", "lab")]
public sealed class UnicastInteropTests : IAsyncDisposable
{
    private readonly SpeakerLab _lab = new();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public Task Five_external_peers_of_a_route_server_have_each_others_routes_with_path_and_next_hop_untouched() =>
        EveryoneHasEverythingAsync(static n => 65100 + n, PeerRole.RouteServerClient);

    [Fact]
    public Task Five_internal_clients_of_a_reflector_have_each_others_routes_with_the_next_hop_untouched() =>
        EveryoneHasEverythingAsync(static _ => SpeakerLab.Asn, PeerRole.ReflectorClient);

    [Fact]
    public async Task Ordinary_external_peers_have_ipv6_routes_over_ipv4_with_an_own_next_hop()
    {
        Require.Frr();
        Require.GoBgp();
        _lab.Speaker.SetPeers(
        [
            _lab.Peer(2, 65102, PeerRole.Ordinary),
            _lab.Peer(3, 65103, PeerRole.Ordinary) with { Passive = false, NextHopV6 = IpAddr.Parse("2001:db8:ffff::1") },
        ]);
        var frr = _lab.Keep(await new Frr(_lab.Setup(2, 65102) with { Families = ["ipv4", "ipv6"], Networks = [("2001:db8:2::/48", "2001:db8:ffff::2")] }).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(_lab.Setup(3, 65103) with { Families = ["ipv4", "ipv6"], Listens = true }).StartAsync());
        goBgp.Cli("global rib add -a ipv6 2001:db8:3::/48 nexthop 2001:db8:ffff::3");
        await _lab.UpAsync(2, 3);
        var mapped = IpAddr.Parse($"::ffff:{_lab.Address}");
        await Eventually.True(
            () => UnicastText.OfFrr(Json(frr, "ipv6")).Contains(UnicastText.Of("2001:db8:3::/48", mapped.ToString(), "65000 65103")),
            () => $"FRR: {string.Join(" | ", UnicastText.OfFrr(Json(frr, "ipv6")))}; {_lab}");
        await Eventually.True(
            () => goBgp.UnicastRoutes("ipv6").Contains(UnicastText.Of("2001:db8:2::/48", "2001:db8:ffff::1", "65000 65102")),
            () => $"GoBGP: {string.Join(" | ", goBgp.UnicastRoutes("ipv6"))}; {_lab}");
        Assert.All(_lab.Speaker.Peers, static p => Assert.Equal((1L, 0L), (p.EstablishedCount, p.MalformedUpdates)));
    }

    private async Task EveryoneHasEverythingAsync(Func<uint, uint> asn, PeerRole role)
    {
        Require.Frr();
        Require.GoBgp();
        Require.Bird();
        Require.OpenBgpd();
        Require.ExaBgp();
        _lab.Speaker.SetPeers([.. Enumerable.Range(2, 5).Select(n => _lab.Peer(n, asn((uint)n), role) with { Passive = n != 3 })]);
        DaemonSetup Setup(int n) => _lab.Setup(n, asn((uint)n)) with
        {
            Families = ["ipv4", "ipv6"],
            Networks = [($"10.{n}.0.0/24", $"10.{n}.{n}.{n}"), ($"2001:db8:{n}::/48", $"2001:db8:ffff::{n}")],
        };
        var frr = _lab.Keep(await new Frr(Setup(2)).StartAsync());
        var goBgp = _lab.Keep(await new GoBgp(Setup(3) with { Listens = true }).StartAsync());
        var bird = _lab.Keep(await new Bird(Setup(4)).StartAsync());
        var open = _lab.Keep(await new OpenBgpd(Setup(5)).StartAsync());
        var exa = _lab.Keep(await new ExaBgp(Setup(6)).StartAsync());
        foreach (var (prefix, nextHop) in Setup(3).Networks)
        {
            goBgp.Cli($"global rib add -a {(prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4")} {prefix} nexthop {nextHop}");
        }

        await _lab.UpAsync(2, 3, 4, 5, 6);
        await HasAsync("FRR", 2, () => [.. UnicastText.OfFrr(Json(frr, "ipv4")), .. UnicastText.OfFrr(Json(frr, "ipv6"))]);
        await HasAsync("GoBGP", 3, () => [.. goBgp.UnicastRoutes("ipv4"), .. goBgp.UnicastRoutes("ipv6")]);
        await HasAsync("BIRD", 4, bird.UnicastRoutes);
        await HasAsync("OpenBGPD", 5, open.UnicastRoutes);
        await HasAsync("ExaBGP", 6, exa.UnicastRoutes);
        Assert.All(_lab.Speaker.Peers, static p => Assert.Equal((1L, 0L), (p.EstablishedCount, p.MalformedUpdates)));

        // One goes: everybody loses its routes and nothing else.
        await bird.DisposeAsync();
        await HasAsync("FRR", 2, () => [.. UnicastText.OfFrr(Json(frr, "ipv4")), .. UnicastText.OfFrr(Json(frr, "ipv6"))], without: 4);
        await HasAsync("GoBGP", 3, () => [.. goBgp.UnicastRoutes("ipv4"), .. goBgp.UnicastRoutes("ipv6")], without: 4);
        await HasAsync("OpenBGPD", 5, open.UnicastRoutes, without: 4);
        await HasAsync("ExaBGP", 6, exa.UnicastRoutes, without: 4);

        async Task HasAsync(string who, int self, Func<SortedSet<string>> routes, int without = 0)
        {
            // Its own routes a daemon may show with any next hop.
            var expected = Enumerable.Range(2, 5).Where(n => n != self && n != without).SelectMany(n => Setup(n).Networks.Select(r => UnicastText.Of(r.Prefix, r.NextHop, Path(n))));
            var (wanted, seen) = (new SortedSet<string>(expected, StringComparer.Ordinal), new SortedSet<string>());
            await Eventually.True(
                () =>
                {
                    seen = new(routes().Where(r => !Setup(self).Networks.Any(n => r.StartsWith($"{n.Prefix} ", StringComparison.Ordinal))), StringComparer.Ordinal);
                    return seen.SetEquals(wanted);
                },
                () => $"{who} has the routes of the others; missing: {string.Join(" | ", wanted.Except(seen))}; not expected: {string.Join(" | ", seen.Except(wanted))}" + $"; {_lab}");
        }

        string Path(int n) => asn((uint)n) == SpeakerLab.Asn ? "" : $"{asn((uint)n)}";
    }

    private static JsonElement Json(Frr frr, string family) => JsonElement.Parse(frr.Vtysh($"show bgp {family} unicast json"));
}
