using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Controller.Tests.Glass;

/// <summary>Clients of a route reflector on loopback: speakers that announce what a test injects into them.</summary>
internal static class ReflectorWithClients
{
    public static readonly Asn Asn = new(65000);

    public static async Task<BgpSpeaker> ClientAsync(string address, int port)
    {
        var client = new BgpSpeaker(new BgpSpeakerOptions { LocalAsn = Asn, RouterId = IpAddr.Parse(address) });
        client.SetPeers([new SpeakerPeerConfig
        {
            Address = IpAddr.Parse("127.0.0.1"), Port = (ushort)port, LocalAddress = IpAddr.Parse(address), RemoteAsn = Asn, ConnectRetry = TimeSpan.FromSeconds(1),
        }]);
        await UntilAsync(() => Task.FromResult(client.Peers[0].Phase == PeerPhase.Established), $"session of {address}");
        return client;
    }

    public static RouteInjection Mac(string mac, string vtep, uint? localPreference = null) => RouteInjection.Evpn<MacIpRoute, MacIpKey>(
        new MacIpRoute(new MacIpKey(RouteDistinguisher.Parse("65000:100"), 0, MacAddress.Parse(mac), null), default, new EvpnLabel(100), null),
        new PathAttributes
        {
            NextHop = IpAddr.Parse(vtep),
            LocalPref = localPreference,
            ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Parse("65000:100")), ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel)],
        });

    /// <summary>A port that nobody has at the moment.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var deadline = TimeProvider.System.GetUtcNow().AddSeconds(40); !await condition();)
        {
            Assert.True(TimeProvider.System.GetUtcNow() < deadline, $"not in time: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System);
        }
    }

    public static async Task AnnounceAsync(this BgpSpeaker speaker, params RouteInjection[] changes) => Assert.Empty(await speaker.InjectAsync(changes));
}
