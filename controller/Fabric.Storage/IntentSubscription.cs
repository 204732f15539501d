using System.Threading.Channels;

namespace Fabric.Storage;

/// <summary>
/// A bounded queue of committed changes, in order, none left out. When its reader is too slow the queue ends early
/// (<see cref="Overflowed"/>): read what is left, then start again from <see cref="IntentStore.Current"/>.
/// </summary>
public sealed class IntentSubscription : IDisposable
{
    private readonly Channel<CommittedChange> _channel;
    private readonly Action<IntentSubscription> _end;
    private volatile bool _overflowed;

    internal IntentSubscription(int capacity, Action<IntentSubscription> end)
    {
        _channel = Channel.CreateBounded<CommittedChange>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _end = end;
    }

    /// <summary>The changes since the subscription began.</summary>
    public ChannelReader<CommittedChange> Reader => _channel.Reader;

    /// <summary>Whether changes were left out after the last one in the queue.</summary>
    public bool Overflowed => _overflowed;

    /// <inheritdoc/>
    public void Dispose()
    {
        _end(this);
        _channel.Writer.TryComplete();
    }

    internal void Offer(CommittedChange change)
    {
        if (!_channel.Writer.TryWrite(change))
        {
            Break();
        }
    }

    internal void Break()
    {
        _overflowed = true;
        _end(this);
        _channel.Writer.TryComplete();
    }
}
