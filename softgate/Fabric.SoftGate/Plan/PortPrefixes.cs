namespace Fabric.SoftGate.Plan;

/// <summary>A range of ports as prefixes of 16 bits.</summary>
internal static class PortPrefixes
{
    /// <summary>The fewest prefixes that together are the range, at most 30, ascending.</summary>
    internal static IEnumerable<(ushort Port, byte Length)> Of(ushort first, ushort last)
    {
        uint at = first;
        while (at <= last)
        {
            // The largest aligned block that starts here and does not go beyond the end.
            var size = at == 0 ? 0x10000u : at & (~at + 1);
            while (at + size - 1 > last)
            {
                size >>= 1;
            }

            yield return ((ushort)at, (byte)(16 - System.Numerics.BitOperations.Log2(size)));
            at += size;
        }
    }
}
