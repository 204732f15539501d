using System.Collections.Immutable;
using System.Threading.Channels;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Record;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>Runs the state machine of one peer: one owner task takes inputs from the inbox, steps, and executes the actions.</summary>
internal sealed class PeerRunner : IEnginePeerEvents
{
    private static readonly TimeSpan UsualSendHold = TimeSpan.FromMinutes(8);

    private readonly BgpSpeakerOptions _options;
    private PeerFsmConfig _fsm;
    private readonly RouteEngine _engine;
    private readonly EnginePeer _peer;
    private readonly PeerCounters _counters = new();
    private readonly PeerTimers _timers;
    private readonly Channel<PeerInput> _inbox = Channel.CreateUnbounded<PeerInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<int, PeerLink> _links = [];
    private readonly Dictionary<int, CancellationTokenSource> _dialing = [];
    private readonly HashSet<Task> _closing = [];
    private readonly SessionRecorder? _recorder;
    private readonly Task _owner;
    private IBgpConnection? _incoming;
    private PeerState _state = PeerState.Initial;
    private PeerStatus _status;
    private int _generation;

    public PeerRunner(SpeakerPeerConfig config, BgpSpeakerOptions options, RouteEngine engine)
    {
        Config = config;
        _options = options;
        _engine = engine;
        _peer = new EnginePeer(config) { Events = this };
        engine.Enter(_peer);
        _fsm = new PeerFsmConfig
        {
            LocalAsn = options.LocalAsn,
            RouterId = options.RouterId,
            RemoteAsn = config.WantedAs,
            Families = config.Families,
            HoldTime = config.HoldTime,
            ConnectRetry = config.ConnectRetry,
            Passive = config.Passive,
            AddPathReceive = config.AddPath,
            AddPathSend = config.AddPath,
            GracefulRestart = config.GracefulRestart,
            Restarting = config.GracefulRestart is not null,
        };
        _recorder = options.RecordDirectory is { } directory
            ? new SessionRecorder(new SessionRecorderOptions { Path = Path.Combine(directory, $"{config.Name.Replace(':', '-')}.jsonl") })
            : null;
        _status = new PeerStatus { Config = config, Since = options.TimeProvider.GetUtcNow() };
        _timers = new PeerTimers(options.TimeProvider, timer => _inbox.Writer.TryWrite(new PeerInput.TimerFired(timer)));
        _owner = Task.Run(RunAsync);
    }

    public SpeakerPeerConfig Config { get; private set; }

    /// <summary>The peer in the engine.</summary>
    public EnginePeer EnginePeer => _peer;

    public PeerStatus Status => Volatile.Read(ref _status) with
    {
        Config = Config,
        RoutesReceived = [.. Enum.GetValues<FamilyIndex>().Select(f => (f.Family(), _peer.Rib.Routes(f)))],
        Received = _counters.Received,
        Sent = _counters.Sent,
        MalformedUpdates = _counters.MalformedUpdates,
    };

    public void Start() => Post(new PeerEvent.ManualStart());

    /// <summary>Takes over what does not touch the session.</summary>
    public void Reconfigure(SpeakerPeerConfig config)
    {
        Config = config;
        _engine.Reconfigure(_peer, config);
    }

    public void RequestRefresh(AddressFamily family) => Post(new PeerEvent.RefreshWanted(family));

    public void Restart(NotificationMessage reason) => Post(new PeerEvent.Restart(reason));

    /// <summary>Takes a connection that the peer has opened.</summary>
    public void Accept(IBgpConnection transport)
    {
        if (!_inbox.Writer.TryWrite(new PeerInput.Accepted(transport)))
        {
            transport.Dispose();
        }
    }

    /// <summary>Ends the session with a NOTIFICATION, removes the routes, and completes when connections are closed.</summary>
    public async Task StopAsync(NotificationMessage reason)
    {
        Post(new PeerEvent.ManualStop(reason));
        _inbox.Writer.TryComplete();
        await _owner.ConfigureAwait(false);
        _engine.Leave(_peer);
    }

    void IEnginePeerEvents.Complete(AddressFamily family)
    {
        if (family == AddressFamily.L2VpnEvpn)
        {
            Update(static s => s.Phase == PeerPhase.Established ? s with { EvpnComplete = true } : s);
        }

        if (_state.Main is { } main)
        {
            Post(new PeerEvent.EndOfRib(main.Id, family));
        }

        Report(BgpEventKind.EndOfRib, $"all routes of {family} received");
    }

    void IEnginePeerEvents.ManyPrefixes(AddressFamily family, int routes, int limit) =>
        Report(BgpEventKind.Problem, $"{routes} routes of {family}, {limit} are allowed");

    void IEnginePeerEvents.TooManyPrefixes(AddressFamily family, int routes, int limit) =>
        Post(new PeerEvent.MaxPrefixesReached(family, limit));

    void IEnginePeerEvents.TooSlow() => Post(new PeerEvent.Restart(NotificationMessage.Cease(BgpError.OutOfResources)));

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

        _recorder?.Dispose();
        _timers.Dispose();
        await Task.WhenAll(_closing).ConfigureAwait(false);
    }

    private void Handle(PeerInput input)
    {
        switch (input)
        {
            case PeerInput.Fsm { Event: var e }:
                Step(e, null);
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
                Open(id, transport);
                Step(new PeerEvent.TcpCrAcked(id), null);
                break;
            case PeerInput.Accepted { Transport: var transport }:
                _incoming = transport;
                Step(new PeerEvent.TcpConnectionConfirmed(), null);
                _incoming?.Dispose();
                _incoming = null;
                break;
            case PeerInput.Received { Link: var from, Event: var e, Octets: var octets }:
                Step(e, from, octets);
                break;
        }
    }

    private void Open(int id, IBgpConnection transport)
    {
        var link = new PeerLink(
            id, transport, _options, _inbox.Writer, _peer, _engine, _counters, text => Report(BgpEventKind.MalformedUpdate, text));
        _links.Add(id, link);
        link.Start();
    }

    private void OnTimer(PeerTimer timer)
    {
        if (!_timers.Expired(timer))
        {
            return;
        }

        if (timer == PeerTimer.Hold && _state.Main is { } main && _links.TryGetValue(main.Id, out var link) && _state.Session is { } session)
        {
            // Routes do not pass here. And octets of the peer that wait to be read show that it is alive, only we are behind.
            var rest = link.IsBehind ? TimeSpan.FromSeconds(1) : session.HoldTime - link.Silence;
            if (rest > TimeSpan.Zero)
            {
                _timers.Start(PeerTimer.Hold, rest);
                return;
            }
        }

        if (timer == PeerTimer.SendHold && SendHoldRest() is { } later)
        {
            _timers.Start(PeerTimer.SendHold, later);
            return;
        }

        Step(PeerEvent.Expiry(timer), null);
    }

    /// <summary>How long the present send may still be stuck; null when that is over (RFC 9687).</summary>
    private TimeSpan? SendHoldRest()
    {
        var limit = SendHold;
        var stuck = _state.Main is { } main && _links.TryGetValue(main.Id, out var link) ? link.Output.Stuck : TimeSpan.Zero;
        return stuck < limit ? limit - stuck : null;
    }

    /// <summary>RFC 9687 section 5: the greater of 8 minutes and twice the hold time, if nothing else is said.</summary>
    private TimeSpan SendHold => Config.SendHold
        ?? (_state.Session is { } session && session.HoldTime * 2 > UsualSendHold ? session.HoldTime * 2 : UsualSendHold);

    /// <summary>One step and its actions.</summary>
    private void Step(PeerEvent e, PeerLink? link, byte[]? octets = null)
    {
        var before = _state;
        var (next, actions) = PeerFsm.Step(_state, e, _fsm);
        _recorder?.Record(_options.TimeProvider.GetUtcNow(), _fsm, before, e, octets, actions);
        _state = next;
        foreach (var action in actions)
        {
            Execute(action);
        }

        if (e is PeerEvent.BgpOpen && link is not null && next.Session is { } session && next.Main?.Id == link.Id)
        {
            link.Negotiated(session.Context);
        }

        if (before.Phase != next.Phase)
        {
            Update(Entered);
        }
    }

    /// <summary>The status with the phase that has been entered. To be shown before anybody is told of it: who is told looks at once.</summary>
    private PeerStatus Entered(PeerStatus status) =>
        status.Phase == _state.Phase ? status : status with { Phase = _state.Phase, Since = _options.TimeProvider.GetUtcNow() };

    private void Execute(PeerAction action)
    {
        switch (action)
        {
            case PeerAction.OpenTcp { Connection: var id }:
                Dial(id);
                break;
            case PeerAction.AcceptTcp { Connection: var id }:
                Open(id, _incoming!);
                _incoming = null;
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
                OnUp(_links[id], session);
                break;
            case PeerAction.PurgeStale { Families: var families }:
                foreach (var family in families)
                {
                    _engine.PurgeStale(_peer, family);
                }

                break;
            case PeerAction.SessionDown { Keep: var keep }:
                _engine.Down(_peer, keep);
                Update(s => Entered(s) with { RemoteRouterId = null, SessionAsn = null, HoldTime = null, Families = [], TakesRefresh = false, LocalEndpoint = null, EvpnComplete = false });
                Report(BgpEventKind.SessionDown, "session ended");
                break;
            case PeerAction.ResendRoutes { Family: var family }:
                _engine.Resend(_peer, family);
                break;
            case PeerAction.SendRouteRefresh { Connection: var id, Family: var family }:
                Send(id, (ref WireWriter w) => BgpWrite.RouteRefresh(ref w, family, (byte)RouteRefreshSubtype.Request));
                break;
            case PeerAction.PurgeAwaited { Families: var families }:
                foreach (var family in families)
                {
                    _engine.EndRefresh(_peer, family);
                    Report(BgpEventKind.Problem, $"the route refresh of {family} did not end within {_fsm.RefreshTime.TotalSeconds:0} s; routes that were not repeated go (RFC 7313)");
                }

                break;
            case PeerAction.Report { Reason: var reason }:
                var now = _options.TimeProvider.GetUtcNow();
                Update(s => s with { LastError = reason, LastErrorAt = now });
                Report(BgpEventKind.Problem, reason);
                break;
        }
    }

    private void OnUp(PeerLink link, NegotiatedSession session)
    {
        Update(s => Entered(s) with
        {
            RemoteRouterId = session.RemoteRouterId,
            SessionAsn = new Asn(session.PeerOpen.AsNumber),
            HoldTime = session.HoldTime,
            Families = session.Context.Families,
            TakesRefresh = session.RouteRefresh,
            LocalEndpoint = link.LocalEndpoint,
            EstablishedCount = s.EstablishedCount + 1,
            EvpnComplete = false,
        });
        var local = link.LocalAddress ?? _options.RouterId;
        _fsm = _fsm.Restarting ? _fsm with { Restarting = false } : _fsm;
        _generation++;
        var engineSession = new EngineSession(session.RemoteRouterId, session.Context, local, link.Output)
        {
            Ipv4OverIpv6 = session.ExtendedNextHops.Contains(ExtendedNextHop.Ipv4OverIpv6),
            EnhancedRefresh = session.EnhancedRouteRefresh,
        };
        _engine.Up(_peer, _generation, engineSession);
        _timers.Start(PeerTimer.SendHold, SendHold);
        link.Established(_generation);
        Report(BgpEventKind.SessionUp, session.PeerOpen.ToString());
        if (session.Context.Families.Contains(AddressFamily.Ipv4Unicast) && UpdateGroupKey.Of(FamilyIndex.Ipv4, Config, engineSession).IsMute)
        {
            Report(BgpEventKind.Problem, "no ipv4-unicast route is sent: the peer takes no IPv6 next hops (RFC 8950) and there is no own IPv4 next hop; configure one (next-hop-ipv4)");
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
            Post(new PeerEvent.TcpConnectionFails(id, "the connection takes nothing more"));
        }
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

    /// <summary>The status has two writers, the owner and the engine.</summary>
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
