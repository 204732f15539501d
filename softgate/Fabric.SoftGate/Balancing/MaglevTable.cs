using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Primitives;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Balancing;

/// <summary>A back end in a table.</summary>
/// <param name="Index">Its index in <c>backends</c>: what the cells say.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; with the address it decides which cells it prefers, so that all nodes make the same table.</param>
/// <param name="Weight">Its share, 0..<see cref="MaglevTable.MaxWeight"/>; 0: gets no cell.</param>
internal readonly record struct MaglevBackend(uint Index, IpAddr Address, ushort Port, int Weight);

/// <summary>
/// Tables in which a hash picks a back end. Back ends take turns, as often as their weights say, and each takes the next free cell of an
/// order of its own, so that when one comes or goes nearly all cells of the others stay.
/// </summary>
/// <remarks>D. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4.</remarks>
internal static class MaglevTable
{
    /// <summary>Largest weight in a table.</summary>
    internal const int MaxWeight = 1 << 20;

    /// <summary>Cells for each unit of weight: a back end gets its share to about one part in a hundred.</summary>
    private const int CellsPerUnit = 100;

    /// <summary>Up to so many times the cells that it needs, a table keeps its size.</summary>
    private const int Slack = 16;

    /// <summary>Sizes of tables. With more than 655 units of weight the last one is less exact.</summary>
    internal static readonly int[] Sizes = [101, 211, 401, 809, 1607, 3203, 6421, 12809, 25601, 51203, 65537];

    /// <summary>
    /// Size of a balancer's table: the smallest that is listed and enough for the weights as configured, back ends that are unwell included,
    /// so that health changes no size. A size that the table has already stays while it is enough and not far too large: another one would
    /// move all cells.
    /// </summary>
    /// <param name="weights">Configured weights.</param>
    /// <param name="current">Size that the balancer's table has now; 0: none.</param>
    /// <returns>0: there are no back ends.</returns>
    internal static int SizeFor(IEnumerable<int> weights, int current = 0)
    {
        var divisor = 0;
        long sum = 0;
        var any = false;
        foreach (var weight in weights)
        {
            any = true;
            sum += weight;
            divisor = (int)BigInteger.GreatestCommonDivisor(divisor, weight);
        }

        if (!any)
        {
            return 0;
        }

        var needed = CellsPerUnit * Math.Max(1, sum / Math.Max(1, divisor));
        var size = Sizes.FirstOrDefault(s => s >= needed, Sizes[^1]);
        return Sizes.Contains(current) && current >= size && current <= Slack * needed ? current : size;
    }

    /// <summary>Makes a table.</summary>
    /// <param name="size">Its size, of <see cref="Sizes"/>.</param>
    /// <param name="backends">Back ends, none twice; their order does not matter.</param>
    /// <returns>Indices of back ends; empty: none may be chosen.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static uint[] Fill(int size, IEnumerable<MaglevBackend> backends)
    {
        var chosen = backends.Where(b => b.Weight > 0).OrderBy(b => b.Address).ThenBy(b => b.Port).ToArray();
        if (chosen.Length == 0)
        {
            return [];
        }

        var most = chosen.Max(b => b.Weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(most, MaxWeight);
        var next = new int[chosen.Length];
        var step = new int[chosen.Length];
        var due = new long[chosen.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            var hash = Hash(chosen[i]);
            next[i] = (int)((hash & uint.MaxValue) % (ulong)size);
            step[i] = (int)((hash >> 32) % (ulong)(size - 1)) + 1;
            due[i] = most;
        }

        var cells = new uint[size];
        var taken = new bool[size];
        var left = size;
        for (long round = 1; ; round++)
        {
            for (var i = 0; i < chosen.Length; i++)
            {
                // A turn in so many rounds as its weight has parts of the largest one.
                if (round * chosen[i].Weight < due[i])
                {
                    continue;
                }

                due[i] += most;
                var cell = next[i];
                while (taken[cell])
                {
                    cell += step[i];
                    cell -= cell >= size ? size : 0;
                }

                taken[cell] = true;
                cells[cell] = chosen[i].Index;
                next[i] = cell;
                if (--left == 0)
                {
                    return cells;
                }
            }
        }
    }

    /// <summary>64 bits of address and port that look random, the same everywhere and for ever.</summary>
    private static ulong Hash(in MaglevBackend backend)
    {
        var address = Address16.Of(backend.Address);
        return Mix(Mix(Mix(0x2545f4914f6cdd1d, address[0]), address[1]), backend.Port);

        static ulong Mix(ulong hash, ulong word)
        {
            hash = (hash ^ word) * 0xd6e8feb86659fd93;
            hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
            return hash ^ (hash >> 32);
        }
    }
}
