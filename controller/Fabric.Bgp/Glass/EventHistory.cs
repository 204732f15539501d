using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Fabric.Bgp.Speaker;

namespace Fabric.Bgp.Glass;

/// <summary>An event with its number; numbers grow by one from 1.</summary>
/// <param name="Sequence">The number.</param>
/// <param name="Event">What happened.</param>
public sealed record NumberedEvent(long Sequence, BgpEvent Event);

/// <summary>The last events of a speaker. All members may be called from any thread.</summary>
/// <param name="capacity">How many are kept, at least 1.</param>
public sealed class EventHistory(int capacity = EventHistory.UsualCapacity)
{
    /// <summary>How many events are kept where nothing is said.</summary>
    public const int UsualCapacity = 10_000;

    private const int PageLength = 256;

    private readonly Lock _lock = new();
    private readonly BgpEvent[] _ring = new BgpEvent[capacity];
    private readonly HashSet<Channel<bool>> _waiting = [];
    private long _last;

    /// <summary>The number of the newest event; 0 when there was none.</summary>
    public long Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    /// <summary>Events behind a number, oldest first. A number before the oldest that is kept begins with that one.</summary>
    /// <param name="after">The number; 0 for all.</param>
    /// <param name="limit">How many at most.</param>
    public ImmutableArray<NumberedEvent> Read(long after, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        lock (_lock)
        {
            var first = Math.Max(after, _last - Math.Min(_last, _ring.Length)) + 1;
            var count = (int)Math.Clamp(_last - first + 1, 0, limit);
            var events = ImmutableArray.CreateBuilder<NumberedEvent>(count);
            for (var sequence = first; events.Count < count; sequence++)
            {
                events.Add(new NumberedEvent(sequence, _ring[sequence % _ring.Length]));
            }

            return events.MoveToImmutable();
        }
    }

    /// <summary>Events behind a number, then those that come, until the token is cancelled. A gap in the numbers shows that the reader was too slow.</summary>
    public async IAsyncEnumerable<NumberedEvent> WatchAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        lock (_lock)
        {
            _waiting.Add(signal);
        }

        try
        {
            while (true)
            {
                foreach (var next in Read(after, PageLength))
                {
                    after = next.Sequence;
                    yield return next;
                }

                if (after >= Last)
                {
                    await signal.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting.Remove(signal);
            }
        }
    }

    internal void Add(BgpEvent e)
    {
        lock (_lock)
        {
            _last++;
            _ring[_last % _ring.Length] = e;
            foreach (var signal in _waiting)
            {
                signal.Writer.TryWrite(true);
            }
        }
    }
}
