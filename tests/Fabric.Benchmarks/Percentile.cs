namespace Fabric.Benchmarks;

/// <summary>Percentiles by the nearest rank.</summary>
public static class Percentile
{
    /// <summary>The smallest value that at least <paramref name="percent"/> of all do not exceed.</summary>
    public static double Of(IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
