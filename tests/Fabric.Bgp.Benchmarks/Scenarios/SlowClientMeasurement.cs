using Fabric.Benchmarks;
using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Speakers;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Scenarios;

/// <summary>All routes are announced several times, each time with new attributes, while one of three clients does not read; in the end it
/// reads again and must come to the same table.</summary>
/// <param name="Speaker">Who reflected.</param>
/// <param name="Slow">Whether one client did not read; otherwise all did, for comparison.</param>
/// <param name="Routes">How many routes.</param>
/// <param name="RoutesPerSecond">Of each round, until the last client that reads had all; shorter when the time was over.</param>
/// <param name="MedianRoutesPerSecond">The median of the rounds.</param>
/// <param name="IdleKib">Resident before the first session.</param>
/// <param name="ResidentKib">Resident after each round.</param>
/// <param name="PeakKib">The most resident.</param>
/// <param name="CatchUpSeconds">How long the slow one needed once it read again; null when it did not catch up in time or none was slow.</param>
/// <param name="CatchUpStale">Routes with older attributes that it was told on the way.</param>
/// <param name="Finished">Whether everything came in time.</param>
public sealed record SlowClientMeasurement(
    string Speaker,
    bool Slow,
    int Routes,
    IReadOnlyList<double> RoutesPerSecond,
    double MedianRoutesPerSecond,
    long IdleKib,
    IReadOnlyList<long> ResidentKib,
    long PeakKib,
    double? CatchUpSeconds,
    long CatchUpStale,
    bool Finished)
{
    private const int Rounds = 6;
    private const int Clients = 3;

    /// <summary>Measures once.</summary>
    public static SlowClientMeasurement Of(SpeakerKind kind, int count, bool slow, TimeSpan limit, CancellationToken cancel)
    {
        var routes = new EncodedRoutes(new RouteSet(count));
        var options = Enumerable.Range(0, Clients).Select(i => new SessionOptions(Reflection.NewChecker(routes), SmallBuffer: slow && i == Clients - 1)).ToList();
        using var reflection = Reflection.Start(kind, options, limit, cancel);
        var sleeper = reflection.Load.Receivers.Last();
        var awaited = reflection.Checkers[..(slow ? Clients - 1 : Clients)];
        sleeper.Read(!slow);
        var rates = new List<double>();
        var resident = new List<long>();
        for (uint generation = 0; generation < Rounds; generation++)
        {
            Array.ForEach(awaited, c => c.Expect(generation, mayLag: false));
            var messages = routes.Messages(generation);
            if (reflection.Send(messages, awaited) is not { } seconds)
            {
                break;
            }

            rates.Add(count / seconds);
            resident.Add(reflection.Now.ResidentKib);
        }

        double? catchUp = null;
        if (slow && rates.Count == Rounds)
        {
            reflection.Checkers[^1].Expect(Rounds - 1, mayLag: true);
            sleeper.Read(true);
            catchUp = reflection.Send(ReadOnlyMemory<byte>.Empty, reflection.Checkers);
        }

        reflection.Settle();
        return new(
            kind.Name, slow, count, rates, Percentile.Of(rates, 50), reflection.Idle.ResidentKib, resident, reflection.Now.PeakKib, catchUp, reflection.Checkers[^1].Stale,
            rates.Count == Rounds && (!slow || catchUp is not null));
    }
}
