using System.Threading.Channels;

namespace Fabric.SoftGate.Sync;

/// <summary>
/// What is to be said to the partner: events, up to a bound, and passes over all sessions, which wait for the events. So a slow partner costs a
/// bounded memory, and an event waits for no pass.
/// </summary>
internal sealed class SyncOutbox(int length) : IDisposable
{
    private readonly Channel<SyncMessage> _events = Channel.CreateBounded<SyncMessage>(length);
    private readonly Queue<IEnumerator<SyncMessage>> _passes = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>Events that had no room.</summary>
    internal long Lost { get; private set; }

    /// <summary>An event. False: there is no room for it.</summary>
    internal bool Offer(SyncMessage message)
    {
        var taken = _events.Writer.TryWrite(message);
        if (!taken)
        {
            Lost++;
        }

        Wake();
        return taken;
    }

    /// <summary>A pass, after those that wait already.</summary>
    internal void Add(IEnumerable<SyncMessage> pass)
    {
        lock (_passes)
        {
            _passes.Enqueue(pass.GetEnumerator());
        }

        Wake();
    }

    /// <summary>Passes that wait.</summary>
    internal int Passes
    {
        get
        {
            lock (_passes)
            {
                return _passes.Count;
            }
        }
    }

    /// <summary>The next messages, events first. For one reader.</summary>
    internal void Take(List<SyncMessage> into, int most)
    {
        while (into.Count < most && _events.Reader.TryRead(out var message))
        {
            into.Add(message);
        }

        while (into.Count < most && Pass() is { } pass)
        {
            if (pass.MoveNext())
            {
                into.Add(pass.Current);
            }
            else
            {
                pass.Dispose();
                lock (_passes)
                {
                    _passes.Dequeue();
                }
            }
        }
    }

    /// <summary>Waits until there may be something, or the time is over.</summary>
    internal Task WaitAsync(TimeSpan most, CancellationToken stop) => _wake.WaitAsync(most, stop);

    /// <summary>Ends the passes.</summary>
    public void Dispose()
    {
        lock (_passes)
        {
            while (_passes.TryDequeue(out var pass))
            {
                pass.Dispose();
            }
        }

        _wake.Dispose();
    }

    private IEnumerator<SyncMessage>? Pass()
    {
        lock (_passes)
        {
            return _passes.TryPeek(out var pass) ? pass : null;
        }
    }

    private void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has woken it.
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }
}
