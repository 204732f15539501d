using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Speaker;
using Fabric.Bgp.Vtep;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Vtep;

/// <summary>A speaker in the VTEP role without a network: what peers say goes into its table as their readers would hand it over.</summary>
internal sealed class VtepBench : IAsyncDisposable
{
    private static readonly SessionContext s_session = new(FourOctetAs: true, IsInternal: true, [AddressFamily.L2VpnEvpn]);

    private readonly Dictionary<IpAddr, EnginePeer> _peers = [];

    public VtepBench(VtepConfig? config = null)
    {
        Speaker = new BgpSpeaker(new BgpSpeakerOptions { LocalAsn = new Asn(65009), RouterId = IpAddr.Parse("10.0.0.9"), TimeProvider = Time });
        Vtep = new VtepSpeaker(Speaker, config ?? Fabrics.Config, Notices.Enqueue);
    }

    public ManualTime Time { get; } = new();

    public BgpSpeaker Speaker { get; }

    public VtepSpeaker Vtep { get; }

    public ConcurrentQueue<VtepAction> Notices { get; } = [];

    /// <summary>What a peer, which has a session from now on at the latest, says of routes; all with the same attributes, or none of them any more.</summary>
    public void Say(PathSource source, PathAttributes? attributes, params IEnumerable<EvpnPathEvent> paths)
    {
        var octets = paths.SelectMany(static p => Octets(p)).ToArray();
        var buffer = ArrayPool<byte>.Shared.Rent(1);
        var peer = PeerOf(source.Peer!.Value);
        var batch = new RouteBatch(peer, buffer, octets.Length, static _ => { }) { Generation = 1 };
        batch.Runs.Add(new(attributes is null ? RunKind.Withdraw : RunKind.Announce, FamilyIndex.Evpn, octets, 0, octets.Length, false, attributes));
        Speaker.Engine.Post(batch);
    }

    public void Say(EvpnPathEvent path) => Say(path.Source, path.Attributes, path);

    /// <summary>A peer's session ends, and begins again when it says something.</summary>
    public void End(PathSource source)
    {
        if (_peers.Remove(source.Peer!.Value, out var peer))
        {
            Speaker.Engine.Down(peer, []);
            Speaker.Engine.Leave(peer);
        }
    }

    /// <summary>The names of what is injected in a family.</summary>
    public async Task<ImmutableArray<RouteView>> OwnAsync(AddressFamily family) =>
        (await Speaker.ListRoutesAsync(new RouteQuery { Rib = GlassRib.Injected, Filter = new RouteFilter { Family = family }, Limit = 100_000 })).Routes;

    public async Task ShowsAsync(string wanted)
    {
        var shown = "";
        for (var looks = 0; looks < 4000; looks++)
        {
            shown = await Vtep.AskAsync(VtepProperties.Show);
            if (shown == wanted)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        Assert.Equal(wanted, shown);
    }

    public async ValueTask DisposeAsync()
    {
        await Vtep.DisposeAsync();
        await Speaker.DisposeAsync();
    }

    private EnginePeer PeerOf(IpAddr address)
    {
        if (!_peers.TryGetValue(address, out var peer))
        {
            peer = new EnginePeer(new SpeakerPeerConfig { Address = address, Role = PeerRole.Observed }) { Events = new Deaf() };
            _peers.Add(address, peer);
            Speaker.Engine.Enter(peer);
            Speaker.Engine.Up(peer, 1, new EngineSession(address, s_session, address, null!));
        }

        return peer;
    }

    public static string NameOf(EvpnPathEvent path) => RouteName.Of(AddressFamily.L2VpnEvpn, Octets(path));

    private static byte[] Octets(EvpnPathEvent path) => (path switch
    {
        EvpnPathEvent.AutoDiscovery p => RouteInjection.Evpn<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(p.Route, null),
        EvpnPathEvent.MacIp p => RouteInjection.Evpn<MacIpRoute, MacIpKey>(p.Route, null),
        EvpnPathEvent.Multicast p => RouteInjection.Evpn<MulticastRoute, MulticastKey>(p.Route, null),
        EvpnPathEvent.Segment p => RouteInjection.Evpn<EthernetSegmentRoute, EthernetSegmentKey>(p.Route, null),
        EvpnPathEvent.Prefix p => RouteInjection.Evpn<PrefixRoute, PrefixKey>(p.Route, null),
        _ => throw new ArgumentException("unknown", nameof(path)),
    }).Nlri.Span.ToArray();

    private sealed class Deaf : IEnginePeerEvents
    {
        public void Complete(AddressFamily family)
        {
        }

        public void ManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public void TooManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public void TooSlow()
        {
        }
    }
}
