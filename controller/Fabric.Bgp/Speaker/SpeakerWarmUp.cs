using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Glass;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>
/// Sends routes from one speaker over a second to a third, on loopback and inside the process, so that all that routes go through is
/// compiled before the first real session: a reflector may meet its full load in its first second. They are so many that tables, queues
/// and pools grow, and sockets fill up.
/// </summary>
public static class SpeakerWarmUp
{
    private const int Routes = 6_000;
    private const int RoutesPerAttributes = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <summary>Warms up. Where loopback cannot be used, or after 3 s, it gives up without a word: it is only a matter of speed.</summary>
    /// <returns>Whether all routes went through.</returns>
    public static async Task<bool> RunAsync()
    {
        try
        {
            var asn = new Asn(64512);
            await using var reflector = Speaker(asn, 1, [new IPEndPoint(IPAddress.Loopback, 0)]);
            reflector.SetListenRanges([new ListenRange(IpPrefix.Parse("127.0.0.0/8"), Peer(asn) with { Role = PeerRole.ReflectorClient })]);
            var address = IpAddr.From(IPAddress.Loopback);
            await using var sender = Speaker(asn, 2, []);
            await using var receiver = Speaker(asn, 3, []);
            foreach (var (client, last) in new[] { (sender, 2), (receiver, 3) })
            {
                client.SetPeers([Peer(asn) with { Address = address, Port = (ushort)reflector.Endpoints[0].Port, LocalAddress = IpAddr.Parse($"127.0.0.{last}") }]);
            }

            await UntilAsync(() => receiver.Peers[0].Phase == PeerPhase.Established && sender.Peers[0].Phase == PeerPhase.Established).ConfigureAwait(false);
            await sender.InjectAsync([.. Enumerable.Range(0, Routes).Select(static n => Route(n, med: 1))]).ConfigureAwait(false);
            await UntilAsync(() => receiver.RouteCount == Routes).ConfigureAwait(false);
            await sender.InjectAsync([.. Enumerable.Range(0, Routes).Select(static n => Route(n, med: 2))]).ConfigureAwait(false);
            await sender.InjectAsync([.. Enumerable.Range(0, Routes / 2).Select(static n => Route(n, med: 2) with { Attributes = null })]).ConfigureAwait(false);
            await UntilAsync(() => receiver.RouteCount == Routes - (Routes / 2)).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is SocketException or TimeoutException or IOException)
        {
            // Slower in the first second, and no worse.
            return false;
        }
    }

    private static BgpSpeaker Speaker(Asn asn, uint number, ImmutableArray<IPEndPoint> listen) =>
        new(new BgpSpeakerOptions { LocalAsn = asn, RouterId = IpAddr.V4(0x0a00_0000 + number), Listen = listen, AnnounceAllTargets = true });

    private static SpeakerPeerConfig Peer(Asn asn) => new() { RemoteAsn = asn, Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership] };

    private static RouteInjection Route(int number, uint med) => RouteInjection.Evpn<MacIpRoute, MacIpKey>(
        new MacIpRoute(new(RouteDistinguisher.Parse("1:1"), 0, new MacAddress(0x0200_0000_0000 + (ulong)number), null), default, new EvpnLabel(1), null),
        new PathAttributes
        {
            Origin = RouteOrigin.Igp,
            NextHop = IpAddr.V4(0x0a00_0001 + (uint)(number / RoutesPerAttributes)),
            Med = med,
            ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Type0(1, (uint)(number / RoutesPerAttributes))), ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel)],
        });

    private static async Task UntilAsync(Func<bool> so)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!so())
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience)
            {
                throw new TimeoutException();
            }

            await Task.Delay(Look, TimeProvider.System).ConfigureAwait(false);
        }
    }
}
