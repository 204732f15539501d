using System.Diagnostics;
using System.Text.Json;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>The benchmark itself, small: both reflectors, and the bare relay that sets the limit, carry every route once with its attributes intact.</summary>
[Trait("Category", "lab")]
public sealed class BenchmarkSmokeTests
{
    [Fact]
    public async Task The_quick_benchmark_measures_frr_and_this_speaker_and_finds_no_fault()
    {
        Require.Frr();
        var (code, output) = await RunAsync("--quick");
        using var json = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]);
        Assert.True(code == 0 && json.RootElement.GetProperty("ok").GetBoolean(), output);
        var cells = json.RootElement.GetProperty("table").EnumerateArray().Select(static c => c.GetProperty("measurement")).ToList();
        Assert.Equal(["relay", "frr", "fabric"], cells.Select(static c => c.GetProperty("speaker").GetString()!));
        Assert.All(cells, static c =>
        {
            Assert.True(c.GetProperty("finished").GetBoolean());
            Assert.Equal((100_000, 50), (c.GetProperty("arrived").GetInt32(), c.GetProperty("changes").GetInt32()));
            Assert.True(c.GetProperty("peakKib").GetInt64() > c.GetProperty("idleKib").GetInt64());
        });
    }

    [Fact]
    public async Task Route_targets_and_a_slow_client_are_measured_small()
    {
        Require.Frr();
        var (code, output) = await RunAsync("--quick", "--scenarios", "own,constraint,slow,growth", "--routes", "20000");
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task A_reflector_that_does_not_start_fails_the_benchmark()
    {
        var (code, output) = await RunAsync("--quick", "--speakers", "fabric", "--fabricd", "/bin/false");
        Assert.Equal(1, code);
        Assert.Contains("\"ok\":false", output.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Fabric.Bgp.Benchmarks.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output + await error);
    }
}
