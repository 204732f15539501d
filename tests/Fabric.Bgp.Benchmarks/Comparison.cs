using System.Text.Json;
using System.Text.Json.Serialization;
using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Scenarios;
using Fabric.Bgp.Benchmarks.Speakers;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks;

/// <summary>Runs what was asked for, prints tables for people, and the same as one JSON object on the last line.</summary>
public sealed class Comparison(Options options, TextWriter output, CancellationToken cancel)
{
    private const string Reference = "frr";
    private const string Ours = "fabric";
    private static readonly string Limit = SpeakerKind.Relay.Name;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly Dictionary<string, SpeakerKind> _kinds = new[] { SpeakerKind.Relay, SpeakerKind.Frr(options.FrrLines), SpeakerKind.GoBgp, SpeakerKind.Fabric(options.Fabricd) }
        .ToDictionary(static k => k.Name, StringComparer.Ordinal);

    private readonly List<object> _table = [];
    private readonly List<object> _constraint = [];
    private readonly List<object> _slow = [];
    private readonly List<object> _growth = [];
    private readonly List<string> _failures = [];

    /// <summary>Runs all; false when a check failed.</summary>
    public bool Run()
    {
        foreach (var set in options.Scenarios.Intersect(["shared", "own"], StringComparer.Ordinal))
        {
            Table(set);
        }

        Only("constraint", [Ours], Constraint);
        Only("slow", [Reference, Ours], Slow);
        Only("growth", [Ours], Growth);
        var result = new
        {
            ok = _failures.Count == 0,
            failures = _failures,
            processors = Environment.ProcessorCount,
            repeat = options.Repeat,
            table = _table,
            constraint = _constraint,
            slow = _slow,
            growth = _growth,
        };
        output.WriteLine(JsonSerializer.Serialize(result, Json));
        return _failures.Count == 0;
    }

    private static EncodedRoutes Encode(string set, int count) => new(set == "own" ? new RouteSet(count, 100, 4, 4) : new RouteSet(count));

    private static string Mib(long kib) => $"{kib / 1024.0:F0}";

    private void Only(string scenario, string[] speakers, Action<SpeakerKind> run)
    {
        if (options.Scenarios.Contains(scenario, StringComparer.Ordinal))
        {
            foreach (var speaker in speakers.Intersect(options.Speakers, StringComparer.Ordinal))
            {
                run(_kinds[speaker]);
            }

            output.WriteLine();
        }
    }

    private void Table(string set)
    {
        output.WriteLine(set == "own"
            ? "Routes with attributes of their own for every 4 routes (4 routes an UPDATE, a route target a 100 routes):"
            : "Routes that share attributes (100 routes an UPDATE, a route target a 100 routes):");
        output.WriteLine("clients   routes  speaker    routes/s  x FRR  of limit  x FRR a cpu s   idle MiB  peak MiB  bytes/route   cpu s  load cpu s"
            + "   one change: p50 ms   p99 ms   max ms");
        foreach (var count in options.Speakers.SelectMany(SizesOf).Distinct().Order())
        {
            var routes = Encode(set, count);
            foreach (var clients in options.Clients)
            {
                Cell(set, routes, clients);
            }
        }

        output.WriteLine();
    }

    private int[] SizesOf(string speaker) => speaker == SpeakerKind.GoBgp.Name ? options.GoBgpRoutes : options.Routes;

    /// <summary>Speakers take turns, so that a busy minute of the machine hits all of them.</summary>
    private void Cell(string set, EncodedRoutes routes, int clients)
    {
        var measured = new Dictionary<string, List<TableMeasurement>>(StringComparer.Ordinal);
        foreach (var speaker in Enumerable.Repeat(options.Speakers.Where(s => SizesOf(s).Contains(routes.Set.Count)), options.Repeat).SelectMany(static s => s))
        {
            TableMeasurement Once() => TableMeasurement.Of(_kinds[speaker], set, routes, clients, options.Changes, options.Limit, cancel);
            if (Try($"{set}, {clients} clients, {routes.Set.Count} routes, {speaker}", Once) is { } one)
            {
                measured.TryAdd(speaker, []);
                measured[speaker].Add(one);
            }
        }

        var medians = measured.Values.Select(TableMeasurement.Median).ToList();
        var reference = medians.Find(static m => m.Speaker == Reference && m.Finished);
        var limit = medians.Find(static m => m.Speaker == Limit && m.Finished);
        foreach (var m in medians)
        {
            var ratio = reference is null || !m.Finished ? (double?)null : m.RoutesPerSecond / reference.RoutesPerSecond;
            var share = limit is null || !m.Finished ? (double?)null : m.RoutesPerSecond / limit.RoutesPerSecond;
            var cpuRatio = ratio * reference?.CpuSeconds * m.Seconds / (m.CpuSeconds * reference?.Seconds);
            var speed = m.Finished ? $"{m.RoutesPerSecond,12:N0}{ratio,7:F2}{share,10:P0}" : $"   only {m.Arrived:N0} in {m.Seconds:F0} s";
            output.WriteLine(
                $"{m.Clients,7}{m.Routes,9}  {m.Speaker,-8}{speed,29}{cpuRatio,15:F2}{Mib(m.IdleKib),11}{Mib(m.PeakKib),10}"
                + $"{m.BytesPerRoute,13:F0}{m.CpuSeconds,8:F2}{m.LoadCpuSeconds,12:F2}{m.P50Ms,21:F2}{m.P99Ms,9:F2}{m.MaxMs,9:F2}");
            _table.Add(new { measurement = m, timesFrr = ratio, shareOfLimit = share, timesFrrPerCpuSecond = cpuRatio });
        }
    }

    private void Constraint(SpeakerKind kind)
    {
        output.WriteLine($"Route-target constraint, {ConstraintMeasurement.VnisPerClient} of {ConstraintMeasurement.Vnis} VNIs a client:");
        output.WriteLine("speaker  clients   routes  each wants        s  deliveries/s   idle MiB  with sessions  peak MiB   cpu s  load cpu s");
        if (Try($"constraint, {kind.Name}", () => ConstraintMeasurement.Of(kind, options.Members, options.MemberRoutes, options.Limit, cancel)) is not { } m)
        {
            return;
        }

        _constraint.Add(m);
        var seconds = m.Seconds is { } s ? $"{s:F2}" : "not all";
        output.WriteLine(
            $"{m.Speaker,-8}{m.Clients,8}{m.Routes,9}{m.RoutesPerClient,12}{seconds,9}{m.DeliveriesPerSecond,14:N0}"
            + $"{Mib(m.IdleKib),11}{Mib(m.SessionsKib),15}{Mib(m.PeakKib),10}{m.CpuSeconds,8:F2}{m.LoadCpuSeconds,12:F2}");
    }

    private void Slow(SpeakerKind kind)
    {
        output.WriteLine($"{kind.Name}: three clients, all routes announced anew each round; without and with one client that does not read:");
        output.WriteLine(
            "slow    routes   routes/s of those who read, median (each round)                         MiB after each round          peak MiB"
            + "  caught up after s");
        foreach (var slow in new[] { false, true })
        {
            if (Try($"slow client, {kind.Name}", () => SlowClientMeasurement.Of(kind, options.SlowRoutes, slow, options.Limit, cancel)) is not { } m)
            {
                continue;
            }

            _slow.Add(m);
            var rates = $"{m.MedianRoutesPerSecond:N0} ({string.Join(' ', m.RoutesPerSecond.Select(static r => $"{r / 1000:N0}k"))})";
            output.WriteLine(
                $"{(m.Slow ? "one" : "none"),-5}{m.Routes,9}   {rates,-70}{string.Join(' ', m.ResidentKib.Select(Mib)),-32}"
                + $"{Mib(m.PeakKib),6}{m.CatchUpSeconds,19:F2}{(m.Finished ? "" : "   not finished")}");
        }
    }

    private void Growth(SpeakerKind kind)
    {
        output.WriteLine($"{kind.Name}: growth with one client:");
        output.WriteLine("   routes        s    routes/s  cpu us/route  peak MiB  bytes/route");
        foreach (var count in options.GrowthRoutes)
        {
            var routes = Encode("shared", count);
            if (Try($"growth, {count} routes", () => TableMeasurement.Of(kind, "growth", routes, 1, 0, options.Limit, cancel)) is { } m)
            {
                _growth.Add(m);
                output.WriteLine($"{m.Routes,9}{m.Seconds,9:F2}{m.RoutesPerSecond,12:N0}{m.CpuSeconds * 1e6 / m.Routes,14:F3}"
                    + $"{Mib(m.PeakKib),10}{m.BytesPerRoute,13:F0}{(m.Finished ? "" : "   not finished")}");
            }
        }
    }

    /// <summary>A measurement that fails makes the whole run fail, but the others are still made.</summary>
    private T? Try<T>(string what, Func<T> measure)
        where T : class
    {
        try
        {
            return measure();
        }
        catch (BenchmarkException e)
        {
            _failures.Add($"{what}: {e.Message}");
            output.WriteLine($"FAILED {_failures[^1]}");
            return null;
        }
    }
}
