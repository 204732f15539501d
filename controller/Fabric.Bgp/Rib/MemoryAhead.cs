namespace Fabric.Bgp.Rib;

/// <summary>A thread that has pages of tables ready before they are needed. Nothing depends on it but speed: pages that it has not reached come when they are touched.</summary>
internal static class MemoryAhead
{
    private static readonly Queue<Wanted> s_wanted = new();

    static MemoryAhead() => new Thread(Run) { Name = "bgp memory", IsBackground = true }.Start();

    /// <summary>Has pages of a table made ready soon.</summary>
    public static void Populate(TableMemory memory, long from, long to)
    {
        lock (s_wanted)
        {
            s_wanted.Enqueue(new Wanted(memory, from, to));
            Monitor.Pulse(s_wanted);
        }
    }

    private static void Run()
    {
        while (true)
        {
            Wanted wanted;
            lock (s_wanted)
            {
                while (!s_wanted.TryDequeue(out wanted!))
                {
                    Monitor.Wait(s_wanted);
                }
            }

            var held = false;
            try
            {
                wanted.Memory.DangerousAddRef(ref held);
                wanted.Memory.Populate(wanted.From, wanted.To);
            }
            catch (ObjectDisposedException)
            {
                // The table is gone.
            }
            finally
            {
                if (held)
                {
                    wanted.Memory.DangerousRelease();
                }
            }
        }
    }

    private sealed record Wanted(TableMemory Memory, long From, long To);
}
