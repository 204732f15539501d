using Fabric.Bgp.Transport;

namespace Fabric.Bgp.Speaker;

/// <summary>What waits to be sent on one connection: slices of shared blocks, and messages of its own. Filled by several threads, emptied by one task.</summary>
internal sealed class OutputQueue(TimeProvider time, PeerCounters? counters = null)
{
    private const int MostSlices = 256;
    private const int MostOctets = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<Slice> _waiting = new();
    private readonly SemaphoreSlim _filled = new(0, 1);
    private readonly List<ArraySegment<byte>> _parts = [];
    private readonly List<Slice> _sending = [];
    private long _octets;
    private long _stuckSince;
    private long _wakeBelow = -1;
    private bool _complete;

    /// <summary>Told, once for each <see cref="WakeBelow"/>, that fewer octets wait.</summary>
    public Action? OnDrained { get; set; }

    /// <summary>Octets that wait, those being sent included.</summary>
    public long Octets => Volatile.Read(ref _octets);

    /// <summary>For how long the present send has not ended; zero when none is under way.</summary>
    public TimeSpan Stuck => Volatile.Read(ref _stuckSince) is > 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>Queues a message. False when the queue is complete.</summary>
    public bool Add(byte[] message) => Add(new Slice(null, message, 0, message.Length));

    /// <summary>Queues a part of a block, which is shared as long as it waits. False when the queue is complete.</summary>
    public bool Add(OutputBlock block, int start, int length)
    {
        block.Share();
        if (Add(new Slice(block, block.Octets, start, length)))
        {
            return true;
        }

        block.Release();
        return false;
    }

    /// <summary>Asks for <see cref="OnDrained"/> when fewer octets than this wait. False when it is so already.</summary>
    public bool WakeBelow(long octets)
    {
        lock (_lock)
        {
            if (_octets < octets)
            {
                return false;
            }

            _wakeBelow = octets;
            return true;
        }
    }

    /// <summary>Nothing more comes; what waits is still sent.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _complete = true;
            Wake();
        }
    }

    /// <summary>Sends until the queue is complete and empty, or the connection fails.</summary>
    public async Task SendAllAsync(IBgpConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                Take();
                if (_parts.Count == 0)
                {
                    if (_complete)
                    {
                        return;
                    }

                    await _filled.WaitAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                Volatile.Write(ref _stuckSince, time.GetTimestamp());
                if (_parts.Count == 1)
                {
                    await connection.SendAsync(_parts[0], cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    await connection.SendAsync(_parts, cancellationToken).ConfigureAwait(false);
                }

                Volatile.Write(ref _stuckSince, 0);
                Sent();
            }
        }
        finally
        {
            Volatile.Write(ref _stuckSince, 0);
            Drop();
        }
    }

    private bool Add(Slice slice)
    {
        lock (_lock)
        {
            if (_complete)
            {
                return false;
            }

            _waiting.Enqueue(slice);
            _octets += slice.Length;
            Wake();
            return true;
        }
    }

    private void Wake()
    {
        if (_filled.CurrentCount == 0)
        {
            _filled.Release();
        }
    }

    private void Take()
    {
        lock (_lock)
        {
            var octets = 0;
            while (_sending.Count < MostSlices && octets < MostOctets && _waiting.TryDequeue(out var slice))
            {
                _sending.Add(slice);
                _parts.Add(new(slice.Octets, slice.Start, slice.Length));
                octets += slice.Length;
            }
        }
    }

    private void Sent()
    {
        var octets = 0L;
        foreach (var slice in _sending)
        {
            octets += slice.Length;
            counters?.CountSent(slice.Octets.AsSpan(slice.Start, slice.Length));
            slice.Block?.Release();
        }

        _sending.Clear();
        _parts.Clear();
        var drained = false;
        lock (_lock)
        {
            _octets -= octets;
            if (_octets < _wakeBelow)
            {
                _wakeBelow = -1;
                drained = true;
            }
        }

        if (drained)
        {
            OnDrained?.Invoke();
        }
    }

    private void Drop()
    {
        lock (_lock)
        {
            _complete = true;
            foreach (var slice in _sending.Concat(_waiting))
            {
                slice.Block?.Release();
            }

            _sending.Clear();
            _waiting.Clear();
            _parts.Clear();
        }
    }

    private readonly record struct Slice(OutputBlock? Block, byte[] Octets, int Start, int Length);
}
