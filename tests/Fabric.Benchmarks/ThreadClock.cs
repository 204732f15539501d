using System.Globalization;

namespace Fabric.Benchmarks;

/// <summary>Time that the calling thread has spent on a processor: what a measurement costs on a machine that is busy with other things.</summary>
public static class ThreadClock
{
    /// <summary>Milliseconds on a processor so far; NaN where the kernel does not say.</summary>
    public static double Milliseconds()
    {
        try
        {
            var text = File.ReadAllText("/proc/thread-self/schedstat");
            return long.Parse(text.AsSpan(0, text.IndexOf(' ')), CultureInfo.InvariantCulture) / 1e6;
        }
        catch (IOException)
        {
            return double.NaN;
        }
    }
}
