using System.Diagnostics;
using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Speakers;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Scenarios;

/// <summary>A reflector that has just been started, with its clients: what all scenarios begin with.</summary>
public sealed class Reflection : IDisposable
{
    private readonly Speaker _speaker;
    private readonly TimeSpan _limit;

    private Reflection(SpeakerKind kind, Speaker speaker, LoadGenerator load, ProcessFigures idle, RouteChecker[] checkers, TimeSpan limit)
    {
        Kind = kind;
        _speaker = speaker;
        _limit = limit;
        Load = load;
        Idle = idle;
        Checkers = checkers;
    }

    /// <summary>Who reflects.</summary>
    public SpeakerKind Kind { get; }

    /// <summary>Sender and receivers.</summary>
    public LoadGenerator Load { get; }

    /// <summary>The reflector before its first session.</summary>
    public ProcessFigures Idle { get; }

    /// <summary>The reflector now.</summary>
    public ProcessFigures Now => _speaker.Figures;

    /// <summary>What looks at the routes of each receiver.</summary>
    public RouteChecker[] Checkers { get; }

    /// <summary>Starts a reflector and brings up its sessions.</summary>
    public static Reflection Start(SpeakerKind kind, IReadOnlyList<SessionOptions> clients, TimeSpan limit, CancellationToken cancel)
    {
        var speaker = Speaker.Start(kind, cancel);
        LoadGenerator? load = null;
        try
        {
            var idle = speaker.Figures;
            load = new LoadGenerator(speaker.Address, cancel);
            load.Connect(clients, TimeSpan.FromSeconds(60));
            return new Reflection(kind, speaker, load, idle, [.. clients.Select(static c => c.Checker!)], limit);
        }
        catch (Exception e)
        {
            load?.Dispose();
            var words = speaker.LastWords;
            speaker.Dispose();
            if (e is BenchmarkException && words.Length > 0)
            {
                throw new BenchmarkException($"{e.Message}; {kind.Name} said: {words}");
            }

            throw;
        }
    }

    /// <summary>A client that looks at all it is told.</summary>
    public static RouteChecker NewChecker(EncodedRoutes routes, HashSet<int>? wanted = null) => new(routes, Session.Identifier(0), Speaker.ClusterId, wanted);

    /// <summary>Sends routes and waits until those who are awaited have all of them.</summary>
    /// <returns>Seconds, or nothing when the time was over before.</returns>
    public double? Send(ReadOnlyMemory<byte> messages, IReadOnlyList<RouteChecker> awaited)
    {
        // Whoever is complete is not looked at again, so that a thousand cost no more than one.
        var complete = 0;
        var start = Stopwatch.GetTimestamp();
        Load.Sender.Send(messages);
        var done = Load.Run(
            () =>
            {
                while (complete < awaited.Count && awaited[complete].Complete)
                {
                    complete++;
                }

                return complete == awaited.Count || awaited[complete].Error is not null;
            },
            _limit);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Load.CheckCorrectness();
        return done ? seconds : null;
    }

    /// <summary>Listens for a moment: routes that come again, or to the wrong one, come late.</summary>
    public void Settle()
    {
        Load.Run(static () => false, TimeSpan.FromMilliseconds(300));
        Load.CheckCorrectness();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Load.Dispose();
        _speaker.Dispose();
    }
}
