using System.Collections.Concurrent;

namespace Fabric.Bgp.Rib;

/// <summary>A thread that has pages of tables ready before they are needed. Nothing depends on it but speed: pages that it has not reached come when they are touched.</summary>
internal static class MemoryAhead
{
    private static readonly BlockingCollection<(TableMemory Memory, long From, long To)> s_wanted = [];

    static MemoryAhead() => new Thread(Run) { Name = "bgp memory", IsBackground = true }.Start();

    /// <summary>Has pages of a table made ready soon.</summary>
    public static void Populate(TableMemory memory, long from, long to) => s_wanted.Add((memory, from, to));

    private static void Run()
    {
        foreach (var (memory, from, to) in s_wanted.GetConsumingEnumerable())
        {
            var held = false;
            try
            {
                memory.DangerousAddRef(ref held);
                memory.Populate(from, to);
            }
            catch (ObjectDisposedException)
            {
                // The table is gone.
            }
            finally
            {
                if (held)
                {
                    memory.DangerousRelease();
                }
            }
        }
    }
}
