using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Speaker;

/// <summary>Peers without a network: each connection the speaker opens comes out here, to be played by the test with the product's own codec.</summary>
internal sealed class FakePeers : IBgpConnector
{
    private readonly ConcurrentDictionary<IpAddr, Channel<FakeConnection>> _accepted = [];

    /// <summary>Peers that refuse connections, with the reason.</summary>
    public ConcurrentDictionary<IpAddr, string> Refusing { get; } = [];

    /// <summary>What connections say of their own end.</summary>
    public string LocalEndpoint { get; set; } = "near";

    /// <summary>Attempts to connect, refused ones included.</summary>
    public ConcurrentDictionary<IpAddr, int> Attempts { get; } = [];

    public Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken)
    {
        Attempts.AddOrUpdate(peer.Address, 1, static (_, n) => n + 1);
        if (Refusing.TryGetValue(peer.Address, out var reason))
        {
            throw new IOException(reason);
        }

        var connection = new FakeConnection(LocalEndpoint);
        Accepted(peer.Address).Writer.TryWrite(connection);
        return Task.FromResult<IBgpConnection>(connection.Near);
    }

    public async Task<FakeConnection> AcceptAsync(IpAddr peer)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await Accepted(peer).Reader.ReadAsync(deadline.Token);
    }

    private Channel<FakeConnection> Accepted(IpAddr peer) => _accepted.GetOrAdd(peer, static _ => Channel.CreateUnbounded<FakeConnection>());
}

/// <summary>The far end of a connection.</summary>
internal sealed class FakeConnection
{
    private readonly Pipe _toSpeaker = new();
    private readonly Pipe _fromSpeaker = new();

    public FakeConnection(string localEndpoint = "near") => Near = new End(_toSpeaker.Reader, _fromSpeaker.Writer, localEndpoint);

    public End Near { get; }

    public async Task SendAsync(byte[] bytes) => await _toSpeaker.Writer.WriteAsync(bytes);

    public void Close() => _toSpeaker.Writer.Complete();

    /// <summary>The next message, or null when the speaker has closed.</summary>
    public async Task<(BgpMessageType Type, byte[] Body)?> ReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var result = await _fromSpeaker.Reader.ReadAsync(deadline.Token);
            var bytes = result.Buffer.Length > 100_000 ? throw new InvalidOperationException("too much") : System.Buffers.BuffersExtensions.ToArray(result.Buffer);
            var status = BgpFrame.Read(bytes, BgpFrame.MaxLength, out var type, out var length, out _);
            if (status == FrameStatus.Complete)
            {
                _fromSpeaker.Reader.AdvanceTo(result.Buffer.GetPosition(length));
                return (type, bytes[BgpFrame.HeaderLength..length]);
            }

            Assert.NotEqual(FrameStatus.Bad, status);
            if (result.IsCompleted)
            {
                Assert.Empty(bytes);
                return null;
            }

            _fromSpeaker.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    public async Task<byte[]> ExpectAsync(BgpMessageType type)
    {
        var message = await ReceiveAsync();
        Assert.NotNull(message);
        Assert.Equal(type, message.Value.Type);
        return message.Value.Body;
    }

    /// <summary>Skips KEEPALIVEs up to a NOTIFICATION, behind which the speaker must close.</summary>
    public async Task<NotificationMessage> ExpectNotificationAsync()
    {
        while (true)
        {
            var message = await ReceiveAsync();
            Assert.NotNull(message);
            if (message.Value.Type == BgpMessageType.Notification)
            {
                Assert.True(NotificationMessage.TryDecode(message.Value.Body, out var notification));
                Assert.Null(await ReceiveAsync());
                return notification;
            }

            Assert.Equal(BgpMessageType.Keepalive, message.Value.Type);
        }
    }

    public async Task EstablishAsync(OpenMessage? open = null)
    {
        await ExpectAsync(BgpMessageType.Open);
        await SendAsync(Samples.Encode(open ?? Samples.PeerOpen()));
        await ExpectAsync(BgpMessageType.Keepalive);
        await SendAsync(Samples.Keepalive());
    }

    internal sealed class End(PipeReader reader, PipeWriter writer, string localEndpoint) : IBgpConnection
    {
        public string LocalEndpoint => localEndpoint;

        public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var count = (int)Math.Min(buffer.Length, result.Buffer.Length);
            var taken = result.Buffer.Slice(0, count);
            System.Buffers.BuffersExtensions.CopyTo(taken, buffer.Span);
            reader.AdvanceTo(taken.End);
            return count;
        }

        public ValueTask WaitReadableAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => await writer.WriteAsync(data, cancellationToken);

        public async ValueTask SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken)
        {
            foreach (var part in parts)
            {
                await SendAsync(part, cancellationToken);
            }
        }

        public void ShutdownSend() => writer.Complete();

        public void Dispose()
        {
            writer.Complete();
            reader.Complete();
        }
    }
}
