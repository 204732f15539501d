using System.Diagnostics;
using System.Net.Http.Json;

namespace Fabric.Benchmarks.Api;

/// <summary>What concurrent writers get out of the API: each makes one V-Net a request and waits for the acknowledgement, which means on disk.</summary>
/// <param name="Writers">Writers side by side, each with a connection of its own.</param>
/// <param name="Writes">Writes acknowledged.</param>
/// <param name="WritesPerSecond">Of all writers together.</param>
/// <param name="P50Ms">Milliseconds a write, median.</param>
/// <param name="P99Ms">The same, 99th percentile.</param>
/// <param name="CommitRatio">Writes a second over the raw commits a second of the same disk in the same run; above 1 by committing several writes at once.</param>
public sealed record ApiMeasurement(int Writers, int Writes, double WritesPerSecond, double P50Ms, double P99Ms, double CommitRatio)
{
    /// <summary>Makes what the V-Nets need.</summary>
    public static async Task PrepareAsync(FabricdProcess fabricd)
    {
        using var client = fabricd.NewClient();
        await PostAsync(client, "change-sets", new
        {
            reason = "benchmark",
            changes = new object[]
            {
                new { operation = "apply", kind = "Site", name = "bench", spec = new { } },
                new { operation = "apply", kind = "Tenant", name = "bench", spec = new { } },
                new { operation = "apply", kind = "Vpc", name = "bench", spec = new { tenant = "bench" } },
            },
        });
    }

    /// <summary>Measures for a while.</summary>
    public static async Task<ApiMeasurement> OfAsync(FabricdProcess fabricd, string run, int writers, TimeSpan duration, double rawCommits)
    {
        var start = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(fabricd, $"{run}-{writer}", start, duration))));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var all = times.SelectMany(t => t).ToList();
        return new ApiMeasurement(
            writers, all.Count, all.Count / seconds, Percentile.Of(all, 50), Percentile.Of(all, 99), all.Count / seconds / rawCommits);
    }

    private static async Task<List<double>> WriteAsync(FabricdProcess fabricd, string prefix, long start, TimeSpan duration)
    {
        using var client = fabricd.NewClient();
        var times = new List<double>();
        for (var i = 0; Stopwatch.GetElapsedTime(start) < duration; i++)
        {
            var one = Stopwatch.GetTimestamp();
            await PostAsync(client, "vnets", new
            {
                name = $"{prefix}/{i}",
                spec = new { site = "bench", vpc = "bench", attachments = new object[] { new { hypervisors = true }, new { tag = "rack", vlan = 100 } } },
            });
            times.Add(Stopwatch.GetElapsedTime(one).TotalMilliseconds);
        }

        return times;
    }

    private static async Task PostAsync(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"POST {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }
}
