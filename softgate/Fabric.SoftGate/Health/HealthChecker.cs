namespace Fabric.SoftGate.Health;

/// <summary>
/// Probes back ends at their intervals, a bounded number at a time, and says when so many results in a row are against what is known. Belongs to
/// the agent's loop; <see cref="Tick"/> is to be called several times a second.
/// </summary>
/// <param name="probe">Does one probe; must not throw.</param>
/// <param name="isWell">What is known of a back end.</param>
/// <param name="found">Takes what is known after a result: changed or not.</param>
/// <param name="post">Does something on the agent's loop.</param>
/// <param name="time">The clock.</param>
internal sealed class HealthChecker(
    Func<HealthTarget, CancellationToken, Task<bool>> probe, Func<BackendName, bool> isWell, Action<BackendName, bool> found, Action<Action> post, TimeProvider time) : IDisposable
{
    /// <summary>Probes at a time; who is due then waits.</summary>
    internal const int MostAtATime = 256;

    private readonly PriorityQueue<Watched, TimeSpan> _due = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly long _start = time.GetTimestamp();
    private Dictionary<BackendName, Watched> _watched = [];

    /// <summary>Probes under way.</summary>
    internal int Running { get; private set; }

    private TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>What is to be probed from now on. Who was probed before goes on where it was.</summary>
    internal void Follow(IEnumerable<HealthTarget> targets)
    {
        var watched = new Dictionary<BackendName, Watched>();
        var spread = 0;
        foreach (var target in targets)
        {
            if (_watched.TryGetValue(target.Backend, out var known) && known.Target == target)
            {
                watched.Add(target.Backend, known);
                continue;
            }

            var added = new Watched(target);
            watched.Add(target.Backend, added);

            // The first ones at once, many of them over an interval.
            _due.Enqueue(added, Now + (target.Interval * (spread++ / MostAtATime % 16 / 16.0)));
        }

        _watched = watched;
    }

    /// <summary>Begins the probes that are due.</summary>
    internal void Tick()
    {
        var now = Now;
        while (Running < MostAtATime && _due.TryPeek(out var watched, out var at) && at <= now)
        {
            _due.Dequeue();
            if (IsCurrent(watched))
            {
                Running++;
                _ = ProbeAsync(watched, now);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task ProbeAsync(Watched watched, TimeSpan begun)
    {
        var good = await probe(watched.Target, _stop.Token).ConfigureAwait(false);
        post(() => Take(watched, begun, good));
    }

    private void Take(Watched watched, TimeSpan begun, bool good)
    {
        Running--;
        if (!IsCurrent(watched))
        {
            return;
        }

        var backend = watched.Target.Backend;
        var well = isWell(backend);
        watched.Against = good == well ? 0 : watched.Against + 1;
        if (watched.Against >= watched.Target.Check.HealthThreshold)
        {
            (watched.Against, well) = (0, good);
        }

        found(backend, well);
        _due.Enqueue(watched, begun + watched.Target.Interval);
    }

    private bool IsCurrent(Watched watched) => _watched.GetValueOrDefault(watched.Target.Backend) == watched;

    private sealed class Watched(HealthTarget target)
    {
        internal HealthTarget Target { get; } = target;

        /// <summary>Results in a row against what is known.</summary>
        internal int Against { get; set; }
    }
}
