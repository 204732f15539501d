using System.Collections.Concurrent;
using System.Net;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>The speaker in the middle, listening on a loopback address, and the daemons around it; everything ends with the lab.</summary>
internal sealed class SpeakerLab : IAsyncDisposable
{
    public const uint Asn = 65000;
    public const string RouterId = "10.0.0.1";
    public const string ClusterId = "10.0.0.99";

    private readonly string _net = Loopback.Net();
    private readonly ConcurrentQueue<BgpEvent> _events = [];
    private readonly List<IAsyncDisposable> _kept = [];

    public SpeakerLab()
    {
        Speaker = New(_events, Address);
    }

    public BgpSpeaker Speaker { get; }

    public string Address => Host(1);

    public string Host(int number) => $"{_net}.{number}";

    public IReadOnlyCollection<BgpEvent> Events => _events;

    public static BgpSpeaker New(ConcurrentQueue<BgpEvent> events, string address) => new(new BgpSpeakerOptions
    {
        LocalAsn = new Asn(Asn),
        RouterId = IpAddr.Parse(RouterId),
        ClusterId = IpAddr.Parse(ClusterId),
        Listen = [new IPEndPoint(IPAddress.Parse(address), Frr.Port)],
        AnnounceAllTargets = true,
        OnEvent = events.Enqueue,
    });

    /// <summary>A daemon's side of a session with this speaker.</summary>
    public DaemonSetup Setup(int host, uint asn) => new(Host(host), asn, $"10.0.0.{host}", Address);

    /// <summary>A peer of this speaker, by default one that connects to it.</summary>
    public SpeakerPeerConfig Peer(int host, uint asn, PeerRole role) => new()
    {
        Address = IpAddr.Parse(Host(host)),
        Port = Frr.Port,
        RemoteAsn = new Asn(asn),
        LocalAddress = IpAddr.Parse(Address),
        Role = role,
        OpenWithoutPolicy = true,
        Passive = true,
        ConnectRetry = TimeSpan.FromSeconds(1),
        Families = [AddressFamily.L2VpnEvpn, AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast],
    };

    public PeerStatus Status(int host) => Speaker.Peers.Single(p => p.Config.Address == IpAddr.Parse(Host(host)));

    public async Task UpAsync(params int[] hosts)
    {
        foreach (var host in hosts)
        {
            await Eventually.True(() => Status(host).Phase == PeerPhase.Established, () => $"session with {Host(host)}; {this}");
        }
    }

    /// <summary>Peers and the last events, for messages of failed tests.</summary>
    public override string ToString() => string.Join(
        '\n',
        [
            .. Speaker.Peers.Select(static p => $"{p.Config.Address} {p.Phase} {string.Join(' ', p.RoutesReceived.Select(static r => $"{r.Family}={r.Routes}"))} {p.LastError}"),
            .. _events.TakeLast(30).Select(static e => $"{e.Time:mm:ss.fff} {e.Peer} {e.Kind} {e.Text}"),
        ]);

    public T Keep<T>(T daemon)
        where T : IAsyncDisposable
    {
        _kept.Add(daemon);
        return daemon;
    }

    public async ValueTask DisposeAsync()
    {
        await Speaker.DisposeAsync();
        foreach (var daemon in Enumerable.Reverse(_kept))
        {
            await daemon.DisposeAsync();
        }
    }
}
