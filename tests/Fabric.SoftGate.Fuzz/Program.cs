using System.Globalization;
using Fabric.SoftGate.Fuzz;
using Fabric.SoftGate.Layout;

// usage: Fabric.SoftGate.Fuzz [--seconds N] [--packets N] [--seed N] [--workers N]
// Ends after so many seconds (10) or packets, whichever comes first. Exit code 1 with the packet as hex when something was found.
// Needs the right to load programs into the kernel.
var options = new Dictionary<string, long>(StringComparer.Ordinal)
{
    ["--seconds"] = 10,
    ["--packets"] = long.MaxValue,
    ["--seed"] = Random.Shared.Next(),
    ["--workers"] = Environment.ProcessorCount,
};
for (var i = 0; i < args.Length; i += 2)
{
    if (!options.ContainsKey(args[i]) || i + 1 == args.Length || !long.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
    {
        Console.Error.WriteLine("usage: Fabric.SoftGate.Fuzz [--seconds N] [--packets N] [--seed N] [--workers N]");
        return 2;
    }

    options[args[i]] = value;
}

const int Batch = 1000;
var (time, seed, workers) = (TimeProvider.System, (int)options["--seed"], (int)Math.Clamp(options["--workers"], 1, 1024));
Console.WriteLine($"fuzz-softgate: seed {seed}, {Seeds.All.Count} packets in the corpus, {workers} workers");
var begin = time.GetTimestamp();
long total = 0;
string? finding = null;
var verdicts = new long[5];
var reasons = new ulong[(int)Counter.Count];
await Task.WhenAll(Enumerable.Range(0, workers).Select(number => Task.Factory.StartNew(
    () =>
    {
        using var worker = new FuzzWorker(unchecked(seed + number));
        var found = worker.RunTruncations();
        Interlocked.Add(ref total, worker.Frames);
        while (found is null
            && Volatile.Read(ref finding) is null
            && time.GetElapsedTime(begin).TotalSeconds < options["--seconds"]
            && Interlocked.Read(ref total) < options["--packets"])
        {
            var before = worker.Frames;
            found = worker.Run(Batch);
            Interlocked.Add(ref total, worker.Frames - before);
        }

        if (found is not null)
        {
            Interlocked.CompareExchange(ref finding, $"worker {number}, packet {worker.Frames}, {found}", null);
        }

        lock (verdicts)
        {
            for (var i = 0; i < verdicts.Length; i++)
            {
                verdicts[i] += worker.Verdicts[i];
            }

            for (var i = 0; i < reasons.Length; i++)
            {
                reasons[i] += worker.World.Count((Counter)i);
            }
        }
    },
    TaskCreationOptions.LongRunning)));
var seconds = time.GetElapsedTime(begin).TotalSeconds;
if (finding is not null)
{
    Console.WriteLine($"finding: {finding}");
}

Console.WriteLine($"verdicts: {verdicts[1]} dropped, {verdicts[2]} passed, {verdicts[3]} answered, {verdicts[4]} redirected, {verdicts[0]} aborted");
Console.WriteLine($"counters: {string.Join(", ", reasons.Select(static (n, i) => (Counter: (Counter)i, n)).Where(static r => r.n != 0).Select(static r => $"{r.Counter} {r.n}"))}");
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"fuzz-softgate: {total} packets in {seconds:f1} s, {total / seconds:f0}/s ({total / seconds / workers:f0}/s a worker), seed {seed}, {(finding is null ? "nothing found" : "1 finding")}"));
return finding is null ? 0 : 1;
