using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Plan;

/// <summary>Limits of bandwidth as the data path has them.</summary>
internal static class Bandwidth
{
    /// <summary>Least octets that may pass at once: some packets of the largest size.</summary>
    private const long LeastBurst = 90_000;

    /// <summary>Parts of a second that may pass at once: 50 ms, several ticks of the clock that the data path reads.</summary>
    private const long BurstsPerSecond = 20;

    /// <summary>The meter of a limit.</summary>
    /// <param name="bitsPerSecond">The limit; below 64 it is 64, and without effect above 8 Pbit/s.</param>
    internal static Meter Of(long bitsPerSecond)
    {
        var octets = (UInt128)(Math.Max(bitsPerSecond, 64) / 8);
        var second = (UInt128)1_000_000_000;
        return new()
        {
            OctetTime = (ulong)UInt128.Max(1, (second << 20) / octets),
            Depth = (ulong)(UInt128.Max((UInt128)LeastBurst, octets / (UInt128)BurstsPerSecond) * (second << 4) / octets),
        };
    }
}
