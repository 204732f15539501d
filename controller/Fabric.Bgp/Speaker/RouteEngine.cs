using Fabric.Bgp.Attributes;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Rib;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>
/// Owns the table of routes: takes what peers send, chooses, and tells the peers what they are to know. One thread, which never waits
/// for a socket; everybody else hands it work.
/// </summary>
internal sealed partial class RouteEngine : IAsyncDisposable
{
    private const int MostWorkAtOnce = 64;
    private const int MostOctetsAtOnce = 1 << 20;
    private const int MostDying = 1 << 20;

    private readonly TimeProvider _time;
    private readonly SpeakerIdentity _self;
    private readonly RouteTable _table;
    private readonly EnginePeer _local;
    private readonly List<EnginePeer> _leaving = [];
    private readonly object _gate = new();
    private readonly Queue<object> _queue = new();
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _announcesAllTargets;
    private bool _stopping;

    /// <summary>Starts an engine with an empty table.</summary>
    /// <param name="self">Who we are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="announceAllTargets">Whether peers that filter are told that everything is wanted.</param>
    /// <param name="highWater">Octets that may wait for one peer before it is left behind.</param>
    /// <param name="room">Routes for which the table has memory ready.</param>
    public RouteEngine(SpeakerIdentity self, TimeProvider time, bool announceAllTargets, long highWater = 4 << 20, int room = 0)
    {
        _highWater = highWater;
        _time = time;
        _self = self;
        _table = new RouteTable(time.GetUtcNow(), room);
        _packer = new UpdatePacker(_table);
        _table.Sets.OnUse = OnSetUse;
        _table.OnFree = ForgetAsSent;
        _local = new EnginePeer(new SpeakerPeerConfig { Address = default }) { Events = new NoEvents(), Generation = 1 };
        (_local.Rib.IsLocal, _local.Rib.IsInternal, _local.Rib.RouterId) = (true, true, self.RouterId);
        _table.Enter(_local.Rib);
        for (var family = 0; family < Families.Count; family++)
        {
            _front[family] = _table.AddMark((FamilyIndex)family, RouteTable.Ends((FamilyIndex)family));
            _groups[family] = [];
        }

        _announcesAllTargets = announceAllTargets;
        if (announceAllTargets)
        {
            // Membership of everything: clients that honour RFC 4684 send a reflector all they have.
            var set = _table.Sets.Take(new PathAttributes { Origin = RouteOrigin.Igp });
            _table.Announce(_local.Rib, FamilyIndex.RouteTargetMembership, [0], 0, set, refused: false);
            _table.Sets.Release(set);
        }

        _thread = new Thread(Run) { Name = "bgp routes", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Routes of a family with at least one usable path; from any thread.</summary>
    public int Count(FamilyIndex family) => _table.Count(family);

    /// <summary>Hands over work; it is done in order.</summary>
    public void Post(Action work) => Enqueue(work);

    /// <summary>Hands over routes.</summary>
    public void Post(RouteBatch batch) => Enqueue(batch);

    /// <summary>Runs something on the engine's thread and waits for its answer.</summary>
    public T Ask<T>(Func<RouteTable, T> question) => AskAsync(question).GetAwaiter().GetResult();

    /// <summary>Runs something on the engine's thread; the answer comes later, behind other work.</summary>
    /// <exception cref="ObjectDisposedException">The engine has ended.</exception>
    public async Task<T> AskAsync<T>(Func<RouteTable, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                answer.SetResult(question(_table));
            }
#pragma warning disable CA1031 // It is the asker's.
            catch (Exception e)
#pragma warning restore CA1031
            {
                answer.SetException(e);
            }
        });
        return await Task.WhenAny(answer.Task, _ended.Task).ConfigureAwait(false) == answer.Task
            ? await answer.Task.ConfigureAwait(false)
            : throw new ObjectDisposedException(nameof(RouteEngine));
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task.ConfigureAwait(false);
        if (_lintTimer is not null)
        {
            await _lintTimer.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var subscription in _subscriptions.Keys)
        {
            subscription.Complete();
        }

        foreach (var follower in _followers)
        {
            follower.End();
        }
    }

    private void Enqueue(object work)
    {
        lock (_gate)
        {
            _queue.Enqueue(work);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    private void Run()
    {
        var work = new List<object>(MostWorkAtOnce);
        while (true)
        {
            lock (_gate)
            {
                while (_queue.Count == 0 && !_stopping)
                {
                    Monitor.Wait(_gate);
                }

                var octets = 0;
                while (work.Count < MostWorkAtOnce && octets < MostOctetsAtOnce && _queue.TryDequeue(out var item))
                {
                    work.Add(item);
                    octets += (item as RouteBatch)?.Octets ?? 0;
                }
            }

            if (work.Count == 0)
            {
                break;
            }

            _table.SetTime(_time.GetUtcNow());
            foreach (var item in work)
            {
                Guard(() => Do(item));
            }

            work.Clear();
            Guard(Publish);
            Guard(Emit);
            Guard(WakeFollowers);
            Guard(Bury);
        }

        _ended.SetResult();
    }

    private void Do(object item)
    {
        if (item is Action action)
        {
            action();
            return;
        }

        var batch = (RouteBatch)item;
        try
        {
            if (batch.Generation == batch.Peer.Generation && batch.Peer.IsUp)
            {
                Apply(batch);
            }
        }
        finally
        {
            batch.Finish();
        }
    }

    /// <summary>A fault of ours must end neither the thread nor the process; it is told.</summary>
    private void Guard(Action work)
    {
        try
        {
            work();
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            OnFault?.Invoke(e);
        }
    }

    /// <summary>Told of faults of ours.</summary>
    public Action<Exception>? OnFault { get; set; }

    private void Bury()
    {
        if (_table.Dying == 0)
        {
            return;
        }

        var read = _marks.Count == 0 ? _table.Version : _marks.Min(m => _table.Entry(m.Mark).Version);
        _table.Bury(Math.Min(read, ReadByFollowers()));
        if (_table.Dying > MostDying && _marks.MinBy(m => _table.Entry(m.Mark).Version) is { } slowest)
        {
            // Withdrawn routes cannot be forgotten for ever because one peer does not read.
            ClearMark(slowest);
            slowest.Peer.Events.TooSlow();
        }

        foreach (var group in _groups.SelectMany(static g => g))
        {
            group.ForgetVerdicts();
        }

        _leaving.RemoveAll(p => _table.TryLeave(p.Rib));
    }

    private sealed class NoEvents : IEnginePeerEvents
    {
        public void Complete(AddressFamily family)
        {
        }

        public void ManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public void TooSlow()
        {
        }

        public void TooManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }
    }
}
