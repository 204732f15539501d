namespace Fabric.SoftGate.Balancing;

/// <summary>A back end as weights follow from it.</summary>
/// <param name="Weight">Its weight as configured, 0..256; 0: drains.</param>
/// <param name="Healthy">Whether probes find it well; true without probes.</param>
/// <param name="Sessions">Sessions that it has now.</param>
internal readonly record struct BackendLoad(int Weight, bool Healthy, long Sessions);

/// <summary>
/// Weights in a table. A back end that drains or is unwell gets no new session and keeps those that it has. If all are unwell, new sessions
/// are refused: a client then knows at once, and nobody is sent to a machine that may be another one's by now.
/// </summary>
internal static class BackendWeights
{
    /// <summary>What a weight of 1 becomes with least connections while all have the same load.</summary>
    private const int Unit = 32;

    /// <summary>Least connections moves a back end's share between this part and this multiple of its weight.</summary>
    private const double Most = 8;

    /// <summary>Weights that follow configuration and health only.</summary>
    internal static int[] Fixed(ReadOnlySpan<BackendLoad> backends)
    {
        var weights = new int[backends.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = backends[i].Healthy ? backends[i].Weight : 0;
        }

        return weights;
    }

    /// <summary>
    /// Weights that follow the sessions too, to be derived each second: who has more sessions for its weight than all together have gets
    /// fewer new ones, by the square of the ratio, half of the way at a time. The square makes back ends that are slow in finishing come
    /// near to equal numbers; going half of the way keeps sessions shorter than a second from swinging to and fro.
    /// </summary>
    /// <param name="backends">Back ends and their sessions.</param>
    /// <param name="before">What this gave for them a second ago; 0: new.</param>
    internal static int[] LeastConnections(ReadOnlySpan<BackendLoad> backends, ReadOnlySpan<int> before)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(before.Length, backends.Length);
        double sessions = 0;
        double weight = 0;
        foreach (var backend in backends)
        {
            if (backend is { Healthy: true, Weight: > 0 })
            {
                sessions += Math.Max(0, backend.Sessions);
                weight += backend.Weight;
            }
        }

        // One more session for each unit of weight, so that few sessions are not taken for a difference.
        var average = weight == 0 ? 1 : (sessions / weight) + 1;
        var weights = new int[backends.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            if (backends[i] is not { Healthy: true, Weight: > 0 and var own })
            {
                continue;
            }

            var ratio = average / ((Math.Max(0, backends[i].Sessions) / (double)own) + 1);
            var even = Unit * own;
            var last = before[i] > 0 ? before[i] : even;
            var now = Math.Sqrt(last * (even * ratio * ratio));
            weights[i] = (int)Math.Round(Math.Clamp(now, even / Most, even * Most));
        }

        return weights;
    }

    /// <summary>Whether weights differ enough for a new table: one comes or goes, or changes by more than a sixteenth.</summary>
    internal static bool Differ(ReadOnlySpan<int> table, ReadOnlySpan<int> now)
    {
        if (table.Length != now.Length)
        {
            return true;
        }

        for (var i = 0; i < now.Length; i++)
        {
            if ((table[i] == 0) != (now[i] == 0) || 16 * Math.Abs(table[i] - now[i]) > table[i])
            {
                return true;
            }
        }

        return false;
    }
}
