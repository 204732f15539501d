using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Glass;
using Fabric.Bgp.RtMembership;
using Fabric.Bgp.Vtep;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>
/// The VTEP role of a running speaker: takes the EVPN paths its peers send and what is told of local VNIs, MACs and prefixes, announces own
/// routes, asks for the route targets that are of use (RFC 4684), and tells its user where everything is. All members may be called from
/// any thread.
/// </summary>
/// <remarks>
/// One task owns the <see cref="VtepState"/>. Paths are read from the speaker's table by a mark, at this task's pace; own routes are injected at the
/// end of each turn; readers of the tables keep names of rows. So nothing queues without bound, however fast routes come. Peers should be configured with
/// <see cref="SpeakerPeerConfig.OwnRoutesOnly"/>, and the speaker without <see cref="BgpSpeakerOptions.AnnounceAllTargets"/>. Tell what is local
/// before the peers are set: after a restart, routes that peers have kept (RFC 4724) then stay.
/// </remarks>
public sealed class VtepSpeaker : IAsyncDisposable
{
    /// <summary>Rows in a batch of <see cref="WatchAsync"/> unless the reader says otherwise.</summary>
    public const int UsualBatch = 4096;

    private const int MostRoutesAtOnce = 1024;
    private const int MostWorkAtOnce = 64;

    // Own routes with more communities may not fit into a message; all others do.
    private const int SafeCommunities = 256;

    private readonly RouteEngine _engine;
    private readonly TimeProvider _time;
    private readonly uint _asn;
    private readonly Action<VtepAction>? _onNotice;
    private readonly VtepState _state;
    private readonly Channel<Turn> _work = Channel.CreateUnbounded<Turn>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<VtepAction.TellAgain> _again = Channel.CreateUnbounded<VtepAction.TellAgain>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<TaskCompletionSource<long>> _asked = Channel.CreateUnbounded<TaskCompletionSource<long>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly RouteFollower _follower = new(new RouteFilter { Family = AddressFamily.L2VpnEvpn }) { AllPaths = true };
    private readonly List<VtepFeed> _feeds = [];
    private readonly List<RouteInjection> _out = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _timer;
    private readonly Task _owner;
    private readonly Task _reader;
    private DateTimeOffset? _due;
    private long _version;
    private int _disposed;

    /// <summary>Begins the role, without VNIs. The speaker stays the caller's; it must outlive this.</summary>
    /// <param name="speaker">The speaker.</param>
    /// <param name="config">What the VTEP is; its <see cref="VtepConfig.Asn"/> is the speaker's.</param>
    /// <param name="onNotice">
    /// Takes what people may want to know: moves, duplicates, conflicts, elections, what was ignored. Called from the owner's task: must be quick; what it
    /// throws is ignored.
    /// </param>
    /// <exception cref="ArgumentException">The configuration cannot work.</exception>
    public VtepSpeaker(BgpSpeaker speaker, VtepConfig config, Action<VtepAction>? onNotice = null)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        ArgumentNullException.ThrowIfNull(config);
        (_engine, _time, _onNotice, _asn) = (speaker.Engine, speaker.Options.TimeProvider, onNotice, speaker.Options.LocalAsn.Value);
        _state = new VtepState(config with { Asn = speaker.Options.LocalAsn });
        _timer = _time.CreateTimer(_ => _work.Writer.TryWrite(new(Tick, null)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _owner = Task.Run(OwnAsync);
        _reader = Task.Run(ReadAsync);
    }

    /// <summary>
    /// Takes in what is local: VNIs, segments, MACs, addresses, prefixes, in order and together: their routes go out in one turn. Done when the routes are in
    /// the speaker's table.
    /// </summary>
    /// <exception cref="ArgumentException">An event is not the user's to tell (paths, time); nothing was taken then.</exception>
    /// <exception cref="ObjectDisposedException">The role has ended.</exception>
    public Task ApplyAsync(params IReadOnlyList<VtepEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.FirstOrDefault(static e => e is VtepEvent.PathSaid or VtepEvent.Tick or VtepEvent.RetellBegun or VtepEvent.RetellEnded) is { } foreign)
        {
            throw new ArgumentException($"{foreign.GetType().Name} is told by the speaker itself", nameof(events));
        }

        return DoAsync(() =>
        {
            foreach (var e in events)
            {
                Apply(e);
            }
        });
    }

    /// <summary>Asks the state, between two turns. The question must be quick, change nothing and keep no view.</summary>
    /// <exception cref="ObjectDisposedException">The role has ended.</exception>
    public async Task<T> AskAsync<T>(Func<VtepState, T> question)
    {
        ArgumentNullException.ThrowIfNull(question);
        T answer = default!;
        await DoAsync(() => answer = question(_state)).ConfigureAwait(false);
        return answer;
    }

    /// <summary>
    /// The tables: all rows first, then those that change, VNI by VNI in batches, until the token is cancelled or the role ends. Of a row that changes
    /// faster than the reader reads only the last state is told, so a slow reader costs the names of the rows it has to read, and nobody waits
    /// for it. <see cref="VtepChanges.InSync"/> marks the batches after which the reader has the tables as they are.
    /// </summary>
    /// <param name="most">Rows in a batch, at least 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public IAsyncEnumerable<VtepChanges> WatchAsync(int most = UsualBatch, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        return Watch(most, cancellationToken);
    }

    /// <summary>
    /// Done when every path that is in the speaker's table now has been taken in. Gives the version from which on the tables know them: each reader gets a batch
    /// in sync of that version or a later one, an empty one if no row is new to it.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The role or the speaker has ended.</exception>
    public Task<long> CaughtUpAsync()
    {
        var asked = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        ObjectDisposedException.ThrowIf(!_asked.Writer.TryWrite(asked), this);
        _follower.Wake();
        return asked.Task;
    }

    /// <summary>Ends the role. Own routes are withdrawn, unless the speaker has ended before: then peers may keep them over a restart.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        _follower.End();
        await _reader.ConfigureAwait(false);
        _work.Writer.TryWrite(new(WithdrawAll, null));
        _work.Writer.TryComplete();
        await _owner.ConfigureAwait(false);
        _engine.Post(() => _engine.Unfollow(_follower));
        _stop.Dispose();
    }

    private async IAsyncEnumerable<VtepChanges> Watch(int most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        VtepFeed feed = null!;
        await DoAsync(() => _feeds.Add(feed = new VtepFeed(_state))).ConfigureAwait(false);
        try
        {
            while (await feed.WaitAsync(cancellationToken).ConfigureAwait(false))
            {
                VtepChanges? changes = null;
                await DoAsync(() => changes = feed.Read(_state, most, _version)).ConfigureAwait(false);
                if (changes is not null)
                {
                    yield return changes;
                }
            }
        }
        finally
        {
            _work.Writer.TryWrite(new(() => _feeds.Remove(feed), null));
        }
    }

    private async Task DoAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ObjectDisposedException.ThrowIf(!_work.Writer.TryWrite(new(work, done)), this);
        await done.Task.ConfigureAwait(false);
    }

    private async Task OwnAsync()
    {
        var turns = new List<Turn>(MostWorkAtOnce);
        while (await _work.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (turns.Count < MostWorkAtOnce && _work.Reader.TryRead(out var turn))
            {
                turns.Add(turn with { Fault = Try(turn.Work) });
            }

            var fault = await InjectAsync().ConfigureAwait(false);
            foreach (var feed in _feeds.Where(static f => !f.IsEmpty))
            {
                feed.Wake();
            }

            SetTimer();
            foreach (var turn in turns)
            {
                if ((turn.Fault ?? fault) is not { } why)
                {
                    turn.Done?.SetResult();
                }
                else if (turn.Done is { } done)
                {
                    done.SetException(why);
                }
                else if (turn.Fault is not null)
                {
                    Tell(new VtepAction.Ignored($"internal error: {turn.Fault}"));
                }
            }

            turns.Clear();
        }

        _feeds.ForEach(static f => f.End());
    }

    private static Exception? Try(Action work)
    {
        try
        {
            work();
            return null;
        }
#pragma warning disable CA1031 // A fault in one turn is the asker's, and must not end the owner.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    private void Apply(VtepEvent @event)
    {
        foreach (var action in _state.Apply(@event, _time.GetUtcNow()))
        {
            switch (action)
            {
                case VtepAction.Originate a:
                    _out.Add(InjectionOf(a.Path));
                    break;
                case VtepAction.TargetWanted a:
                    _out.Add(MembershipOf(a.Target, a.Wanted));
                    break;
                case VtepAction.TellAgain a:
                    _again.Writer.TryWrite(a);
                    _follower.Wake();
                    break;
                case VtepAction.MacMoved or VtepAction.StickyConflict or VtepAction.DuplicateDetected or VtepAction.DuplicateEnded or VtepAction.Ignored:
                    Tell(action);
                    break;
                default:
                    foreach (var feed in _feeds)
                    {
                        feed.Note(_state, action);
                    }

                    if (action is VtepAction.ForwarderChanged)
                    {
                        Tell(action);
                    }

                    break;
            }
        }

        _version++;
    }

    private void Tick()
    {
        _due = null;
        Apply(new VtepEvent.Tick());
    }

    private void WithdrawAll()
    {
        _out.AddRange(_state.Originated.Select(static p => InjectionOf(p) with { Attributes = null }));
        _out.AddRange(_state.Wanted.Select(t => MembershipOf(t, wanted: false)));
    }

    /// <summary>Own routes and memberships of this turn go out, in order.</summary>
    private async Task<Exception?> InjectAsync()
    {
        if (_out.Count == 0)
        {
            return null;
        }

        for (var i = 0; i < _out.Count; i++)
        {
            var change = _out[i];
            if (change.Attributes is { ExtendedCommunities.Length: > SafeCommunities } && change.Fault() is { } fault)
            {
                Tell(new VtepAction.Ignored($"own route {RouteName.Of(change.Family, change.Nlri.Span)} {fault}"));
                _out[i] = change with { Attributes = null };
            }
        }

        RouteInjection[] changes = [.. _out];
        _out.Clear();
        try
        {
            await _engine.AskAsync(_ =>
            {
                _engine.Inject(changes);
                return true;
            }).ConfigureAwait(false);
            return null;
        }
        catch (ObjectDisposedException e)
        {
            return e;
        }
    }

    private void SetTimer()
    {
        if (_due == _state.NextDeadline)
        {
            return;
        }

        _due = _state.NextDeadline;

        // Timers count whole milliseconds: rather late than early.
        var wait = _due is { } at ? TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, (at - _time.GetUtcNow()).TotalMilliseconds))) : Timeout.InfiniteTimeSpan;
        try
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The role ends.
        }
    }

    private void Tell(VtepAction action)
    {
        try
        {
            _onNotice?.Invoke(action);
        }
#pragma warning disable CA1031 // A log that fails must not end the role.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>Reads paths from the speaker's table: what changes, what is to be told again, and everything when it was too slow.</summary>
    private async Task ReadAsync()
    {
        var waiting = new List<(long Version, TaskCompletionSource<long> Done)>();
        try
        {
            await _engine.AskAsync(_ =>
            {
                _engine.Follow(_follower, fromStart: true);
                return true;
            }).ConfigureAwait(false);
            long? rereadUntil = null;
            while (await _follower.WaitAsync(_stop.Token).ConfigureAwait(false))
            {
                while (_asked.Reader.TryRead(out var asked))
                {
                    waiting.Add((await _engine.AskAsync(static table => table.Version).ConfigureAwait(false), asked));
                }

                var targets = new HashSet<ulong>();
                while (_again.Reader.TryRead(out var again))
                {
                    rereadUntil = again.Targets.IsEmpty ? await RereadAsync().ConfigureAwait(false) : rereadUntil;
                    targets.UnionWith(again.Targets.Select(static t => t.Bits));
                }

                await TellAgainAsync(targets).ConfigureAwait(false);
                var paths = new List<EvpnPathEvent>();
                var read = await _engine.AskAsync(_ => _engine.ReadPaths(_follower, MostRoutesAtOnce, paths)).ConfigureAwait(false);
                if (read is null)
                {
                    rereadUntil = await RereadAsync().ConfigureAwait(false);
                    continue;
                }

                var complete = rereadUntil <= read;
                rereadUntil = complete ? null : rereadUntil;
                await SayAsync(paths, complete).ConfigureAwait(false);
                if (rereadUntil is null && waiting.Exists(w => w.Version <= read))
                {
                    var version = await NoteCaughtUpAsync().ConfigureAwait(false);
                    waiting.Where(w => w.Version <= read).ToList().ForEach(w => w.Done.SetResult(version));
                    waiting.RemoveAll(w => w.Version <= read);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // This role or the speaker ends.
        }
        finally
        {
            _asked.Writer.TryComplete();
            while (_asked.Reader.TryRead(out var asked))
            {
                waiting.Add((0, asked));
            }

            waiting.ForEach(static w => w.Done.TrySetException(new ObjectDisposedException(nameof(VtepSpeaker))));
        }
    }

    private async Task<long> NoteCaughtUpAsync()
    {
        var version = 0L;
        await DoAsync(() =>
        {
            version = _version;
            _feeds.ForEach(static f => f.OweSync());
        }).ConfigureAwait(false);
        return version;
    }

    private async Task<long> RereadAsync()
    {
        await DoAsync(() => Apply(new VtepEvent.RetellBegun())).ConfigureAwait(false);
        return await _engine.AskAsync(_ => _engine.Rewind(_follower)).ConfigureAwait(false);
    }

    private async Task TellAgainAsync(HashSet<ulong> targets)
    {
        if (targets.Count == 0)
        {
            return;
        }

        var entries = await _engine.AskAsync(_ => _engine.EntriesOf(targets)).ConfigureAwait(false);
        foreach (var some in entries.Chunk(MostRoutesAtOnce))
        {
            var paths = new List<EvpnPathEvent>();
            await _engine.AskAsync(_ =>
            {
                _engine.AddPaths(some, paths);
                return true;
            }).ConfigureAwait(false);
            await SayAsync(paths, complete: false).ConfigureAwait(false);
        }
    }

    private async Task SayAsync(List<EvpnPathEvent> paths, bool complete)
    {
        if (paths.Count == 0 && !complete)
        {
            return;
        }

        await DoAsync(() =>
        {
            foreach (var path in paths)
            {
                Apply(new VtepEvent.PathSaid(path));
            }

            if (complete)
            {
                Apply(new VtepEvent.RetellEnded());
            }
        }).ConfigureAwait(false);
    }

    private RouteInjection MembershipOf(ExtendedCommunity target, bool wanted)
    {
        Span<byte> room = stackalloc byte[32];
        var writer = new WireWriter(room);
        RtMembershipRoute.OfPrefix(_asn, target.Bits, 64).Encode(ref writer);
        return new(AddressFamily.RouteTargetMembership, new Octets(writer.Written), wanted ? new PathAttributes { Origin = RouteOrigin.Igp } : null);
    }

    private static RouteInjection InjectionOf(EvpnPathEvent path) => path switch
    {
        EvpnPathEvent.AutoDiscovery p => RouteInjection.Evpn<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(p.Route, p.Attributes),
        EvpnPathEvent.MacIp p => RouteInjection.Evpn<MacIpRoute, MacIpKey>(p.Route, p.Attributes),
        EvpnPathEvent.Multicast p => RouteInjection.Evpn<MulticastRoute, MulticastKey>(p.Route, p.Attributes),
        EvpnPathEvent.Segment p => RouteInjection.Evpn<EthernetSegmentRoute, EthernetSegmentKey>(p.Route, p.Attributes),
        EvpnPathEvent.Prefix p => RouteInjection.Evpn<PrefixRoute, PrefixKey>(p.Route, p.Attributes),
        _ => throw new ArgumentException($"{path.GetType().Name} is not known", nameof(path)),
    };

    /// <summary>Work for the owner, and who waits for it.</summary>
    private readonly record struct Turn(Action Work, TaskCompletionSource? Done, Exception? Fault = null);
}
