using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Speakers;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Scenarios;

/// <summary>Many clients, each of which asks for the route targets of a few VNIs (RFC 4684). A route that a client did not ask for fails the measurement.</summary>
/// <param name="Speaker">Who reflected.</param>
/// <param name="Clients">How many received.</param>
/// <param name="Routes">How many routes there are.</param>
/// <param name="RoutesPerClient">How many each wants.</param>
/// <param name="Seconds">From the first octet sent until the last client had all of its own; null when the time was over before.</param>
/// <param name="DeliveriesPerSecond">Routes times clients that want them, over seconds.</param>
/// <param name="IdleKib">Resident before the first session.</param>
/// <param name="SessionsKib">Resident with all sessions up and no route.</param>
/// <param name="PeakKib">The most resident.</param>
/// <param name="CpuSeconds">The reflector's time on processors.</param>
/// <param name="LoadCpuSeconds">The load generator's, meanwhile.</param>
public sealed record ConstraintMeasurement(
    string Speaker,
    int Clients,
    int Routes,
    int RoutesPerClient,
    double? Seconds,
    double DeliveriesPerSecond,
    long IdleKib,
    long SessionsKib,
    long PeakKib,
    double CpuSeconds,
    double LoadCpuSeconds)
{
    /// <summary>How many VNIs the routes are spread over.</summary>
    public const int Vnis = 1000;

    /// <summary>How many of them a client wants.</summary>
    public const int VnisPerClient = 10;

    /// <summary>Measures once.</summary>
    public static ConstraintMeasurement Of(SpeakerKind kind, int clients, int count, TimeSpan limit, CancellationToken cancel)
    {
        var perVni = count / Vnis;
        var routes = new EncodedRoutes(new RouteSet(perVni * Vnis, perVni, perVni, Math.Min(perVni, 100)));
        var random = new Random(1);
        var options = Enumerable.Range(0, clients).Select(_ =>
        {
            var wanted = new HashSet<int>();
            while (wanted.Count < VnisPerClient)
            {
                wanted.Add(1 + random.Next(Vnis));
            }

            return new SessionOptions(Reflection.NewChecker(routes, wanted), wanted);
        }).ToList();
        var messages = routes.Messages();
        using var reflection = Reflection.Start(kind, options, limit, cancel);
        var before = reflection.Now;
        var ownBefore = Environment.CpuUsage.TotalTime;
        var seconds = reflection.Send(messages, reflection.Checkers);
        var own = Environment.CpuUsage.TotalTime - ownBefore;
        var after = reflection.Now;
        reflection.Settle();
        var deliveries = reflection.Checkers.Sum(static c => (long)c.Arrived);
        return new(
            kind.Name, clients, routes.Set.Count, perVni * VnisPerClient, seconds, deliveries / (seconds ?? limit.TotalSeconds), reflection.Idle.ResidentKib, before.ResidentKib,
            reflection.Now.PeakKib, after.CpuSeconds - before.CpuSeconds, own.TotalSeconds);
    }
}
