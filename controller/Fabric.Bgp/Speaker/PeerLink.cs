using System.Threading.Channels;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>One TCP connection of a peer: a task that reads and decodes, and a task that writes what is queued.</summary>
/// <remarks>
/// The owner never waits for the socket. Reading stops while <c>messagesInFlight</c> messages are unprocessed, which bounds
/// the inbox; the owner knows by <see cref="Pending"/> that the peer is alive although its messages still wait.
/// </remarks>
internal sealed class PeerLink : IDisposable
{
    private const int QueuedMessages = 256;
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    private readonly IBgpConnection _transport;
    private readonly TimeProvider _time;
    private readonly ChannelWriter<PeerInput> _inbox;
    private readonly SemaphoreSlim _credits;
    private readonly int _creditLimit;
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(QueuedMessages) { SingleReader = true });
    private readonly TaskCompletionSource<SessionContext> _context = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abort = new();
    private readonly CancellationTokenSource _closing = new();
    private Task _reader = Task.CompletedTask;
    private Task _writer = Task.CompletedTask;

    public PeerLink(int id, IBgpConnection transport, TimeProvider time, ChannelWriter<PeerInput> inbox, int messagesInFlight)
    {
        Id = id;
        _transport = transport;
        _time = time;
        _inbox = inbox;
        _creditLimit = messagesInFlight;
        _credits = new SemaphoreSlim(messagesInFlight);
    }

    public int Id { get; }

    public string LocalEndpoint => _transport.LocalEndpoint;

    /// <summary>Whether a family was given up in this session (RFC 7606 section 2, AFI/SAFI disable).</summary>
    public bool EvpnDisabled { get; set; }

    /// <summary>Messages received that are not processed yet.</summary>
    public int Pending => _creditLimit - _credits.CurrentCount;

    public void Start()
    {
        _reader = Task.Run(ReadAsync);
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Lets the reader go on behind the OPEN.</summary>
    public void Negotiated(SessionContext context) => _context.TrySetResult(context);

    /// <summary>Queues a message; false when the peer does not read and the queue is full.</summary>
    public bool Send(byte[] message) => _outgoing.Writer.TryWrite(message);

    /// <summary>A message was processed.</summary>
    public void ReturnCredit() => _credits.Release();

    /// <summary>Sends what is queued, tells the peer that nothing follows, waits shortly for its end and disposes.</summary>
    public async Task CloseAsync()
    {
        _outgoing.Writer.TryComplete();
        await _closing.CancelAsync().ConfigureAwait(false);
        using var grace = new CancellationTokenSource(CloseGrace, _time);
        await using var _ = grace.Token.Register(_abort.Cancel).ConfigureAwait(false);
        await _writer.ConfigureAwait(false);
        await _reader.ConfigureAwait(false);
        Dispose();
    }

    public void Dispose()
    {
        _transport.Dispose();
        _abort.Dispose();
        _closing.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var message in _outgoing.Reader.ReadAllAsync(_abort.Token).ConfigureAwait(false))
            {
                await _transport.SendAsync(message, _abort.Token).ConfigureAwait(false);
            }

            _transport.ShutdownSend();
        }
        catch (Exception e) when (IsTransportFailure(e))
        {
            Post(new PeerEvent.TcpConnectionFails(Id, $"sending failed: {e.Message}"));
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await ReadMessagesAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            await DiscardAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (IsTransportFailure(e))
        {
            Post(new PeerEvent.TcpConnectionFails(Id, $"receiving failed: {e.Message}"));
        }
#pragma warning disable CA1031 // A fault of ours in reading what a peer sent costs this session, never the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Post(new PeerEvent.TcpConnectionFails(Id, $"internal error while reading: {e}"));
        }
    }

    private async Task ReadMessagesAsync()
    {
        var buffer = new byte[64 * 1024];
        var filled = 0;
        while (true)
        {
            var received = await _transport.ReceiveAsync(buffer.AsMemory(filled), _closing.Token).ConfigureAwait(false);
            if (received == 0)
            {
                Post(new PeerEvent.TcpConnectionFails(Id, "the peer closed the connection"));
                return;
            }

            filled += received;
            var start = 0;
            while (true)
            {
                var maxLength = _context.Task.IsCompletedSuccessfully ? (await _context.Task.ConfigureAwait(false)).MaxMessageLength : BgpFrame.MaxLength;
                var status = BgpFrame.Read(buffer.AsSpan(start, filled - start), maxLength, out var type, out var length, out var error);
                if (status == FrameStatus.Incomplete)
                {
                    break;
                }

                await _credits.WaitAsync(_closing.Token).ConfigureAwait(false);
                if (status == FrameStatus.Bad)
                {
                    PostReceived(new PeerEvent.MessageError(Id, error!), null);
                    await DiscardAsync().ConfigureAwait(false);
                    return;
                }

                Receive(type, buffer.AsSpan(start + BgpFrame.HeaderLength, length - BgpFrame.HeaderLength));
                start += length;
                if (type == BgpMessageType.Open)
                {
                    // What follows can be decoded only by what the owner makes of this OPEN.
                    await _context.Task.WaitAsync(_closing.Token).ConfigureAwait(false);
                }
            }

            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
        }
    }

    private void Receive(BgpMessageType type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BgpMessageType.Open:
                PostReceived(OpenMessage.TryDecode(body, out var open, out var error) ? new PeerEvent.BgpOpen(Id, open) : new PeerEvent.MessageError(Id, error), null);
                break;
            case BgpMessageType.Update when _context.Task.IsCompletedSuccessfully:
                var update = UpdateMessage.Decode(body, _context.Task.Result);
                PostReceived(update.Reset is { } reset ? new PeerEvent.MessageError(Id, reset) : new PeerEvent.UpdateMsg(Id), update);
                break;
            case BgpMessageType.Update:
                PostReceived(new PeerEvent.UpdateMsg(Id), null);
                break;
            case BgpMessageType.Notification:
                NotificationMessage.TryDecode(body, out var notification);
                PostReceived(new PeerEvent.NotifMsg(Id, notification), null);
                break;
            case BgpMessageType.Keepalive:
                PostReceived(new PeerEvent.KeepAliveMsg(Id), null);
                break;
            default:
                var reader = new WireReader(body);
                var afi = reader.U16();
                var subtype = reader.U8();
                var family = new AddressFamily(afi, reader.U8());
                _ = subtype;
                PostReceived(new PeerEvent.RouteRefreshMsg(Id, family), null);
                break;
        }
    }

    /// <summary>Reads on without looking, so that closing does not reset the connection before the peer has our last message.</summary>
    private async Task DiscardAsync()
    {
        try
        {
            var buffer = new byte[4096];
            while (await _transport.ReceiveAsync(buffer, _abort.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception e) when (IsTransportFailure(e))
        {
            // The connection is being closed anyway.
        }
    }

    private void Post(PeerEvent @event) => _inbox.TryWrite(new PeerInput.Fsm(@event));

    private void PostReceived(PeerEvent @event, UpdateMessage? update) => _inbox.TryWrite(new PeerInput.Received(this, @event, update));

    private static bool IsTransportFailure(Exception e) =>
        e is OperationCanceledException or System.Net.Sockets.SocketException or IOException or ObjectDisposedException;
}
