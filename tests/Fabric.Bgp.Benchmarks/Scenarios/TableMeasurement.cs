using System.Diagnostics;
using Fabric.Benchmarks;
using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Speakers;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Scenarios;

/// <summary>An empty reflector is told routes by one client and tells them to others; then single routes change.</summary>
/// <param name="Speaker">Who reflected.</param>
/// <param name="Set">Which routes: "shared", 100 routes an UPDATE; "own", attributes of their own for every 4 routes.</param>
/// <param name="Clients">How many received.</param>
/// <param name="Routes">How many routes.</param>
/// <param name="Arrived">How many routes the last client had at the end.</param>
/// <param name="Seconds">From the first octet sent until the last client had all; the limit when it did not.</param>
/// <param name="RoutesPerSecond">Routes over seconds; zero when not finished.</param>
/// <param name="IdleKib">Resident before the first session.</param>
/// <param name="PeakKib">The most resident until the end of the changes.</param>
/// <param name="BytesPerRoute">The difference over routes.</param>
/// <param name="CpuSeconds">The reflector's time on processors, without the changes.</param>
/// <param name="LoadCpuSeconds">The load generator's, meanwhile.</param>
/// <param name="Changes">How many single changes were made.</param>
/// <param name="P50Ms">Delay until the last client had the change.</param>
/// <param name="P99Ms">The same at the 99th percentile.</param>
/// <param name="MaxMs">The worst.</param>
public sealed record TableMeasurement(
    string Speaker,
    string Set,
    int Clients,
    int Routes,
    int Arrived,
    double Seconds,
    double RoutesPerSecond,
    long IdleKib,
    long PeakKib,
    double BytesPerRoute,
    double CpuSeconds,
    double LoadCpuSeconds,
    int Changes,
    double? P50Ms,
    double? P99Ms,
    double? MaxMs)
{
    private static readonly TimeSpan ChangesLimit = TimeSpan.FromSeconds(60);

    /// <summary>Whether the last client had all in time.</summary>
    public bool Finished => Arrived == Routes;

    /// <summary>Measures once.</summary>
    public static TableMeasurement Of(
        SpeakerKind kind, string set, EncodedRoutes routes, int clients, int changes, TimeSpan limit, CancellationToken cancel)
    {
        var options = Enumerable.Range(0, clients).Select(_ => new SessionOptions(Reflection.NewChecker(routes))).ToList();
        var messages = routes.Messages(reflection: kind.SentWith);
        GC.Collect();
        using var reflection = Reflection.Start(kind, options, limit, cancel);
        var before = reflection.Now;
        var ownBefore = Environment.CpuUsage.TotalTime;
        var seconds = reflection.Send(messages, reflection.Checkers);
        var own = Environment.CpuUsage.TotalTime - ownBefore;
        var cpu = reflection.Now.CpuSeconds - before.CpuSeconds;
        var arrived = reflection.Checkers.Min(static c => c.Arrived);
        List<double> delays = [];
        if (seconds is not null)
        {
            reflection.Settle();
            delays = Change(reflection, routes, changes, limit);
        }

        var (count, peak) = (routes.Set.Count, reflection.Now.PeakKib);
        return new(
            kind.Name, set, clients, count, arrived, seconds ?? limit.TotalSeconds, count / seconds ?? 0, reflection.Idle.ResidentKib, peak,
            (peak - reflection.Idle.ResidentKib) * 1024.0 / count, cpu, own.TotalSeconds, delays.Count, Rank(delays, 50), Rank(delays, 99), Rank(delays, 100));
    }

    /// <summary>The medians of several measurements of the same.</summary>
    public static TableMeasurement Median(IReadOnlyList<TableMeasurement> all) => all[0] with
    {
        Arrived = all.Min(static m => m.Arrived),
        Seconds = Middle(all.Select(static m => m.Seconds)),
        RoutesPerSecond = Middle(all.Select(static m => m.RoutesPerSecond)),
        IdleKib = (long)Middle(all.Select(static m => (double)m.IdleKib)),
        PeakKib = (long)Middle(all.Select(static m => (double)m.PeakKib)),
        BytesPerRoute = Middle(all.Select(static m => m.BytesPerRoute)),
        CpuSeconds = Middle(all.Select(static m => m.CpuSeconds)),
        LoadCpuSeconds = Middle(all.Select(static m => m.LoadCpuSeconds)),
        P50Ms = all.Any(static m => m.P50Ms is null) ? null : Middle(all.Select(static m => m.P50Ms!.Value)),
        P99Ms = all.Any(static m => m.P99Ms is null) ? null : Middle(all.Select(static m => m.P99Ms!.Value)),
        MaxMs = all.Max(static m => m.MaxMs),
    };

    private static List<double> Change(Reflection reflection, EncodedRoutes routes, int changes, TimeSpan limit)
    {
        var random = new Random(1);
        var delays = new List<double>(changes);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < changes && Stopwatch.GetElapsedTime(start) < ChangesLimit; i++)
        {
            var route = random.Next(routes.Set.Count);
            var sequence = (uint)i + 1;
            var message = routes.Change(route, sequence, reflection.Kind.SentWith);
            Array.ForEach(reflection.Checkers, c => c.ExpectChange(route, sequence));
            var sent = Stopwatch.GetTimestamp();
            reflection.Load.Sender.Send(message);
            var arrived = reflection.Load.Run(() => Array.TrueForAll(reflection.Checkers, static c => c.ChangeArrived || c.Error is not null), limit);
            delays.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            reflection.Load.CheckCorrectness();
            if (!arrived)
            {
                throw new BenchmarkException($"the change of route {route} did not arrive within {limit.TotalSeconds:F0} s");
            }
        }

        reflection.Settle();
        return delays;
    }

    private static double? Rank(List<double> delays, double percent) => delays.Count == 0 ? null : Percentile.Of(delays, percent);

    private static double Middle(IEnumerable<double> values) => Percentile.Of(values, 50);
}
