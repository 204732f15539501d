using System.Threading.Channels;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>Runs the state machine of one peer: one owner task takes inputs from the inbox, steps, and executes the actions.</summary>
internal sealed class PeerRunner
{
    private readonly BgpSpeakerOptions _options;
    private readonly PeerFsmConfig _fsm;
    private readonly RibWorker _rib;
    private readonly RibPeer _ribPeer;
    private readonly PeerTimers _timers;
    private readonly Channel<PeerInput> _inbox = Channel.CreateUnbounded<PeerInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<int, PeerLink> _links = [];
    private readonly Dictionary<int, CancellationTokenSource> _dialing = [];
    private readonly HashSet<Task> _closing = [];
    private readonly Task _owner;
    private PeerState _state = PeerState.Initial;
    private PeerStatus _status;

    public PeerRunner(SpeakerPeerConfig config, BgpSpeakerOptions options, RibWorker rib)
    {
        Config = config;
        _options = options;
        _rib = rib;
        _ribPeer = new RibPeer(config.Address);
        _fsm = new PeerFsmConfig
        {
            LocalAsn = options.LocalAsn,
            RouterId = options.RouterId,
            RemoteAsn = config.RemoteAsn,
            Families = config.Families,
            HoldTime = config.HoldTime,
            ConnectRetry = config.ConnectRetry,
        };
        _status = new PeerStatus { Config = config, Since = options.TimeProvider.GetUtcNow() };
        _timers = new PeerTimers(options.TimeProvider, timer => _inbox.Writer.TryWrite(new PeerInput.TimerFired(timer)));
        _owner = Task.Run(RunAsync);
    }

    public SpeakerPeerConfig Config { get; private set; }

    public PeerStatus Status => Volatile.Read(ref _status) with { Config = Config, EvpnRoutes = _ribPeer.Routes };

    public void Start() => Post(new PeerEvent.ManualStart());

    /// <summary>Takes over what does not touch the session.</summary>
    public void Rename(SpeakerPeerConfig config) => Config = config;

    public void Restart(NotificationMessage reason) => Post(new PeerEvent.Restart(reason));

    /// <summary>Ends the session with a NOTIFICATION, removes the routes, and completes when connections are closed.</summary>
    public async Task StopAsync(NotificationMessage reason)
    {
        Post(new PeerEvent.ManualStop(reason));
        _inbox.Writer.TryComplete();
        await _owner.ConfigureAwait(false);
    }

    private void Post(PeerEvent @event) => _inbox.Writer.TryWrite(new PeerInput.Fsm(@event));

    private async Task RunAsync()
    {
        await foreach (var input in _inbox.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                Handle(input);
            }
#pragma warning disable CA1031 // A fault of ours costs this session, never the process or other peers.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Report(BgpEventKind.Problem, $"internal error: {e}");
                Post(new PeerEvent.Restart(NotificationMessage.Cease(BgpError.OutOfResources)));
            }
        }

        _timers.Dispose();
        await Task.WhenAll(_closing).ConfigureAwait(false);
    }

    private void Handle(PeerInput input)
    {
        switch (input)
        {
            case PeerInput.Fsm { Event: var e }:
                Step(e, null, null);
                break;
            case PeerInput.TimerFired { Timer: var timer }:
                OnTimer(timer);
                break;
            case PeerInput.Connected { Connection: var id, Transport: var transport }:
                if (!_dialing.Remove(id, out var dial))
                {
                    transport.Dispose();
                    break;
                }

                dial.Dispose();
                var link = new PeerLink(id, transport, _options.TimeProvider, _inbox.Writer, _options.MessagesInFlight);
                _links.Add(id, link);
                link.Start();
                Step(new PeerEvent.TcpCrAcked(id), null, null);
                break;
            case PeerInput.Received { Link: var from, Event: var e, Update: var update }:
                OnReceived(from, e, update);
                break;
        }
    }

    private void OnTimer(PeerTimer timer)
    {
        if (!_timers.Expired(timer))
        {
            return;
        }

        // Messages of the peer wait to be processed: it is alive, only we are behind.
        if (timer == PeerTimer.Hold && _state.Main is { } main && _links.TryGetValue(main.Id, out var link) && link.Pending > 0)
        {
            _timers.Start(PeerTimer.Hold, TimeSpan.FromSeconds(1));
            return;
        }

        Step(PeerEvent.Expiry(timer), null, null);
    }

    private void OnReceived(PeerLink link, PeerEvent e, UpdateMessage? update)
    {
        var current = _links.ContainsKey(link.Id);
        if (current)
        {
            Update(s => s with
            {
                MessagesReceived = s.MessagesReceived + 1,
                UpdatesReceived = s.UpdatesReceived + (update is null ? 0 : 1),
                MalformedUpdates = s.MalformedUpdates + (update is { Problems.IsEmpty: false } ? 1 : 0),
            });
            if (update is { Problems: { IsEmpty: false } problems })
            {
                Report(BgpEventKind.MalformedUpdate, $"{string.Join("; ", problems.Take(5).Select(static p => p.Text))} ({update.Action})");
            }
        }

        if (!Step(e, link, update))
        {
            link.ReturnCredit();
        }
    }

    /// <summary>One step and its actions. True when the UPDATE was handed on and its credit comes back later.</summary>
    private bool Step(PeerEvent e, PeerLink? link, UpdateMessage? update)
    {
        var before = _state;
        var (next, actions) = PeerFsm.Step(_state, e, _fsm);
        _state = next;
        var handedOn = false;
        foreach (var action in actions)
        {
            if (action is PeerAction.InstallRoutes)
            {
                handedOn = Install(link!, update);
            }
            else
            {
                Execute(action);
            }
        }

        if (e is PeerEvent.BgpOpen && link is not null && next.Session is { } session && next.Main?.Id == link.Id)
        {
            link.Negotiated(session.Context);
        }

        if (before.Phase != next.Phase)
        {
            var now = _options.TimeProvider.GetUtcNow();
            Update(s => s with { Phase = next.Phase, Since = now });
        }

        return handedOn;
    }

    private bool Install(PeerLink link, UpdateMessage? update)
    {
        if (update is null || link.EvpnDisabled)
        {
            return false;
        }

        if (update.Action == ErrorAction.DisableFamily)
        {
            link.EvpnDisabled = true;
            _rib.Flush(_ribPeer);
            return false;
        }

        if (update.EndOfRib is { } family)
        {
            // "Complete" may be said only when what came before is in the table.
            _rib.Then(_ribPeer, () =>
            {
                link.ReturnCredit();
                if (family == AddressFamily.L2VpnEvpn)
                {
                    Update(s => s.Phase == PeerPhase.Established ? s with { EvpnComplete = true } : s);
                }

                Report(BgpEventKind.EndOfRib, $"all routes of {family} received");
            });
            return true;
        }

        _rib.Apply(_ribPeer, update, link.ReturnCredit);
        return true;
    }

    private void Execute(PeerAction action)
    {
        switch (action)
        {
            case PeerAction.OpenTcp { Connection: var id }:
                Dial(id);
                break;
            case PeerAction.CloseTcp { Connection: var id }:
                Close(id);
                break;
            case PeerAction.SendOpen { Connection: var id, Message: var open }:
                Send(id, (ref WireWriter w) => open.Encode(ref w));
                break;
            case PeerAction.SendKeepalive { Connection: var id }:
                Send(id, static (ref WireWriter w) => BgpWrite.Keepalive(ref w));
                break;
            case PeerAction.SendNotification { Connection: var id, Message: var notification }:
                Send(id, (ref WireWriter w) => BgpWrite.Notification(ref w, notification));
                break;
            case PeerAction.StartTimer { Timer: var timer, After: var after, Jitter: var jitter }:
                _timers.Start(timer, jitter ? after * (0.75 + (Random.Shared.NextDouble() / 4)) : after);
                break;
            case PeerAction.StopTimer { Timer: var timer }:
                _timers.Stop(timer);
                break;
            case PeerAction.StopAllTimers:
                _timers.StopAll();
                break;
            case PeerAction.SessionUp { Connection: var id, Session: var session }:
                var endpoint = _links[id].LocalEndpoint;
                Update(s => s with
                {
                    RemoteRouterId = session.RemoteRouterId,
                    HoldTime = session.HoldTime,
                    Families = session.Context.Families,
                    LocalEndpoint = endpoint,
                    EstablishedCount = s.EstablishedCount + 1,
                    EvpnComplete = false,
                });
                Report(BgpEventKind.SessionUp, session.PeerOpen.ToString());
                break;
            case PeerAction.SessionDown:
                _rib.Flush(_ribPeer);
                Update(static s => s with { RemoteRouterId = null, HoldTime = null, Families = [], LocalEndpoint = null, EvpnComplete = false });
                Report(BgpEventKind.SessionDown, "session ended");
                break;
            case PeerAction.Report { Reason: var reason }:
                var now = _options.TimeProvider.GetUtcNow();
                Update(s => s with { LastError = reason, LastErrorAt = now });
                Report(BgpEventKind.Problem, reason);
                break;
        }
    }

    private void Dial(int id)
    {
        var cancel = new CancellationTokenSource();
        _dialing.Add(id, cancel);
        _ = DialAsync(id, cancel.Token);
    }

    private async Task DialAsync(int id, CancellationToken cancellationToken)
    {
        try
        {
            var transport = await _options.Connector.ConnectAsync(Config, cancellationToken).ConfigureAwait(false);
            if (!_inbox.Writer.TryWrite(new PeerInput.Connected(id, transport)))
            {
                transport.Dispose();
            }
        }
#pragma warning disable CA1031 // A connector may fail in any way; every way is a failed attempt.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Post(new PeerEvent.TcpConnectionFails(id, $"cannot connect: {e.Message}"));
        }
    }

    private void Close(int id)
    {
        if (_dialing.Remove(id, out var dial))
        {
            dial.Cancel();
            dial.Dispose();
        }

        if (_links.Remove(id, out var link))
        {
            _closing.RemoveWhere(static t => t.IsCompleted);
            _closing.Add(link.CloseAsync());
        }
    }

    private void Send(int id, MessageWriter write)
    {
        if (!_links.TryGetValue(id, out var link))
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[BgpFrame.MaxLength];
        var writer = new WireWriter(buffer);
        write(ref writer);
        if (writer.Failed || !link.Send(writer.Written.ToArray()))
        {
            Post(new PeerEvent.TcpConnectionFails(id, "the peer does not read what is sent"));
            return;
        }

        Update(static s => s with { MessagesSent = s.MessagesSent + 1 });
    }

    private void Report(BgpEventKind kind, string text)
    {
        try
        {
            _options.OnEvent?.Invoke(new BgpEvent(_options.TimeProvider.GetUtcNow(), Config.Address, kind, text));
        }
#pragma warning disable CA1031 // A log that fails must not end a session.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>The status has two writers, the owner and the table's task.</summary>
    private void Update(Func<PeerStatus, PeerStatus> change)
    {
        PeerStatus before;
        do
        {
            before = Volatile.Read(ref _status);
        }
        while (!ReferenceEquals(Interlocked.CompareExchange(ref _status, change(before), before), before));
    }

    private delegate void MessageWriter(ref WireWriter writer);
}
