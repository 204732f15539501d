using System.Diagnostics;
using System.Net;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Load;

/// <summary>One sender and its receivers on one thread.</summary>
public sealed class LoadGenerator : IDisposable
{
    private static readonly TimeSpan KeepaliveEvery = TimeSpan.FromSeconds(MessageWriter.HoldSeconds / 6);

    private readonly Epoll _epoll = new();
    private readonly IPEndPoint _reflector;
    private readonly CancellationToken _cancel;
    private readonly List<Session> _sessions = [];
    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(512 << 10, pinned: true);
    private long _keptAlive = Stopwatch.GetTimestamp();

    /// <summary>Connects to nobody yet.</summary>
    public LoadGenerator(IPAddress reflector, CancellationToken cancel)
    {
        _reflector = new IPEndPoint(reflector, LoopbackNet.Port);
        _cancel = cancel;
    }

    /// <summary>The one that sends routes.</summary>
    public Session Sender => _sessions[0];

    /// <summary>Those that receive them.</summary>
    public IEnumerable<Session> Receivers => _sessions.Skip(1);

    /// <summary>Connects a sender and receivers, and waits until all sessions are up and the reflector has no more to say.</summary>
    public void Connect(IEnumerable<SessionOptions> receivers, TimeSpan limit)
    {
        foreach (var options in receivers.Prepend(new SessionOptions(null)))
        {
            _sessions.Add(new Session(_sessions.Count, LoopbackNet.Client(_sessions.Count), _reflector, _epoll, options));
        }

        if (!Run(() => _sessions.TrueForAll(static s => s.Established), limit))
        {
            throw new BenchmarkException($"{_sessions.Count(static s => !s.Established)} of {_sessions.Count} sessions did not come up within {limit.TotalSeconds:F0} s");
        }

        // FRR gathers new sessions for a second before it tells them anything.
        Run(static () => false, TimeSpan.FromSeconds(2));
    }

    /// <summary>Reads and writes until a condition holds.</summary>
    /// <returns>False when the time was over before.</returns>
    public bool Run(Func<bool> done, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        while (!done())
        {
            _cancel.ThrowIfCancellationRequested();
            var left = limit - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            if (Stopwatch.GetElapsedTime(_keptAlive) > KeepaliveEvery)
            {
                _keptAlive = Stopwatch.GetTimestamp();
                _sessions.ForEach(static s => s.KeepAlive());
            }

            var ready = _epoll.Wait((int)Math.Ceiling(Math.Min(left.TotalMilliseconds, 250)));
            for (var i = 0; i < ready; i++)
            {
                var (number, events) = _epoll.Ready(i);
                var session = _sessions[number];
                if ((events & Epoll.Writable) != 0)
                {
                    session.Write();
                }

                if ((events & ~Epoll.Writable) != 0)
                {
                    session.Receive(_scratch);
                }
            }
        }

        return true;
    }

    /// <summary>Fails when a client was told something that is wrong.</summary>
    public void CheckCorrectness()
    {
        var index = 0;
        foreach (var session in _sessions)
        {
            if (session.Checker?.Error is { } error)
            {
                throw new BenchmarkException($"client {index}: {error}");
            }

            index++;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sessions.ForEach(static s => s.Dispose());
        _epoll.Dispose();
    }
}
