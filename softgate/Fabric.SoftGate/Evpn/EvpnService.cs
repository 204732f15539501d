using System.Threading.Channels;
using Fabric.Bgp;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Vtep;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Evpn;

/// <summary>
/// The node as a VTEP: says in EVPN what its state says, and tells where hosts and prefixes are. All members are to be called on the agent's loop,
/// and all that it tells is told there.
/// </summary>
/// <remarks>
/// Ending the process without <see cref="DisposeAsync"/> leaves peers that do graceful restart with the routes, as a restart wants it; ending this
/// takes them back.
/// </remarks>
internal sealed class EvpnService : IAsyncDisposable
{
    private readonly Channel<Func<Task>> _work = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly EvpnSettings _settings;
    private readonly Action<Action> _post;
    private readonly Action<string> _log;
    private readonly OverlayRoutes _routes;
    private readonly ITimer _late;
    private readonly Task _worker;
    private EvpnPlan? _plan;
    private int _generation;
    private IReadOnlyCollection<SpeakerPeerConfig> _peers = [];

    // The worker's.
    private Role? _role;
    private volatile BgpSpeaker? _speaker;

    /// <param name="settings">Settings.</param>
    /// <param name="learn">Gets what is learnt.</param>
    /// <param name="post">Does something on the agent's loop.</param>
    /// <param name="log">Takes lines for the log; called from any thread, must be quick.</param>
    internal EvpnService(EvpnSettings settings, ILearn learn, Action<Action> post, Action<string> log)
    {
        (_settings, _post, _log) = (settings, post, log);
        _routes = new OverlayRoutes(learn);
        _late = settings.Time.CreateTimer(_ => _work.Writer.TryWrite(() => CheckCompleteAsync(late: true)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _worker = Task.Run(WorkAsync);
    }

    /// <summary>Established sessions.</summary>
    internal int Sessions { get; private set; }

    /// <summary>Whether everything that peers have to say has been learnt at least once: what is in the maps beyond that is of an earlier run.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>Hosts and prefixes that are learnt.</summary>
    internal int Routes => _routes.Count;

    /// <summary>The peers at this moment.</summary>
    internal IReadOnlyList<PeerStatus> Peers => _speaker?.Peers ?? [];

    /// <summary>Told when <see cref="Sessions"/> or <see cref="IsComplete"/> has changed.</summary>
    internal Action? Changed { get; set; }

    /// <summary>A state is in force: the maps have it.</summary>
    internal void Follow(SoftGateState state)
    {
        var (before, plan) = (_plan, EvpnPlan.Of(state));
        if (before is not null && before.Identity != plan.Identity)
        {
            // Another node, to the peers.
            _work.Writer.TryWrite(EndRoleAsync);
            _generation++;
            _routes.Reset();
            (before, _peers) = (null, []);
        }

        _routes.Configure(state);
        var events = EvpnPlan.Events(before, plan);
        var peers = plan.Peers(_settings);
        var generation = _generation;
        var begin = before is null ? new Func<Role>(() => new Role(this, plan.Identity, generation)) : null;
        if (begin is not null || events.Count > 0 || !peers.SequenceEqual(_peers))
        {
            _work.Writer.TryWrite(() => SayAsync(begin, events, peers));
        }

        if (_plan is null)
        {
            _late.Change(_settings.CompleteAfter, Timeout.InfiniteTimeSpan);
        }

        (_plan, _peers) = (plan, peers);
    }

    /// <summary>Ends the sessions and takes the routes back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _late.DisposeAsync();
        _work.Writer.TryWrite(EndRoleAsync);
        _work.Writer.TryComplete();
        await _worker;
    }

    private async Task WorkAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            try
            {
                await work();
            }
            catch (Exception e) when (e is ArgumentException or ObjectDisposedException or InvalidOperationException)
            {
                _log($"{e.Message}");
            }
        }
    }

    /// <summary>What is local is told before the peers: at the end of what is told, they drop what they have kept of an earlier run.</summary>
    private async Task SayAsync(Func<Role>? begin, IReadOnlyList<VtepEvent> events, IReadOnlyCollection<SpeakerPeerConfig> peers)
    {
        if (begin is not null)
        {
            _role = begin();
            _speaker = _role.Speaker;
        }

        if (_role is { } role)
        {
            await role.Vtep.ApplyAsync(events);
            role.Speaker.SetPeers(peers);
        }
    }

    private async Task EndRoleAsync()
    {
        if (_role is { } role)
        {
            (_role, _speaker) = (null, null);
            await role.DisposeAsync();
            CountSessions();
        }
    }

    private void OnEvent(BgpEvent e)
    {
        if (e.Kind is BgpEventKind.SessionUp or BgpEventKind.SessionDown)
        {
            CountSessions();
        }

        if (e.Kind is BgpEventKind.EndOfRib)
        {
            _work.Writer.TryWrite(() => CheckCompleteAsync(late: false));
        }
        else
        {
            _log($"{e.Peer}: {e.Text}");
        }
    }

    private void CountSessions() => _post(() =>
    {
        var sessions = Peers.Count(p => p.Phase == PeerPhase.Established);
        if (sessions != Sessions)
        {
            Sessions = sessions;
            Changed?.Invoke();
        }
    });

    /// <summary>When all peers that are there have told everything, the tables of this version have it. The reader may be there already.</summary>
    private async Task CheckCompleteAsync(bool late)
    {
        if (_role is { IsTold: false } role
            && (late || role.Speaker.Peers.Where(p => p.Phase == PeerPhase.Established).ToList() is { Count: > 0 } peers && peers.TrueForAll(p => p.EvpnComplete)))
        {
            role.IsTold = true;
            var version = await role.Vtep.CaughtUpAsync();
            _post(() =>
            {
                role.CompleteAt = version;
                CompleteIfTaken(role);
            });
        }
    }

    private void CompleteIfTaken(Role role)
    {
        if (!IsComplete && _generation == role.Generation && role.InSyncAt >= role.CompleteAt)
        {
            IsComplete = true;
            Changed?.Invoke();
        }
    }

    /// <summary>Reads on only after the loop has taken what was read: the loop sets the pace.</summary>
    private async Task FollowAsync(Role role, CancellationToken stop)
    {
        try
        {
            await foreach (var batch in role.Vtep.WatchAsync(cancellationToken: stop))
            {
                var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _post(() =>
                {
                    try
                    {
                        Take(role, batch);
                    }
                    finally
                    {
                        taken.SetResult();
                    }
                });
                await taken.Task.WaitAsync(stop);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The role ends.
        }
    }

    private void Take(Role role, VtepChanges batch)
    {
        if (_generation != role.Generation)
        {
            return;
        }

        foreach (var change in batch.Changes)
        {
            _routes.Apply(change);
        }

        if (batch.InSync)
        {
            role.InSyncAt = batch.Version;
            CompleteIfTaken(role);
        }
    }

    /// <summary>A speaker with the VTEP role, and who reads it.</summary>
    private sealed class Role : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _reader;

        internal Role(EvpnService service, EvpnIdentity identity, int generation)
        {
            Generation = generation;
            var settings = service._settings;
            Speaker = new BgpSpeaker(new()
            {
                LocalAsn = identity.Asn,
                RouterId = identity.RouterId,
                Connector = settings.Connector,
                TimeProvider = settings.Time,
                OnEvent = service.OnEvent,
            });
            Vtep = new VtepSpeaker(Speaker, new() { Addresses = [identity.ServiceVtep], RouterMac = identity.RouterMac }, n => service._log($"{n}"));
            _reader = service.FollowAsync(this, _stop.Token);
        }

        /// <summary>Which role it is: rows of one that has ended are nobody's.</summary>
        internal int Generation { get; }

        internal BgpSpeaker Speaker { get; }

        internal VtepSpeaker Vtep { get; }

        /// <summary>Whether peers have told everything. The worker's.</summary>
        internal bool IsTold { get; set; }

        /// <summary>The version of the tables that has all of it. The loop's.</summary>
        internal long CompleteAt { get; set; } = long.MaxValue;

        /// <summary>The last version at which nothing more was waiting to be taken; -1: none yet. The loop's.</summary>
        internal long InSyncAt { get; set; } = -1;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Vtep.DisposeAsync();
            await Speaker.DisposeAsync();
            await _reader;
            _stop.Dispose();
        }
    }
}
