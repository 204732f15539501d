using System.Text.Json;
using BenchmarkDotNet.Running;
using Fabric.Benchmarks;
using Fabric.Benchmarks.Api;
using Fabric.Benchmarks.Compile;

if (args is ["--bdn", .. var rest])
{
    BenchmarkSwitcher.FromAssembly(typeof(CompileBenchmarks).Assembly).Run(rest.Length > 0 ? rest : ["--filter", "*"]);
    return 0;
}

var options = Options.Parse(args);
if (options is null)
{
    Console.Error.WriteLine("usage: Fabric.Benchmarks [--quick | --once | --compile | --api] [--dir DIRECTORY]  or  --bdn [options of BenchmarkDotNet]");
    return 2;
}

var compile = new List<CompileMeasurement>();
if (options.Compile)
{
    Console.WriteLine("Compile and diff: 4 spines, pairs of leaves with 48 server ports, 100 V-Nets with IPv4 and IPv6 gateways a pair; times in ms.");
    Console.WriteLine("VPCs    leaves  V-Nets   all devices:        one V-Net added, evaluated, compiled and compared:");
    Console.WriteLine("                         compile     diff      p50     p99     max   p50 cpu  p99 cpu   evaluate  devices   KiB");
    foreach (var shared in new[] { false, true })
    {
        foreach (var leaves in options.Leaves)
        {
            var m = CompileMeasurement.Of(leaves, shared, options.Additions);
            compile.Add(m);
            Console.WriteLine(
                $"{(shared ? "10" : "10/pair"),-8}{m.Leaves,5}{m.VNets,8}{m.FullCompileMs,12:F1}{m.FullDiffMs,9:F1}"
                + $"{m.AddP50Ms,9:F2}{m.AddP99Ms,8:F2}{m.AddMaxMs,8:F2}{m.AddCpuP50Ms,10:F2}{m.AddCpuP99Ms,9:F2}{m.EvaluateP50Ms,11:F2}{m.AddDevices,9}{m.AddKilobytes,6:F0}");
        }
    }

    Console.WriteLine();
}

var api = new List<ApiMeasurement>();
DiskMeasurement? disk = null;
if (options.Api)
{
    var directory = Directory.CreateDirectory(Path.Combine(options.Directory, $"fabric-bench-{Environment.ProcessId}"));
    try
    {
        disk = DiskMeasurement.Of(directory.FullName, options.Duration);
        Console.WriteLine($"Disk: {disk.CommitsPerSecond:F0} durable SQLite commits/s one after the other, p50 {disk.P50Ms:F2} ms, p99 {disk.P99Ms:F2} ms ({directory.Parent})");
        await using var fabricd = await FabricdProcess.StartAsync(Path.Combine(directory.FullName, "data"));
        await ApiMeasurement.PrepareAsync(fabricd);
        await ApiMeasurement.OfAsync(fabricd, "warm", 8, options.Duration, disk.CommitsPerSecond);
        Console.WriteLine("API over HTTPS: one V-Net a request, acknowledged when on disk");
        Console.WriteLine("writers   writes/s      p50 ms    p99 ms   over raw commits/s");
        foreach (var writers in new[] { 1, 8, 32 })
        {
            var m = await ApiMeasurement.OfAsync(fabricd, $"w{writers}", writers, options.Duration, disk.CommitsPerSecond);
            api.Add(m);
            Console.WriteLine($"{m.Writers,7}{m.WritesPerSecond,11:F0}{m.P50Ms,12:F2}{m.P99Ms,10:F2}{m.CommitRatio,21:F2}");
        }

        Console.WriteLine();
    }
    finally
    {
        directory.Delete(recursive: true);
    }
}

var broken = compile.SelectMany(m => m.Broken(compile.First(c => c.SharedVpcs == m.SharedVpcs))).ToList();
broken.ForEach(Console.WriteLine);
Console.WriteLine(JsonSerializer.Serialize(new { ok = broken.Count == 0, compile, disk, api }, new JsonSerializerOptions(JsonSerializerDefaults.Web)));
return broken.Count == 0 ? 0 : 1;
