using System.Collections.Concurrent;
using System.Threading.Channels;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>Applies what peers receive to the table, in batches, on a task of its own; sessions never wait for it.</summary>
internal sealed class RibWorker : IAsyncDisposable
{
    private const int BatchLimit = 256;

    private readonly EvpnRib _rib;
    private readonly TimeProvider _time;
    private readonly Channel<Work> _queue = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<RibSubscription, byte> _subscriptions = [];
    private readonly Task _task;

    public RibWorker(EvpnRib rib, TimeProvider time)
    {
        _rib = rib;
        _time = time;
        _task = Task.Run(RunAsync);
    }

    /// <summary>Queues an UPDATE; <paramref name="done"/> runs when it is applied. The sender's credits bound the queue.</summary>
    public void Apply(RibPeer peer, UpdateMessage update, Action done) => _queue.Writer.TryWrite(new(peer, update, done));

    /// <summary>Queues the removal of all routes of a peer, behind what it has queued before.</summary>
    public void Flush(RibPeer peer) => _queue.Writer.TryWrite(new(peer, null, null));

    /// <summary>Runs an action when everything queued before it is applied.</summary>
    public void Then(RibPeer peer, Action done) => _queue.Writer.TryWrite(new(peer, new UpdateMessage(), done));

    public RibSubscription Subscribe()
    {
        var subscription = new RibSubscription();
        _subscriptions[subscription] = 0;
        return subscription;
    }

    public void Unsubscribe(RibSubscription subscription) => _subscriptions.TryRemove(subscription, out _);

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _task.ConfigureAwait(false);
        foreach (var subscription in _subscriptions.Keys)
        {
            subscription.Complete();
        }
    }

    private async Task RunAsync()
    {
        var work = new List<Work>(BatchLimit);
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (work.Count < BatchLimit && _queue.Reader.TryRead(out var item))
            {
                work.Add(item);
            }

            var changes = Apply(work);
            foreach (var item in work)
            {
                item.Done?.Invoke();
            }

            work.Clear();
            if (changes is not null)
            {
                foreach (var subscription in _subscriptions.Keys)
                {
                    subscription.Publish(changes);
                }
            }
        }
    }

    private EvpnChangeBatch? Apply(List<Work> work)
    {
        var now = _time.GetUtcNow();
        using var batch = _rib.Begin(collect: !_subscriptions.IsEmpty);
        foreach (var item in work)
        {
            if (item.Update is null)
            {
                batch.Flush(item.Peer);
            }
            else
            {
                batch.Apply(item.Peer, item.Update, now);
            }
        }

        return batch.Changes();
    }

    private readonly record struct Work(RibPeer Peer, UpdateMessage? Update, Action? Done);
}

/// <summary>A reader of changes. One that falls behind loses changes and is told to query again; it never holds up the table.</summary>
internal sealed class RibSubscription
{
    private readonly Channel<EvpnChangeBatch> _batches = Channel.CreateBounded<EvpnChangeBatch>(
        new BoundedChannelOptions(64) { SingleReader = true, SingleWriter = true });

    private long _lostVersion;

    public void Publish(EvpnChangeBatch batch)
    {
        if (!_batches.Writer.TryWrite(batch))
        {
            Volatile.Write(ref _lostVersion, batch.Version);
        }
    }

    public void Complete() => _batches.Writer.TryComplete();

    public async IAsyncEnumerable<EvpnChangeBatch> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await _batches.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_batches.Reader.TryRead(out var batch))
            {
                yield return batch;
            }

            if (Interlocked.Exchange(ref _lostVersion, 0) is var lost and > 0)
            {
                yield return new EvpnChangeBatch(lost, [], Resync: true);
            }
        }
    }
}
