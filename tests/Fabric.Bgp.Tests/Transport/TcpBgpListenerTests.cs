using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Transport;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Transport;

/// <summary>Real sockets on loopback.</summary>
public sealed class TcpBgpListenerTests : IAsyncDisposable
{
    private static readonly TcpMd5Key Key = new("first key");
    private static readonly TcpMd5Key OtherKey = new("other key");

    private readonly List<IAsyncDisposable> _listeners = [];
    private readonly Channel<(BgpCaller Caller, IBgpConnection Connection)> _accepted = Channel.CreateUnbounded<(BgpCaller, IBgpConnection)>();

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        while (_accepted.Reader.TryRead(out var accepted))
        {
            accepted.Connection.Dispose();
        }
    }

    [Fact]
    public async Task A_caller_is_told_by_its_address_and_its_octets_pass_both_ways()
    {
        var listener = Listen(static caller => Peer($"{caller.Address}"), "127.0.0.1", "::1");
        foreach (var (endpoint, from) in listener.Endpoints.Zip(["127.0.0.77", "::1"]))
        {
            using var connection = await new TcpBgpConnector().ConnectAsync(To(endpoint) with { LocalAddress = IpAddr.Parse(from) }, CancellationToken.None);
            var (caller, accepted) = await AcceptedAsync();
            using var _ = accepted;
            Assert.Equal((IpAddr.Parse(from), IpAddr.From(endpoint.Address), null), (caller.Address, caller.LocalAddress, caller.Interface));
            Assert.EndsWith($":{caller.Port}", connection.LocalEndpoint, StringComparison.Ordinal);
            Assert.Equal(endpoint.ToString(), accepted.LocalEndpoint);
            await connection.SendAsync(new byte[] { 1, 2, 3 }, CancellationToken.None);
            Assert.Equal([1, 2, 3], await ReadAsync(accepted, 3));
            await accepted.SendAsync([new byte[] { 4 }, new byte[] { 5, 6 }], CancellationToken.None);
            Assert.Equal([4, 5, 6], await ReadAsync(connection, 3));
        }
    }

    [Fact]
    public async Task A_stranger_is_closed_and_the_next_caller_still_served()
    {
        var listener = Listen(static caller => caller.Address == IpAddr.Parse("127.0.0.66") ? null : Peer("127.0.0.1"), "127.0.0.1");
        using var stranger = await new TcpBgpConnector().ConnectAsync(
            To(listener.Endpoints[0]) with { LocalAddress = IpAddr.Parse("127.0.0.66") }, CancellationToken.None);
        Assert.Equal(0, await stranger.ReceiveAsync(new byte[1], CancellationToken.None));
        using var peer = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        var (_, accepted) = await AcceptedAsync();
        accepted.Dispose();
    }

    [Fact]
    public async Task A_lookup_that_fails_costs_only_its_caller()
    {
        var calls = 0;
        var listener = Listen(_ => ++calls == 1 ? throw new InvalidOperationException("fault") : Peer("127.0.0.1"), "127.0.0.1");
        using var unlucky = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        Assert.Equal(0, await unlucky.ReceiveAsync(new byte[1], CancellationToken.None));
        using var lucky = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        var (_, accepted) = await AcceptedAsync();
        accepted.Dispose();
    }

    [Fact]
    public async Task A_disposed_listener_refuses_and_its_connections_stay()
    {
        var listener = Listen(static _ => Peer("127.0.0.1"), "127.0.0.1");
        using var connection = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        var (_, accepted) = await AcceptedAsync();
        using var __ = accepted;
        await listener.DisposeAsync();
        await connection.SendAsync(new byte[] { 9 }, CancellationToken.None);
        Assert.Equal([9], await ReadAsync(accepted, 1));
        var e = await Assert.ThrowsAsync<SocketException>(() => new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1/32")]
    [InlineData("127.0.0.1", "127.0.0.0/8")]
    [InlineData("::1", "::1/128")]
    [InlineData("::1", "::/64")]
    public async Task Only_the_right_md5_key_connects(string address, string peers)
    {
        var listener = Listen(static caller => Peer($"{caller.Address}"), address);
        listener.SetMd5Key(IpPrefix.Parse(peers), Key);
        await NeverConnectsAsync(To(listener.Endpoints[0]) with { Md5Key = OtherKey });
        await NeverConnectsAsync(To(listener.Endpoints[0]));
        await ConnectsAsync(To(listener.Endpoints[0]) with { Md5Key = Key });

        // Keys change while listening.
        listener.SetMd5Key(IpPrefix.Parse(peers), OtherKey);
        await NeverConnectsAsync(To(listener.Endpoints[0]) with { Md5Key = Key });
        await ConnectsAsync(To(listener.Endpoints[0]) with { Md5Key = OtherKey });
        listener.SetMd5Key(IpPrefix.Parse(peers), null);
        listener.SetMd5Key(IpPrefix.Parse(peers), null);
        await ConnectsAsync(To(listener.Endpoints[0]));
    }

    [Fact]
    public async Task The_longest_prefix_decides_about_the_md5_key()
    {
        var listener = Listen(static caller => Peer($"{caller.Address}"), "127.0.0.1");
        listener.SetMd5Key(IpPrefix.Parse("127.0.0.0/8"), Key);
        listener.SetMd5Key(IpPrefix.Parse("127.0.0.5/32"), OtherKey);
        var five = To(listener.Endpoints[0]) with { LocalAddress = IpAddr.Parse("127.0.0.5") };
        await ConnectsAsync(five with { Md5Key = OtherKey });
        await NeverConnectsAsync(five with { Md5Key = Key });
        await ConnectsAsync(To(listener.Endpoints[0]) with { LocalAddress = IpAddr.Parse("127.0.0.6"), Md5Key = Key });
    }

    [Fact]
    public async Task A_key_for_one_ip_version_leaves_the_other_alone()
    {
        var listener = Listen(static caller => Peer($"{caller.Address}"), "127.0.0.1", "::1");
        listener.SetMd5Key(IpPrefix.Parse("0.0.0.0/0"), Key);
        await NeverConnectsAsync(To(listener.Endpoints[0]));
        await ConnectsAsync(To(listener.Endpoints[1]));
    }

    [Fact]
    public void A_kernel_without_md5_is_named_with_a_way_out()
    {
        var missing = new SocketException((int)SocketError.ProtocolOption);
        var e = Assert.IsType<BgpTransportException>(LinuxSocket.Md5Failure(missing, single: true));
        Assert.Equal(BgpTransportProblem.Md5NotSupported, e.Problem);
        Assert.Contains("CONFIG_TCP_MD5SIG", e.Message, StringComparison.Ordinal);
        e = Assert.IsType<BgpTransportException>(LinuxSocket.Md5Failure(missing, single: false));
        Assert.Equal(BgpTransportProblem.Md5PrefixNotSupported, e.Problem);
        var other = new SocketException((int)SocketError.AccessDenied);
        Assert.Same(other, LinuxSocket.Md5Failure(other, single: true));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_caller_with_a_lower_ttl_is_not_heard(string address)
    {
        var listener = Listen(static caller => Peer($"{caller.Address}") with { MinTtl = 255 }, address);
        using var far = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]) with { Ttl = 254 }, CancellationToken.None);
        var (_, fromFar) = await AcceptedAsync();
        using var near = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]) with { Ttl = 255 }, CancellationToken.None);
        var (_, fromNear) = await AcceptedAsync();
        using (fromFar)
        using (fromNear)
        {
            await far.SendAsync(new byte[] { 1 }, CancellationToken.None);
            await near.SendAsync(new byte[] { 2 }, CancellationToken.None);
            Assert.Equal([2], await ReadAsync(fromNear, 1));
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await fromFar.ReceiveAsync(new byte[1], soon.Token));
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_peer_with_a_lower_ttl_is_not_connected_to(string address)
    {
        using var far = new TcpListener(IPAddress.Parse(address), 0);
        far.Server.Ttl = 64;
        far.Start();
        await NeverConnectsAsync(To((IPEndPoint)far.LocalEndpoint) with { MinTtl = 255 });
        var near = Listen(static caller => Peer($"{caller.Address}"), address);
        await ConnectsAsync(To(near.Endpoints[0]) with { MinTtl = 255 });
    }

    [Fact]
    public async Task Link_local_addresses_need_an_interface_that_is_there()
    {
        var peer = Peer("fe80::1");
        var e = await Assert.ThrowsAsync<BgpTransportException>(() => new TcpBgpConnector().ConnectAsync(peer, CancellationToken.None));
        Assert.Equal(BgpTransportProblem.InterfaceNeeded, e.Problem);
        e = await Assert.ThrowsAsync<BgpTransportException>(() => new TcpBgpConnector().ConnectAsync(peer with { Interface = "nosuch0" }, CancellationToken.None));
        Assert.Equal(BgpTransportProblem.NoSuchInterface, e.Problem);
    }

    [Fact]
    public async Task A_gather_send_arrives_whole_and_in_order_at_a_slow_reader()
    {
        var small = new BgpSocketOptions { SendBuffer = 8 * 1024, ReceiveBuffer = 8 * 1024 };
        var listener = Listen(static caller => Peer($"{caller.Address}"), small, "127.0.0.1");
        using var sender = await new TcpBgpConnector(small).ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        var (_, reader) = await AcceptedAsync();
        using var __ = reader;
        var random = new Random(5);
        var buffer = new byte[3_000_000];
        random.NextBytes(buffer);
        var parts = new List<ArraySegment<byte>>();
        for (var at = 0; at < buffer.Length;)
        {
            var length = Math.Min(random.Next(0, 70_000), buffer.Length - at);
            parts.Add(new(buffer, at, length));
            at += length;
        }

        var sending = sender.SendAsync(parts, CancellationToken.None).AsTask();
        var received = new byte[buffer.Length];
        for (var filled = 0; filled < received.Length;)
        {
            Assert.False(sending.IsCompleted && filled < received.Length - 1_000_000, "complete long before the reader has it");
            var count = await reader.ReceiveAsync(received.AsMemory(filled, Math.Min(10_000, received.Length - filled)), CancellationToken.None);
            Assert.NotEqual(0, count);
            filled += count;
        }

        await sending;
        Assert.True(received.AsSpan().SequenceEqual(buffer));
        await sender.SendAsync(parts[..0], CancellationToken.None);
        await sender.SendAsync([new byte[] { 7 }], CancellationToken.None);
        Assert.Equal([7], await ReadAsync(reader, 1));
    }

    [Fact]
    public async Task A_gather_send_that_is_stuck_can_be_cancelled()
    {
        var small = new BgpSocketOptions { SendBuffer = 8 * 1024, ReceiveBuffer = 8 * 1024 };
        var listener = Listen(static caller => Peer($"{caller.Address}"), small, "127.0.0.1");
        using var sender = await new TcpBgpConnector(small).ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        var (_, reader) = await AcceptedAsync();
        using var __ = reader;
        using var cancel = new CancellationTokenSource();
        var sending = sender.SendAsync([new byte[10_000_000], new byte[1]], cancel.Token).AsTask();
        Assert.False(sending.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task Gather_sends_allocate_nothing()
    {
        var listener = Listen(static caller => Peer($"{caller.Address}"), "127.0.0.1");
        using var sender = await new TcpBgpConnector().ConnectAsync(To(listener.Endpoints[0]), CancellationToken.None);
        var (_, reader) = await AcceptedAsync();
        using var __ = reader;
        var parts = new ArraySegment<byte>[] { new(new byte[4096], 0, 100), new(new byte[10]), new(new byte[300]) };
        const int Total = 410;
        var received = new byte[Total];
        using var cancel = new CancellationTokenSource();
        var allocated = 0L;
        const int Rounds = 2000;
        for (var i = -50; i < Rounds; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var send = sender.SendAsync(parts, cancel.Token);
            Assert.True(send.IsCompletedSuccessfully);
            allocated += i < 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            for (var filled = 0; filled < Total;)
            {
                filled += await reader.ReceiveAsync(received.AsMemory(filled), CancellationToken.None);
            }
        }

        Assert.InRange(allocated / (double)Rounds, 0, 8);
    }

    [Fact]
    public void Buffers_are_as_large_as_asked_for()
    {
        Assert.SkipUnless(Environment.UserName == "root", "needs CAP_NET_ADMIN to go beyond the system's limits");
        using var socket = new Socket(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        LinuxSocket.SetBuffers(socket, new BgpSocketOptions { SendBuffer = 3_000_000, ReceiveBuffer = 2_000_000 });

        // The kernel doubles them for its own bookkeeping.
        Assert.Equal((6_000_000, 4_000_000), (socket.SendBufferSize, socket.ReceiveBufferSize));
    }

    private static SpeakerPeerConfig Peer(string address) => new() { Address = IpAddr.Parse(address), RemoteAsn = new Asn(65001) };

    private static SpeakerPeerConfig To(IPEndPoint endpoint) => Peer($"{endpoint.Address}") with { Port = (ushort)endpoint.Port };

    private TcpBgpListener Listen(BgpCallerLookup lookup, params string[] addresses) => Listen(lookup, new BgpSocketOptions(), addresses);

    private TcpBgpListener Listen(BgpCallerLookup lookup, BgpSocketOptions options, params string[] addresses)
    {
        var listener = new TcpBgpListener(addresses.Select(static a => new IPEndPoint(IPAddress.Parse(a), 0)), TimeProvider.System, options);
        _listeners.Add(listener);
        listener.Start(lookup, (caller, _, connection) => _accepted.Writer.TryWrite((caller, connection)));
        return listener;
    }

    private async Task<(BgpCaller Caller, IBgpConnection Connection)> AcceptedAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await _accepted.Reader.ReadAsync(deadline.Token);
    }

    private async Task ConnectsAsync(SpeakerPeerConfig peer)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var connection = await new TcpBgpConnector().ConnectAsync(peer, deadline.Token);
        var (_, accepted) = await AcceptedAsync();
        using var __ = accepted;
        await connection.SendAsync(new byte[] { 1 }, deadline.Token);
        Assert.Equal([1], await ReadAsync(accepted, 1));
    }

    private async Task NeverConnectsAsync(SpeakerPeerConfig peer)
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new TcpBgpConnector().ConnectAsync(peer, soon.Token));
        Assert.False(_accepted.Reader.TryPeek(out _));
    }

    private static async Task<byte[]> ReadAsync(IBgpConnection connection, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[count];
        for (var filled = 0; filled < count;)
        {
            var received = await connection.ReceiveAsync(buffer.AsMemory(filled), deadline.Token);
            Assert.NotEqual(0, received);
            filled += received;
        }

        return buffer;
    }
}
