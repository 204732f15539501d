using Fabric.SoftGate.Benchmarks;

// usage: Fabric.SoftGate.Benchmarks [--quick] [--rounds N] [--only NAME,...] [--plain]
// Prints a table, and the same as JSON in the last line. Exit code 1 when a packet was lost or came out wrong, 2 for wrong arguments.
// Needs root: it makes namespaces of its own and loads programs into the kernel.
var size = args.Contains("--quick") ? BenchmarkSize.Quick : new();
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--quick":
            break;
        case "--plain":
            size = size with { PlainOnly = true };
            break;
        case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], out var rounds) && rounds > 0:
            size = size with { Rounds = rounds };
            i++;
            break;
        case "--only" when i + 1 < args.Length:
            size = size with { Only = args[++i].Split(',') };
            break;
        default:
            Console.Error.WriteLine("usage: Fabric.SoftGate.Benchmarks [--quick] [--rounds N] [--only NAME,...] [--plain]");
            return 2;
    }
}

// One thread for all: network namespace, core and priority are a thread's.
Exception? failure = null;
var thread = new Thread(() =>
{
    try
    {
        Machine.UseOneCore();
        Benchmark.Run(size, TimeProvider.System, Console.Out, Console.Error);
    }
    catch (Exception e)
    {
        failure = e;
    }
});
thread.Start();
thread.Join();
if (failure is not null)
{
    Console.Error.WriteLine(failure is BenchmarkException ? failure.Message : failure);
    return 1;
}

return 0;
