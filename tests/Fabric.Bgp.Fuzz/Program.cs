using System.Globalization;
using Fabric.Bgp.Fuzz;

// usage: Fabric.Bgp.Fuzz [--seconds N] [--messages N] [--seed N] [--workers N]
// Ends after so many seconds (10) or messages, whichever comes first. Exit code 1 with the input as hex when something was found.
var options = new Dictionary<string, long>(StringComparer.Ordinal)
{
    ["--seconds"] = 10,
    ["--messages"] = long.MaxValue,
    ["--seed"] = Random.Shared.Next(),
    ["--workers"] = Environment.ProcessorCount,
};
for (var i = 0; i < args.Length; i += 2)
{
    if (!options.ContainsKey(args[i]) || i + 1 == args.Length || !long.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
    {
        Console.Error.WriteLine("usage: Fabric.Bgp.Fuzz [--seconds N] [--messages N] [--seed N] [--workers N]");
        return 2;
    }

    options[args[i]] = value;
}

const int Batch = 1000;
var (time, seed, workers) = (TimeProvider.System, (int)options["--seed"], (int)Math.Clamp(options["--workers"], 1, 1024));
Console.WriteLine($"fuzz-bgp: seed {seed}, {Corpus.Messages.Count} messages in the corpus, {workers} workers");
var begin = time.GetTimestamp();
long total = 0;
string? finding = null;
await Task.WhenAll(Enumerable.Range(0, workers).Select(number => Task.Factory.StartNew(
    () =>
    {
        var worker = new FuzzWorker(unchecked(seed + number));
        while (Volatile.Read(ref finding) is null
            && time.GetElapsedTime(begin).TotalSeconds < options["--seconds"]
            && Interlocked.Read(ref total) < options["--messages"])
        {
            var before = worker.Messages;
            if (worker.Run(Batch) is { } found)
            {
                Interlocked.CompareExchange(ref finding, $"worker {number}, input {worker.Messages}, {found}", null);
            }

            Interlocked.Add(ref total, worker.Messages - before);
        }
    },
    TaskCreationOptions.LongRunning)));
var seconds = time.GetElapsedTime(begin).TotalSeconds;
if (finding is not null)
{
    Console.WriteLine($"finding: {finding}");
}

Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"fuzz-bgp: {total} messages in {seconds:f1} s, {total / seconds:f0}/s ({total / seconds / workers:f0}/s a worker), seed {seed}, {(finding is null ? "nothing found" : "1 finding")}"));
return finding is null ? 0 : 1;
