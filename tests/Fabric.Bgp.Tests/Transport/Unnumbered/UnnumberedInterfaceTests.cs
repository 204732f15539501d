using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests.Interop;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Transport.Unnumbered;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Transport.Unnumbered;

/// <summary>Router advertisements over a real link between two namespaces.</summary>
[Trait("Category", "lab")]
public sealed class UnnumberedInterfaceTests : IDisposable
{
    private const string Interface = NamespacePair.Interface;

    private NamespacePair? _pair;

    private NamespacePair Pair => _pair ??= Raise();

    public void Dispose() => _pair?.Dispose();

    [Fact]
    public async Task Two_ends_find_each_other_and_one_that_leaves_is_gone_at_once()
    {
        var (addressA, addressB) = (await NamespacePair.LinkLocalAsync(Pair.A), await NamespacePair.LinkLocalAsync(Pair.B));
        await using var a = Open(Pair.A);
        await using var seenByA = new Watch(a);
        await using (var b = Open(Pair.B))
        {
            await using var seenByB = new Watch(b);
            Assert.Equal(addressB, await seenByA.NextAsync());
            Assert.Equal(addressA, await seenByB.NextAsync());
        }

        Assert.Null(await seenByA.NextAsync());
    }

    [Fact]
    public async Task What_was_forwarded_or_does_not_come_from_a_link_local_address_is_not_heard()
    {
        var address = await NamespacePair.LinkLocalAsync(Pair.B);
        await NamespacePair.LinkLocalAsync(Pair.A);
        NamespacePair.Ip("-n", Pair.B, "addr", "add", "2001:db8::7/64", "dev", Interface, "nodad");
        await using var a = Open(Pair.A);
        await using var seen = new Watch(a);
        using var raw = NamespacePair.In(Pair.B, () => RawSocket());
        using var global = NamespacePair.In(Pair.B, () => RawSocket("2001:db8::7"));
        var index = NamespacePair.In(Pair.B, () => (long)LinuxSocket.InterfaceIndex(Interface));
        var target = new IPEndPoint(new IPAddress(IPAddress.Parse("ff02::1").GetAddressBytes(), index), 0);

        // Lifetimes tell which of them is heard: 5 s with a lower hop limit, 6 s from a global address, both before the good one.
        raw.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 254);
        raw.SendTo(Advertisement(5), target);
        global.SendTo(Advertisement(6), target);
        Assert.False(await seen.AnythingWithinAsync(TimeSpan.FromMilliseconds(300)));
        raw.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 255);
        raw.SendTo(Advertisement(1), target);
        Assert.Equal(address, await seen.NextAsync());
        Assert.Null(await seen.NextAsync());
    }

    [Fact]
    public async Task A_solicitation_is_answered_with_our_mac_and_lifetime()
    {
        await NamespacePair.LinkLocalAsync(Pair.B);
        var address = await NamespacePair.LinkLocalAsync(Pair.A);
        await using var a = Open(Pair.A);
        using var raw = NamespacePair.In(Pair.B, () => RawSocket());
        var index = NamespacePair.In(Pair.B, () => (long)LinuxSocket.InterfaceIndex(Interface));
        var routers = new IPEndPoint(new IPAddress(IPAddress.Parse("ff02::2").GetAddressBytes(), index), 0);
        for (var i = 0; i < 5; i++)
        {
            var (from, advertisement) = await HearAsync(raw);
            Assert.Equal((address, (ushort)30), (from, advertisement.LifetimeSeconds));
            Assert.Equal(Mac(address), advertisement.SourceMac);

            // After the first three, which come by themselves, each answers a solicitation: five do not take 20 s.
            raw.SendTo(new byte[] { RouterAdvertisement.SolicitationType, 0, 0, 0, 0, 0, 0, 0 }, routers);
        }
    }

    [Fact]
    public void An_interface_that_is_not_there_is_named()
    {
        var e = Assert.Throws<BgpTransportException>(static () => new UnnumberedInterface("nosuch0", TimeProvider.System));
        Assert.Equal(BgpTransportProblem.NoSuchInterface, e.Problem);
        Assert.Contains("nosuch0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frr_learns_our_address_and_opens_a_session_to_it()
    {
        Require.Frr();
        var ours = await NamespacePair.LinkLocalAsync(Pair.A);
        var theirs = await NamespacePair.LinkLocalAsync(Pair.B);
        await using var frr = new UnnumberedFrr(Pair.B, 65100);
        await frr.StartAsync();
        var connections = Channel.CreateUnbounded<(BgpCaller, IBgpConnection)>();
        await using var listener = NamespacePair.In(Pair.A, static () => new TcpBgpListener([new(IPAddress.IPv6Any, 179)], TimeProvider.System));
        listener.Start(
            static caller => new SpeakerPeerConfig { Address = caller.Address, MinTtl = 255 },
            (caller, _, connection) => connections.Writer.TryWrite((caller, connection)));
        await using var a = Open(Pair.A);
        await using var seen = new Watch(a);
        Assert.Equal(theirs, await seen.NextAsync());
        using var raw = NamespacePair.In(Pair.A, () => RawSocket());
        var (_, advertised) = await HearAsync(raw, from: theirs);
        Assert.Equal((ushort)30, advertised.LifetimeSeconds);

        // FRR comes to us ...
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var (caller, connection) = await connections.Reader.ReadAsync(deadline.Token);
        using (connection)
        {
            Assert.Equal((theirs, ours), (caller.Address, caller.LocalAddress));
            await OpenAsync(connection, frr, deadline.Token);
        }

        // ... and we to FRR, by the address we have learned.
        var peer = new SpeakerPeerConfig { Address = theirs, Interface = Interface, Port = 179, MinTtl = 255, LocalAddress = ours };
        using var dialled = await NamespacePair.In(Pair.A, () => new TcpBgpConnector().ConnectAsync(peer, deadline.Token));
        await OpenAsync(dialled, frr, deadline.Token);
    }

    [Fact]
    public async Task A_speaker_finds_its_peer_by_the_interface_alone()
    {
        Require.Frr();
        var theirs = await NamespacePair.LinkLocalAsync(Pair.B);
        await using var frr = new UnnumberedFrr(Pair.B, 65100);
        await frr.StartAsync();
        await using var speaker = new BgpSpeaker(new BgpSpeakerOptions
        {
            LocalAsn = new Asn(65000),
            RouterId = IpAddr.Parse("10.0.0.9"),
            Connector = new NamespaceConnector(Pair.A),
        });
        var config = new SpeakerPeerConfig
        {
            Interface = Interface,
            RemoteAsn = new Asn(frr.Asn),
            MinTtl = 255,
            Families = [AddressFamily.Ipv4Unicast],
            ConnectRetry = TimeSpan.FromSeconds(1),
        };
        NamespacePair.In(Pair.A, () =>
        {
            speaker.SetPeers([config]);
            return 0;
        });
        await Eventually.True(() => speaker.Peers is [{ Phase: PeerPhase.Established }], "established");
        Assert.Equal((theirs, Interface), (speaker.Peers[0].Config.Address, speaker.Peers[0].Config.Interface));

        // Other settings that leave the session alone are taken over without a new one.
        speaker.SetPeers([config with { Description = "leaf1" }]);
        Assert.Equal(("leaf1", 1L), (speaker.Peers[0].Config.Description, speaker.Peers[0].EstablishedCount));
        speaker.SetPeers([]);
        Assert.Empty(speaker.Peers);
    }

    /// <summary>Connects from inside a namespace.</summary>
    private sealed class NamespaceConnector(string ns) : IBgpConnector
    {
        public Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken) =>
            NamespacePair.In(ns, () => new TcpBgpConnector().ConnectAsync(peer, cancellationToken));
    }

    /// <summary>Exchanges OPEN and KEEPALIVE by the state machine's own configuration and negotiation.</summary>
    private static async Task OpenAsync(IBgpConnection connection, UnnumberedFrr frr, CancellationToken cancellationToken)
    {
        var config = Samples.Config with { RemoteAsn = null, Families = [AddressFamily.Ipv4Unicast] };
        await connection.SendAsync(Samples.Encode(config.Open()), cancellationToken);
        var (type, body) = await ReadMessageAsync(connection, cancellationToken);
        Assert.Equal(BgpMessageType.Open, type);
        Assert.True(OpenMessage.TryDecode(body, out var open, out _));
        Assert.Equal(frr.Asn, open.AsNumber);
        var session = PeerFsm.Negotiate(open, config);
        Assert.Equal([ExtendedNextHop.Ipv4OverIpv6], session.ExtendedNextHops);
        Assert.True(session.RouteRefresh && session.EnhancedRouteRefresh);
        await connection.SendAsync(Samples.Keepalive(), cancellationToken);
        Assert.Equal(BgpMessageType.Keepalive, (await ReadMessageAsync(connection, cancellationToken)).Type);
        await Eventually.True(() => frr.Vtysh("show bgp neighbors eth1 json").Contains("\"bgpState\":\"Established\"", StringComparison.Ordinal), "FRR is established");
    }

    private static async Task<(BgpMessageType Type, byte[] Body)> ReadMessageAsync(IBgpConnection connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[BgpFrame.MaxLength];
        var filled = 0;
        while (true)
        {
            var status = BgpFrame.Read(buffer.AsSpan(0, filled), BgpFrame.MaxLength, out var type, out var length, out _);
            Assert.NotEqual(FrameStatus.Bad, status);
            if (status == FrameStatus.Complete)
            {
                return (type, buffer[BgpFrame.HeaderLength..length]);
            }

            var count = await connection.ReceiveAsync(buffer.AsMemory(filled, filled < BgpFrame.HeaderLength ? BgpFrame.HeaderLength - filled : length - filled), cancellationToken);
            Assert.NotEqual(0, count);
            filled += count;
        }
    }

    private static NamespacePair Raise()
    {
        Require.Root();
        return new NamespacePair();
    }

    private static UnnumberedInterface Open(string ns) => NamespacePair.In(ns, static () => new UnnumberedInterface(Interface, TimeProvider.System));

    private static Socket RawSocket(string? source = null)
    {
        var socket = new Socket(System.Net.Sockets.AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 255);
        socket.Bind(new IPEndPoint(source is null ? IPAddress.IPv6Any : IPAddress.Parse(source), 0));
        return socket;
    }

    private static byte[] Advertisement(ushort lifetime)
    {
        var buffer = new byte[RouterAdvertisement.MaxEncodedLength];
        return buffer[..new RouterAdvertisement { LifetimeSeconds = lifetime }.Encode(buffer)];
    }

    private static async Task<(IpAddr From, RouterAdvertisement Advertisement)> HearAsync(Socket raw, IpAddr? from = null)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(from is null ? 6 : 20));
        var buffer = new byte[1500];
        while (true)
        {
            var received = await raw.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.IPv6Any, 0), deadline.Token);
            var sender = IpAddr.From(((IPEndPoint)received.RemoteEndPoint).Address);
            if (sender == (from ?? sender) && RouterAdvertisement.TryParse(buffer.AsSpan(0, received.ReceivedBytes), out var advertisement, out _))
            {
                return (sender, advertisement);
            }
        }
    }

    /// <summary>The MAC address inside an address made by EUI-64.</summary>
    private static MacAddress Mac(IpAddr address)
    {
        Span<byte> octets = stackalloc byte[16];
        address.WriteTo(octets);
        return MacAddress.FromBytes([(byte)(octets[8] ^ 2), octets[9], octets[10], octets[13], octets[14], octets[15]]);
    }

    /// <summary>Reads what an interface says of its neighbour.</summary>
    private sealed class Watch : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<IpAddr?> _changes;
        private Task<bool>? _next;

        public Watch(UnnumberedInterface unnumbered) => _changes = unnumbered.NeighborsAsync().GetAsyncEnumerator();

        public async Task<IpAddr?> NextAsync()
        {
            _next ??= _changes.MoveNextAsync().AsTask();
            Assert.True(await _next.WaitAsync(TimeSpan.FromSeconds(20)));
            _next = null;
            return _changes.Current;
        }

        public async Task<bool> AnythingWithinAsync(TimeSpan time)
        {
            _next ??= _changes.MoveNextAsync().AsTask();
            return await Task.WhenAny(_next, Task.Delay(time, TimeProvider.System)) == _next;
        }

        public ValueTask DisposeAsync() => _next is null ? _changes.DisposeAsync() : ValueTask.CompletedTask;
    }
}
