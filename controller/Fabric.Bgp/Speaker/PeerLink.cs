using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>One TCP connection of a peer: a task that reads and checks, and a task that writes what is queued.</summary>
/// <remarks>
/// The owner never waits for the socket. Routes go past it to the engine, a batch for each read; reading stops while more than
/// <c>octetsInFlight</c> are not in the table yet, and the owner knows by <see cref="IsBehind"/> that the peer is alive all the same.
/// </remarks>
internal sealed class PeerLink : IDisposable
{
    private const int SmallBuffer = 8 << 10;
    private const int BigBuffer = 256 << 10;
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    private readonly IBgpConnection _transport;
    private readonly TimeProvider _time;
    private readonly ChannelWriter<PeerInput> _inbox;
    private readonly EnginePeer _peer;
    private readonly RouteEngine _engine;
    private readonly PeerCounters _counters;
    private readonly Action<string> _onMalformed;
    private readonly AttributeMemo _memo = new();
    private readonly TaskCompletionSource<SessionContext> _context = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abort = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _room = new(0, 1);
    private readonly int _octetsInFlight;
    private readonly bool _records;
    private byte[]? _message;
    private readonly HashSet<AddressFamily> _disabled = [];
    private int _inFlight;
    private bool _waits;
    private long _lastReceived;
    private Task _reader = Task.CompletedTask;
    private Task _writer = Task.CompletedTask;

    public PeerLink(
        int id, IBgpConnection transport, BgpSpeakerOptions options, ChannelWriter<PeerInput> inbox, EnginePeer peer, RouteEngine engine,
        PeerCounters counters, Action<string> onMalformed)
    {
        Id = id;
        _transport = transport;
        _time = options.TimeProvider;
        _inbox = inbox;
        _peer = peer;
        _engine = engine;
        _counters = counters;
        _onMalformed = onMalformed;
        _octetsInFlight = options.OctetsInFlight;
        _records = options.RecordDirectory is not null;
        _lastReceived = _time.GetTimestamp();
        Output = new OutputQueue(_time, counters);
    }

    public int Id { get; }

    public string LocalEndpoint => _transport.LocalEndpoint;

    /// <summary>The own address of the connection; null when the transport has none.</summary>
    public IpAddr? LocalAddress =>
        IPEndPoint.TryParse(LocalEndpoint, out var endPoint) && IpAddr.TryParse(endPoint.Address.ToString().Split('%')[0], out var address, out _) ? address : null;

    /// <summary>What waits to be sent.</summary>
    public OutputQueue Output { get; }

    /// <summary>Whether octets of the peer wait because we are behind: it is alive.</summary>
    public bool IsBehind => Volatile.Read(ref _waits);

    /// <summary>How long nothing has come from the peer.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _lastReceived));

    public void Start()
    {
        _reader = Task.Run(ReadAsync);
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Lets the reader go on behind the OPEN.</summary>
    public void Negotiated(SessionContext context) => _context.TrySetResult(context with { OnLoopback = LocalAddress is not { IsLoopback: false } });

    /// <summary>Lets routes through, as those of this session.</summary>
    public void Established(int generation) => _established.TrySetResult(generation);

    /// <summary>Queues a message; false when nothing more is sent.</summary>
    public bool Send(byte[] message) => Output.Add(message);

    /// <summary>Sends what is queued, tells the peer that nothing follows, waits shortly for its end and disposes.</summary>
    public async Task CloseAsync()
    {
        Output.Complete();
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
        _room.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            await Output.SendAllAsync(_transport, _abort.Token).ConfigureAwait(false);
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
            Post(new PeerEvent.TcpConnectionFails(Id, e.Message));
        }
#pragma warning disable CA1031 // A fault of ours costs this connection, never the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Post(new PeerEvent.TcpConnectionFails(Id, $"internal error: {e}"));
        }
    }

    private async Task ReadMessagesAsync()
    {
        var rest = Array.Empty<byte>();
        var restLength = 0;
        var size = SmallBuffer;
        while (true)
        {
            await RoomAsync().ConfigureAwait(false);
            await _transport.WaitReadableAsync(_closing.Token).ConfigureAwait(false);
            var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(size, restLength + SmallBuffer));
            var handedOn = false;
            try
            {
                rest.AsSpan(0, restLength).CopyTo(buffer);
                var received = await _transport.ReceiveAsync(buffer.AsMemory(restLength), _closing.Token).ConfigureAwait(false);
                if (received == 0)
                {
                    Post(new PeerEvent.TcpConnectionFails(Id, "the peer closed the connection"));
                    return;
                }

                Volatile.Write(ref _lastReceived, _time.GetTimestamp());
                var filled = restLength + received;
                size = filled == buffer.Length ? BigBuffer : received < SmallBuffer / 2 ? SmallBuffer : size;
                RouteBatch? batch = null;
                var start = 0;
                while (true)
                {
                    var context = _context.Task.IsCompletedSuccessfully ? await _context.Task.ConfigureAwait(false) : null;
                    var status = BgpFrame.Read(
                        buffer.AsSpan(start, filled - start), context?.MaxMessageLength ?? BgpFrame.MaxLength, out var type, out var length, out var error);
                    if (status == FrameStatus.Incomplete)
                    {
                        break;
                    }

                    if (status == FrameStatus.Bad)
                    {
                        handedOn = HandOn(batch);
                        PostReceived(new PeerEvent.MessageError(Id, error!));
                        await DiscardAsync().ConfigureAwait(false);
                        return;
                    }

                    var body = new Range(start + BgpFrame.HeaderLength, start + length);
                    if (type != BgpMessageType.Update || context is null)
                    {
                        _counters.CountReceived(type);
                    }

                    _message = _records ? buffer[start..(start + length)] : null;
                    if (type == BgpMessageType.Update && context is not null)
                    {
                        if (!_established.Task.IsCompletedSuccessfully)
                        {
                            // The state machine says whether the peer may send it now.
                            PostReceived(new PeerEvent.UpdateMsg(Id));
                            await _established.Task.WaitAsync(_closing.Token).ConfigureAwait(false);
                        }
                        else if (_records)
                        {
                            PostReceived(new PeerEvent.UpdateMsg(Id));
                        }

                        batch ??= new RouteBatch(_peer, buffer, filled, Finished);
                        if (Scan(buffer, body, context, batch) is { } reset)
                        {
                            handedOn = HandOn(batch);
                            PostReceived(new PeerEvent.MessageError(Id, reset));
                            await DiscardAsync().ConfigureAwait(false);
                            return;
                        }
                    }
                    else
                    {
                        batch ??= new RouteBatch(_peer, buffer, filled, Finished);
                        Receive(type, buffer.AsSpan(body), batch);
                        if (type == BgpMessageType.Open)
                        {
                            // What follows can be decoded only by what the owner makes of this OPEN.
                            await _context.Task.WaitAsync(_closing.Token).ConfigureAwait(false);
                        }
                    }

                    start += length;
                }

                restLength = filled - start;
                if (rest.Length < restLength)
                {
                    rest = new byte[Math.Max(restLength, SmallBuffer)];
                }

                buffer.AsSpan(start, restLength).CopyTo(rest);
                handedOn = HandOn(batch);
            }
            finally
            {
                if (!handedOn)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
    }

    private bool HandOn(RouteBatch? batch)
    {
        if (batch is null || batch.Runs.Count == 0)
        {
            return false;
        }

        // Known only now: what came first in the batch may have come before the session was up.
        batch.Generation = _established.Task.Result;
        Interlocked.Add(ref _inFlight, batch.Octets);
        _engine.Post(batch);
        return true;
    }

    private async Task RoomAsync()
    {
        while (Volatile.Read(ref _inFlight) > _octetsInFlight)
        {
            Volatile.Write(ref _waits, true);
            if (Volatile.Read(ref _inFlight) > _octetsInFlight)
            {
                await _room.WaitAsync(_closing.Token).ConfigureAwait(false);
            }

            Volatile.Write(ref _waits, false);
        }
    }

    /// <summary>A batch is in the table; called by the engine.</summary>
    private void Finished(int octets)
    {
        if (Interlocked.Add(ref _inFlight, -octets) <= _octetsInFlight && Volatile.Read(ref _waits))
        {
            try
            {
                _room.Release();
            }
            catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
            {
                // It was told already, or is closed.
            }
        }
    }

    /// <summary>Takes an UPDATE into the batch. Returns what to send when the session must end.</summary>
    private NotificationMessage? Scan(byte[] buffer, Range body, SessionContext context, RouteBatch batch)
    {
        var scan = UpdateScanner.Scan(buffer.AsSpan(body), context, _memo);
        _counters.CountReceivedUpdate(scan.Problems.Count > 0);
        if (scan.Problems.Count > 0)
        {
            _onMalformed($"{string.Join("; ", scan.Problems.Take(5).Select(static p => p.Text))} ({scan.Action})");
        }

        if (scan.Reset is { } reset)
        {
            return reset;
        }

        if (scan.Action == ErrorAction.DisableFamily && scan.BrokenFamily is { } broken && _disabled.Add(broken) && broken.Index() is { } brokenIndex)
        {
            batch.Runs.Add(new RouteRun(RunKind.Flush, brokenIndex, [], 0, 0, false, null));
        }

        var announce = scan.Action < ErrorAction.TreatAsWithdraw && scan.Attributes is not null ? RunKind.Announce : RunKind.Withdraw;
        Add(batch, buffer, RunKind.Withdraw, AddressFamily.Ipv4Unicast, scan.Ipv4Withdrawn, null, ref scan);
        Add(batch, buffer, RunKind.Withdraw, scan.UnreachFamily, scan.Unreach, null, ref scan);
        Add(batch, buffer, announce, scan.ReachFamily, scan.Reach, scan.Attributes, ref scan);
        if (!scan.Ipv4Announced.IsEmpty)
        {
            var attributes = scan is { HasReach: true, Attributes: { } shared }
                ? new Attributes.PathAttributes(shared) { NextHop = scan.Ipv4NextHop }
                : scan.Attributes;
            Add(batch, buffer, announce, AddressFamily.Ipv4Unicast, scan.Ipv4Announced, attributes, ref scan);
        }

        if (scan.EndOfRib?.Index() is { } complete)
        {
            batch.Runs.Add(new RouteRun(RunKind.EndOfRib, complete, [], 0, 0, false, null));
        }

        return null;
    }

    private void Add(
        RouteBatch batch, byte[] buffer, RunKind kind, AddressFamily family, ReadOnlySpan<byte> routes, Attributes.PathAttributes? attributes, ref UpdateScanner scan)
    {
        if (routes.IsEmpty || family.Index() is not { } index || _disabled.Contains(family))
        {
            return;
        }

        // Where some routes were left out, the others are a copy outside the buffer.
        var (octets, start) = ((ReadOnlySpan<byte>)buffer).Overlaps(routes, out var at) ? (buffer, at) : (routes.ToArray(), 0);
        batch.Runs.Add(new RouteRun(kind, index, octets, start, routes.Length, scan.HasPathIds(family), kind == RunKind.Announce ? attributes : null));
    }

    private void Receive(BgpMessageType type, ReadOnlySpan<byte> body, RouteBatch batch)
    {
        switch (type)
        {
            case BgpMessageType.Open:
                PostReceived(OpenMessage.TryDecode(body, out var open, out var error) ? new PeerEvent.BgpOpen(Id, open) : new PeerEvent.MessageError(Id, error));
                break;
            case BgpMessageType.Update:
                PostReceived(new PeerEvent.UpdateMsg(Id));
                break;
            case BgpMessageType.Notification:
                NotificationMessage.TryDecode(body, out var notification);
                PostReceived(new PeerEvent.NotifMsg(Id, notification));
                break;
            case BgpMessageType.Keepalive:
                PostReceived(new PeerEvent.KeepAliveMsg(Id));
                break;
            default:
                if (body.Length != 4)
                {
                    PostReceived(new PeerEvent.MessageError(Id, new NotificationMessage(BgpError.RouteRefresh, BgpError.InvalidRefreshLength)));
                    break;
                }

                var reader = new WireReader(body);
                var afi = reader.U16();
                var subtype = (RouteRefreshSubtype)reader.U8();
                var family = new AddressFamily(afi, reader.U8());
                if (subtype is RouteRefreshSubtype.Begin or RouteRefreshSubtype.End && _established.Task.IsCompletedSuccessfully && family.Index() is { } index)
                {
                    // In order with the routes around it.
                    var kind = subtype == RouteRefreshSubtype.Begin ? RunKind.BeginOfRefresh : RunKind.EndOfRefresh;
                    batch.Runs.Add(new RouteRun(kind, index, [], 0, 0, false, null));
                }

                PostReceived(new PeerEvent.RouteRefreshMsg(Id, family, subtype));
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

    private void PostReceived(PeerEvent @event) => _inbox.TryWrite(new PeerInput.Received(this, @event, _message));

    private static bool IsTransportFailure(Exception e) =>
        e is OperationCanceledException or System.Net.Sockets.SocketException or IOException or ObjectDisposedException;
}
