using System.Globalization;
using Fabric.Bgp.Benchmarks.Load;

namespace Fabric.Bgp.Benchmarks.Speakers;

/// <summary>What the kernel says about a process.</summary>
/// <param name="ResidentKib">Resident memory now.</param>
/// <param name="PeakKib">The most it has ever had.</param>
/// <param name="CpuSeconds">Time on a processor, in hundredths.</param>
public sealed record ProcessFigures(long ResidentKib, long PeakKib, double CpuSeconds)
{
    private const double TicksPerSecond = 100;

    /// <summary>Reads them.</summary>
    public static ProcessFigures Of(int process)
    {
        try
        {
            var lines = File.ReadAllLines($"/proc/{process}/status");
            var stat = File.ReadAllText($"/proc/{process}/stat");

            // The name of the program is in parentheses and may contain anything; user and system time are the 12th and 13th word after it.
            var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = long.Parse(words[11], CultureInfo.InvariantCulture) + long.Parse(words[12], CultureInfo.InvariantCulture);
            return new(Kib(lines, "VmRSS:"), Kib(lines, "VmHWM:"), ticks / TicksPerSecond);
        }
        catch (Exception e) when (e is IOException or IndexOutOfRangeException or InvalidOperationException)
        {
            throw new BenchmarkException($"process {process} has ended");
        }
    }

    private static long Kib(string[] lines, string name) =>
        long.Parse(lines.First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
