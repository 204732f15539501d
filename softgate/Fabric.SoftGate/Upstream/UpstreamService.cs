using System.Threading.Channels;
using Fabric.Bgp;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;

namespace Fabric.SoftGate.Upstream;

/// <summary>
/// The node to its upstream routers: announces public addresses while it is healthy, and tells which router leads where. All members are to be called
/// on the agent's loop, and all that it tells is told there.
/// </summary>
/// <remarks>
/// There are no sessions before the node is healthy for the first time: what routers have kept over a restart stays until it can be said again.
/// Ending the process without <see cref="DisposeAsync"/> leaves it with them; ending this takes it back.
/// </remarks>
internal sealed class UpstreamService : IAsyncDisposable
{
    private readonly Channel<Func<Task>> _work = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly UpstreamSettings _settings;
    private readonly Action<Action> _post;
    private readonly Action<string> _log;
    private readonly PublicRoutes _routes;
    private readonly ITimer _late;
    private readonly Task _worker;
    private UpstreamPlan? _plan;
    private Dictionary<IpPrefix, int> _announced = [];
    private IReadOnlyCollection<SpeakerPeerConfig> _peers = [];
    private int _generation;
    private bool _begun;
    private bool _healthy;
    private bool _ready = true;

    // The worker's.
    private Role? _role;
    private volatile BgpSpeaker? _speaker;

    /// <param name="settings">Settings.</param>
    /// <param name="learn">Gets what is learnt.</param>
    /// <param name="interfaceOf">Number of an interface by name; null: it is not there. Asked on the loop.</param>
    /// <param name="post">Does something on the agent's loop.</param>
    /// <param name="log">Takes lines for the log; called from any thread, must be quick.</param>
    internal UpstreamService(UpstreamSettings settings, ILearn learn, Func<string, uint?> interfaceOf, Action<Action> post, Action<string> log)
    {
        (_settings, _post, _log) = (settings, post, log);
        _routes = new PublicRoutes(learn, interfaceOf);
        _late = settings.Time.CreateTimer(_ => _work.Writer.TryWrite(() => CompleteAsync(late: true)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _worker = Task.Run(WorkAsync);
    }

    /// <summary>Established sessions.</summary>
    internal int Sessions { get; private set; }

    /// <summary>Whether all that routers have to say has been learnt at least once: what is in the maps beyond that is of an earlier run.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>Prefixes that are announced.</summary>
    internal int Announced => _announced.Count;

    /// <summary>Prefixes that are learnt.</summary>
    internal int Routes => _routes.Count;

    /// <summary>The peers at this moment.</summary>
    internal IReadOnlyList<PeerStatus> Peers => _speaker?.Peers ?? [];

    /// <summary>Told when <see cref="Sessions"/> or <see cref="IsComplete"/> has changed.</summary>
    internal Action? Changed { get; set; }

    /// <summary>A state is in force: the maps have it. To be called again with the same state when interfaces have come or gone.</summary>
    internal void Follow(SoftGateState state)
    {
        var plan = UpstreamPlan.Of(state);
        if (_plan is not null && _plan.Identity != plan.Identity)
        {
            // Another node, to the routers.
            _work.Writer.TryWrite(EndRoleAsync);
            _generation++;
            _routes.Keep(new HashSet<IpPrefix>());
            (_begun, _announced, _peers) = (false, [], []);
        }

        _plan = plan;
        _routes.Configure(plan.Links, plan.Public);
        Say();
    }

    /// <summary>
    /// Whether packets that come here get anywhere: the data path is attached, and the fabric can be reached. Without, all own routes are taken back at
    /// once; sessions stay.
    /// </summary>
    internal void SetHealthy(bool healthy)
    {
        if (_healthy != healthy)
        {
            _healthy = healthy;
            Say();
        }
    }

    /// <summary>Whether the node has the sessions of the VPCs that it owns. Until then the partner's announcements of them are the better ones.</summary>
    internal void SetReady(bool ready)
    {
        if (_ready != ready)
        {
            _ready = ready;
            Say();
        }
    }

    /// <summary>Takes the routes back and ends the sessions.</summary>
    public async ValueTask DisposeAsync()
    {
        await _late.DisposeAsync();
        _work.Writer.TryWrite(EndRoleAsync);
        _work.Writer.TryComplete();
        await _worker;
    }

    private void Say()
    {
        if (_plan is not { } plan || !(_begun || _healthy))
        {
            return;
        }

        var generation = _generation;
        var begin = _begun ? null : new Func<Role>(() => new Role(this, plan.Identity, generation));
        var announced = plan.Announced(_healthy, _ready);
        var changes = _announced.Keys.Where(p => !announced.ContainsKey(p)).Select(p => RouteInjection.Unicast(p, null))
            .Concat(announced.Where(a => !_announced.TryGetValue(a.Key, out var before) || before != a.Value)
                .Select(a => RouteInjection.Unicast(a.Key, plan.Attributes(a.Value)))).ToList();
        var peers = plan.Peers(_settings);
        if (begin is not null || changes.Count > 0 || !peers.SequenceEqual(_peers))
        {
            _work.Writer.TryWrite(() => SayAsync(begin, changes, peers));
        }

        if (begin is not null && !IsComplete)
        {
            _late.Change(_settings.CompleteAfter, Timeout.InfiniteTimeSpan);
        }

        (_begun, _announced, _peers) = (true, announced, peers);
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

    private async Task SayAsync(Func<Role>? begin, List<RouteInjection> changes, IReadOnlyCollection<SpeakerPeerConfig> peers)
    {
        if (begin is not null)
        {
            _role = begin();
            _speaker = _role.Speaker;
        }

        if (_role is { } role)
        {
            foreach (var (index, fault) in await role.Speaker.InjectAsync(changes))
            {
                _log($"{RouteName.Of(changes[index].Family, changes[index].Nlri.Span)} cannot be announced: {fault}");
            }

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

    private void OnEvent(Role role, BgpEvent e)
    {
        switch (e.Kind)
        {
            case BgpEventKind.SessionUp or BgpEventKind.SessionDown:
                _work.Writer.TryWrite(() =>
                {
                    role.Told.Remove(e.Peer);
                    return Task.CompletedTask;
                });
                CountSessions();
                break;
            case BgpEventKind.EndOfRib:
                _work.Writer.TryWrite(() =>
                {
                    role.Told[e.Peer] = role.Told.GetValueOrDefault(e.Peer) + 1;
                    return CompleteAsync(late: false);
                });
                return;
        }

        _log($"{e.Peer}: {e.Text}");
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

    /// <summary>When all routers that are there have told everything, the table has it.</summary>
    private async Task CompleteAsync(bool late)
    {
        if (_role is not { IsComplete: false } role || !(late || IsTold(role)))
        {
            return;
        }

        role.IsComplete = true;
        var rows = await role.BestAsync();
        _post(() =>
        {
            if (role.Generation == _generation)
            {
                foreach (var (prefix, nextHop) in rows)
                {
                    _routes.Apply(prefix, nextHop);
                }

                IsComplete = true;
                Changed?.Invoke();
            }
        });
    }

    private static bool IsTold(Role role) =>
        role.Speaker.Peers.Where(p => p.Phase == PeerPhase.Established).ToList() is { Count: > 0 } peers
        && peers.TrueForAll(p => role.Told.GetValueOrDefault(p.Config.Address) >= p.Families.Length);

    /// <summary>Reads on only after the loop has taken what was read: the loop sets the pace. Too slow after all, it begins again.</summary>
    private async Task FollowAsync(Role role, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await foreach (var batch in role.Speaker.WatchRoutesAsync(new RouteFilter(), fromStart: true, stop))
                {
                    if (batch.Resync)
                    {
                        var best = await role.BestAsync();
                        await TakeAsync(role, () => _routes.Keep(best.Keys.ToHashSet()), stop);
                        break;
                    }

                    await TakeAsync(
                        role,
                        () =>
                        {
                            foreach (var change in batch.Changes)
                            {
                                _routes.Apply(PrefixOf(change.Route), change.IsWithdrawn ? null : NextHopOf(change.Route));
                            }
                        },
                        stop);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The role ends.
        }
    }

    private async Task TakeAsync(Role role, Action take, CancellationToken stop)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _post(() =>
        {
            try
            {
                if (role.Generation == _generation)
                {
                    take();
                }
            }
            finally
            {
                taken.SetResult();
            }
        });
        await taken.Task.WaitAsync(stop);
    }

    private static IpPrefix PrefixOf(RouteView route) => IpPrefix.Parse(route.Name);

    /// <summary>Own routes have none.</summary>
    private static IpAddr? NextHopOf(RouteView route) => route.From is null ? null : route.Attributes.NextHop;

    /// <summary>A speaker, and who reads it.</summary>
    private sealed class Role : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _reader;

        internal Role(UpstreamService service, UpstreamIdentity identity, int generation)
        {
            Generation = generation;
            var settings = service._settings;
            Speaker = new BgpSpeaker(new()
            {
                LocalAsn = identity.Asn,
                RouterId = identity.RouterId,
                Connector = settings.Connector,
                TimeProvider = settings.Time,
                OnEvent = e => service.OnEvent(this, e),
            });
            _reader = service.FollowAsync(this, _stop.Token);
        }

        /// <summary>Which role it is: rows of one that has ended are nobody's.</summary>
        internal int Generation { get; }

        internal BgpSpeaker Speaker { get; }

        /// <summary>How many IP versions a router has told completely.</summary>
        internal Dictionary<IpAddr, int> Told { get; } = [];

        internal bool IsComplete { get; set; }

        /// <summary>The best routes of others, as they are now.</summary>
        internal async Task<Dictionary<IpPrefix, IpAddr>> BestAsync()
        {
            var best = new Dictionary<IpPrefix, IpAddr>();
            string? cursor = null;
            do
            {
                var page = await Speaker.ListRoutesAsync(new() { Cursor = cursor });
                foreach (var route in page.Routes)
                {
                    if (NextHopOf(route) is { } nextHop)
                    {
                        best[PrefixOf(route)] = nextHop;
                    }
                }

                cursor = page.Next;
            }
            while (cursor is not null);
            return best;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Speaker.DisposeAsync();
            await _reader;
            _stop.Dispose();
        }
    }
}
