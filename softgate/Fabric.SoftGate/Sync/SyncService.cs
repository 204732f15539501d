using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Health;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Sync;

/// <summary>Numbers of the session to the partner.</summary>
/// <param name="Sent">Sessions and ends told.</param>
/// <param name="Lost">Events that had no room; the next pass told them.</param>
/// <param name="Taken">Sessions taken, new or changed.</param>
/// <param name="Forgotten">Sessions that have ended there.</param>
/// <param name="Refused">Sessions whose ports another one has here, or that the table has no room for.</param>
/// <param name="Unknown">Sessions of VPCs, pools or back ends that are not here.</param>
internal sealed record SyncNumbers(long Sent, long Lost, long Taken, long Forgotten, long Refused, long Unknown);

/// <summary>
/// Keeps the partner's sessions beside the own ones, and tells it those. <see cref="Follow"/>, <see cref="Rejoin"/> and what <see cref="Changed"/>
/// says are of the agent's loop; the sessions pass by it.
/// </summary>
internal sealed class SyncService : IAsyncDisposable
{
    private const int BatchSize = 512;
    private const int MostPasses = 4;
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(100);

    private readonly SyncSettings _settings;
    private readonly SessionStore _store;
    private readonly Action<Action> _post;
    private readonly Action<string> _log;
    private readonly EventReader _events;
    private readonly Thread _reader;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _alone;
    private volatile SyncOutbox? _outbox;
    private (IpAddr Own, IpAddr Partner, string OwnName, string PartnerName, int PartnerUid)? _pair;
    private CancellationTokenSource? _pairStop;
    private Task _link = Task.CompletedTask;
    private readonly ConcurrentDictionary<BackendName, bool> _health = [];
    private long _sent;
    private long _lost;
    private long _taken;
    private long _forgotten;
    private long _refused;
    private long _unknown;

    /// <param name="settings">Settings.</param>
    /// <param name="path">The loaded data path.</param>
    /// <param name="post">Does something on the agent's loop.</param>
    /// <param name="log">Takes lines for the log; called from any thread, must be quick.</param>
    internal SyncService(SyncSettings settings, DataPathObject path, Action<Action> post, Action<string> log)
    {
        (_settings, _post, _log) = (settings, post, log);
        _store = new SessionStore(path, settings.Time);
        _events = new EventReader(path, "session_events", Tell);
        _alone = settings.Time.CreateTimer(_ => post(() => SetReady("there is no partner to be heard")), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _reader = new Thread(ReadEvents) { Name = "sessions", IsBackground = true };
        _reader.Start();
    }

    /// <summary>Whether the node has the sessions of the VPCs that it owns, and may take them: the partner has told all, or is not there.</summary>
    internal bool IsReady { get; private set; }

    /// <summary>Whether the partner is connected.</summary>
    internal bool IsConnected { get; private set; }

    /// <summary>Told when <see cref="IsReady"/> or <see cref="IsConnected"/> has changed.</summary>
    internal Action? Changed { get; set; }

    /// <summary>Takes what the partner's health checks have found, on the agent's loop.</summary>
    internal Action<BackendName, bool>? HealthHeard { get; set; }

    /// <summary>Numbers since the start.</summary>
    internal SyncNumbers Numbers => new(
        Interlocked.Read(ref _sent), Interlocked.Read(ref _lost) + (_outbox?.Lost ?? 0), Interlocked.Read(ref _taken),
        Interlocked.Read(ref _forgotten), Interlocked.Read(ref _refused), Interlocked.Read(ref _unknown));

    /// <summary>A state is in force: the maps have it.</summary>
    internal void Follow(SoftGateState state)
    {
        _store.Renew();
        var balancers = state.Balancers.Select(b => b.Uid).ToHashSet();
        foreach (var backend in _health.Keys.Where(b => !balancers.Contains(b.Balancer)))
        {
            _health.TryRemove(backend, out _);
        }

        (IpAddr, IpAddr, string, string, int)? pair = state.Partner is { } partner ? (state.Node.Loopback, partner.Loopback, state.Node.Name, partner.Name, partner.Uid) : null;
        if (pair == _pair && (pair is not null || IsReady))
        {
            return;
        }

        var isFirst = _pair is null && !IsReady;
        _pair = pair;
        var before = (Stop: _pairStop, Link: _link);
        before.Stop?.Cancel();
        _pairStop = null;
        if (pair is null)
        {
            SetReady("there is no partner");
            return;
        }

        Rejoin();
        if (isFirst && _store.HasAny)
        {
            // The agent was away, not the node: its VPCs have stayed here.
            SetReady("the data path has gone on");
        }

        _pairStop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var stop = _pairStop.Token;
        _link = Task.Run(async () =>
        {
            await before.Link;
            before.Stop?.Dispose();
            await LinkAsync(pair.Value, stop);
        });
    }

    /// <summary>The node has been away from the fabric, and the partner has had its VPCs: it may take them back when it has their sessions.</summary>
    internal void Rejoin()
    {
        if (_pair is null)
        {
            return;
        }

        if (IsReady)
        {
            IsReady = false;
            Changed?.Invoke();
        }

        _alone.Change(_settings.AloneAfter, Timeout.InfiniteTimeSpan);
        _outbox?.Offer(new SyncMessage.Want());
    }

    /// <summary>What a health check of this node has found; the partner is told what it does not know.</summary>
    internal void TellHealth(BackendName backend, bool well)
    {
        if (!_health.TryGetValue(backend, out var told) || told != well)
        {
            _health[backend] = well;
            _outbox?.Offer(new SyncMessage.Health(backend, well));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _alone.DisposeAsync();
        await _link;
        _pairStop?.Dispose();
        _reader.Join();
        _events.Dispose();
        _stop.Dispose();
    }

    private void SetReady(string why)
    {
        _alone.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!IsReady)
        {
            IsReady = true;
            _log($"ready: {why}");
            Changed?.Invoke();
        }
    }

    private void SetConnected(bool connected) => _post(() =>
    {
        if (IsConnected != connected)
        {
            IsConnected = connected;
            if (!IsReady)
            {
                // Who talks is waited for; who stops talking before the end is not waited for longer than one who never came.
                _alone.Change(connected ? Timeout.InfiniteTimeSpan : _settings.AloneAfter, Timeout.InfiniteTimeSpan);
            }

            Changed?.Invoke();
        }
    });

    private void ReadEvents()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _events.Poll(PollTime);
            }
            catch (Exception e) when (e is InvalidOperationException or KernelException)
            {
                _log($"{(e.InnerException ?? e).Message}");
            }
        }
    }

    private void Tell(ReadOnlySpan<byte> record)
    {
        if (_outbox is { } outbox && _store.Told(record) is { } message)
        {
            outbox.Offer(message);
        }
    }

    /// <summary>Keeps a connection to the partner until the end.</summary>
    private async Task LinkAsync((IpAddr Own, IpAddr Partner, string OwnName, string PartnerName, int PartnerUid) pair, CancellationToken stop)
    {
        var said = "";
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var socket = await (pair.Own < pair.Partner ? DialAsync(pair.Own, pair.Partner, stop) : AcceptAsync(pair.Own, pair.Partner, stop));
                socket.NoDelay = true;
                await TalkAsync(socket, pair, stop);
                said = "";
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or System.Security.Authentication.AuthenticationException or KernelException)
            {
                var why = e is OperationCanceledException ? "the partner is silent" : e.Message;
                if (why != said)
                {
                    _log($"{pair.PartnerName}: {why}");
                    said = why;
                }
            }

            try
            {
                await Task.Delay(_settings.ConnectRetry, _settings.Time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<Socket> DialAsync(IpAddr own, IpAddr partner, CancellationToken stop)
    {
        var socket = New(own);
        try
        {
            socket.Bind(new IPEndPoint(own.ToIPAddress(), 0));
            using var late = Late(stop);
            await socket.ConnectAsync(new IPEndPoint(partner.ToIPAddress(), _settings.Port), late.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Socket> AcceptAsync(IpAddr own, IpAddr partner, CancellationToken stop)
    {
        using var listener = New(own);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
        listener.Bind(new IPEndPoint(own.ToIPAddress(), _settings.Port));
        listener.Listen(1);
        while (true)
        {
            var socket = await listener.AcceptAsync(stop);
            if (socket.RemoteEndPoint is IPEndPoint { Address: { } address } && IpAddr.From(address) == partner)
            {
                return socket;
            }

            socket.Dispose();
        }
    }

    private static Socket New(IpAddr own) => new(own.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);

    private Deadline Late(CancellationToken stop) => new(_settings.Silence, _settings.Time, stop);

    private async Task TalkAsync(Socket socket, (IpAddr Own, IpAddr Partner, string OwnName, string PartnerName, int PartnerUid) pair, CancellationToken stop)
    {
        Stream stream = new NetworkStream(socket);
        if (_settings.Secure is { } secure)
        {
            using var late = Late(stop);
            stream = await secure(stream, pair.Own > pair.Partner, pair.PartnerUid, late.Token);
        }

        await using var owned = stream;
        using var outbox = new SyncOutbox(_settings.QueueLength);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        outbox.Offer(new SyncMessage.Hello(SyncCodec.Version, pair.OwnName));
        outbox.Offer(new SyncMessage.Want());
        var writing = WriteAsync(stream, outbox, end.Token);
        try
        {
            var reading = ReadAsync(stream, outbox, pair.PartnerName, end.Token);
            await await Task.WhenAny(reading, writing);
        }
        finally
        {
            _outbox = null;
            SetConnected(false);
            await end.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Add(ref _lost, outbox.Lost);
        }
    }

    private async Task WriteAsync(Stream stream, SyncOutbox outbox, CancellationToken stop)
    {
        var batch = new List<SyncMessage>(BatchSize);
        var buffer = new ArrayBufferWriter<byte>();
        var passed = (At: _settings.Time.GetTimestamp(), Clock: _store.Now);
        while (true)
        {
            if (_settings.Time.GetElapsedTime(passed.At) >= _settings.Pass && outbox.Passes == 0)
            {
                var since = passed.Clock;
                passed = (_settings.Time.GetTimestamp(), _store.Now);
                outbox.Add(_store.All(since));
            }

            batch.Clear();
            outbox.Take(batch, BatchSize);
            if (batch.Count == 0)
            {
                await outbox.WaitAsync(_settings.Silence / 4, stop);
                outbox.Take(batch, BatchSize);
                if (batch.Count == 0)
                {
                    batch.Add(new SyncMessage.Alive());
                }
            }

            buffer.ResetWrittenCount();
            foreach (var message in batch)
            {
                SyncCodec.Write(buffer, message);
            }

            using var late = Late(stop);
            await stream.WriteAsync(buffer.WrittenMemory, late.Token);
            Interlocked.Add(ref _sent, batch.Count(m => m is SyncMessage.Session or SyncMessage.Closed));
        }
    }

    private async Task ReadAsync(Stream stream, SyncOutbox outbox, string partner, CancellationToken stop)
    {
        var buffer = new byte[64 << 10];
        var (filled, greeted) = (0, false);
        while (true)
        {
            using var late = Late(stop);
            var count = await stream.ReadAsync(buffer.AsMemory(filled), late.Token);
            if (count == 0)
            {
                throw new IOException("the partner has closed the connection");
            }

            filled += count;
            var used = Take(buffer.AsSpan(0, filled), outbox, partner, ref greeted);
            buffer.AsSpan(used, filled - used).CopyTo(buffer);
            filled -= used;
        }
    }

    /// <summary>Takes the messages that are there.</summary>
    /// <returns>Octets that they had.</returns>
    private int Take(ReadOnlySpan<byte> input, SyncOutbox outbox, string partner, ref bool greeted)
    {
        var rest = input;
        while (SyncCodec.TryRead(ref rest, out var message, out var error) || error is not null)
        {
            if (error is not null)
            {
                throw new IOException($"what the partner says is not understood: {error}");
            }

            if (!greeted)
            {
                Greet(message!, partner);
                greeted = true;
                _outbox = outbox;
                SetConnected(true);
                continue;
            }

            Take(message!, outbox);
        }

        return input.Length - rest.Length;
    }

    private static void Greet(SyncMessage message, string partner)
    {
        if (message is not SyncMessage.Hello hello)
        {
            throw new IOException("the partner does not say who it is");
        }

        if (hello.Version != SyncCodec.Version)
        {
            throw new IOException($"the partner speaks version {hello.Version}, this node {SyncCodec.Version}: upgrade both");
        }

        if (hello.Node != partner)
        {
            throw new IOException($"this is {hello.Node}, not the partner {partner}");
        }
    }

    private void Take(SyncMessage message, SyncOutbox outbox)
    {
        switch (message)
        {
            case SyncMessage.Session m:
                Count(_store.Take(m.Record));
                break;
            case SyncMessage.Closed m:
                Count(_store.Forget(m.Name));
                break;
            case SyncMessage.Want when outbox.Passes >= MostPasses:
                throw new IOException("the partner wants all sessions too often");
            case SyncMessage.Want:
                outbox.Add(_store.All().Concat(_health.Select(h => new SyncMessage.Health(h.Key, h.Value))).Append(new SyncMessage.Complete()));
                break;
            case SyncMessage.Health m:
                _post(() => HealthHeard?.Invoke(m.Backend, m.Well));
                break;
            case SyncMessage.Complete:
                _post(() => SetReady("the partner has told its sessions"));
                break;
            case SyncMessage.Hello:
                throw new IOException("the partner says twice who it is");
        }
    }

    private void Count(TakeResult? result)
    {
        switch (result)
        {
            case TakeResult.Added or TakeResult.Merged:
                Interlocked.Increment(ref _taken);
                break;
            case TakeResult.Forgotten:
                Interlocked.Increment(ref _forgotten);
                break;
            case TakeResult.Unknown:
                break;
            case null:
                Interlocked.Increment(ref _unknown);
                break;
            default:
                Interlocked.Increment(ref _refused);
                break;
        }
    }

    /// <summary>The end of waiting: when it is over, or too late.</summary>
    private sealed class Deadline : IDisposable
    {
        private readonly CancellationTokenSource _late;
        private readonly CancellationTokenSource _either;

        internal Deadline(TimeSpan most, TimeProvider time, CancellationToken stop)
        {
            _late = new(most, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(stop, _late.Token);
        }

        internal CancellationToken Token => _either.Token;

        public void Dispose()
        {
            _either.Dispose();
            _late.Dispose();
        }
    }
}
