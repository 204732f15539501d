using System.Diagnostics;
using System.Text.Json;

namespace Fabric.SoftGate.Tests;

/// <summary>A short run of <c>make bench-softgate</c>: it runs, and every packet that comes out is right. How fast is not asked.</summary>
[Trait("Category", "lab")]
public sealed class BenchmarkTests
{
    [Fact]
    public async Task EveryRowIsRight()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Fabric.SoftGate.Benchmarks"), "--quick")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, await errors);

            var last = output.TrimEnd().Split('\n')[^1];
            using var json = JsonDocument.Parse(last);
            var rows = json.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("name").GetString()!).ToList();
            Assert.Equal(rows.Distinct(), rows);
            Assert.Equal("bare redirect", rows[0]);
            foreach (var part in new[] { "routing", "source NAT", "load balancer", "port forwards", "lists of", "VPCs", "sessions", "nftables" })
            {
                Assert.Contains(rows, r => r.Contains(part, StringComparison.Ordinal));
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
