namespace Fabric.SoftGate.AccessLists;

/// <summary>
/// Turns a partition of the ports into the fewest prefixes of 16 bits of which the longest that matches gives a port its class
/// (the method of Draves, King, Venkatachary and Zill, "Constructing optimal IP routing tables", 1999).
/// </summary>
public static class PortTree
{
    private const int Bits = 16;

    /// <summary>The prefixes; that of length 0 is always among them, and first.</summary>
    /// <param name="parts">First port and class of each part, ascending; the first part begins with port 0.</param>
    public static IReadOnlyList<(ushort Port, byte Length, int Class)> Prefixes(List<(int First, int Class)> parts)
    {
        var result = new List<(ushort, byte, int)>();
        Emit(Build(parts, 0, parts.Count - 1, 0, Bits), -1, 0, 0, result);
        return result;
    }

    private static Node Build(List<(int First, int Class)> parts, int from, int to, int first, int bits)
    {
        if (from == to)
        {
            return new([parts[from].Class], null, null);
        }

        // The part in which the upper half begins.
        var middle = first + (1 << (bits - 1));
        var (low, high) = (from, to);
        while (low < high)
        {
            var probe = (low + high + 1) / 2;
            (low, high) = parts[probe].First <= middle ? (probe, high) : (low, probe - 1);
        }

        var left = Build(parts, from, parts[low].First == middle ? low - 1 : low, first, bits - 1);
        var right = Build(parts, low, to, middle, bits - 1);
        return new(Common(left.Classes, right.Classes), left, right);
    }

    /// <summary>Of two ascending lists what both have; if that is nothing, all.</summary>
    private static int[] Common(int[] a, int[] b)
    {
        var union = new int[a.Length + b.Length];
        var (both, any) = (0, 0);
        var common = Math.Min(a.Length, b.Length) <= 8 ? stackalloc int[8] : new int[Math.Min(a.Length, b.Length)];
        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (j == b.Length || (i < a.Length && a[i] < b[j]))
            {
                union[any++] = a[i++];
            }
            else if (i == a.Length || b[j] < a[i])
            {
                union[any++] = b[j++];
            }
            else
            {
                common[both++] = a[i++];
                j++;
            }
        }

        return both > 0 ? common[..both].ToArray() : union;
    }

    private static void Emit(Node node, int inherited, int first, int length, List<(ushort Port, byte Length, int Class)> result)
    {
        if (Array.BinarySearch(node.Classes, inherited) < 0)
        {
            inherited = node.Classes[0];
            result.Add(((ushort)first, (byte)length, inherited));
        }

        if (node is { Left: { } left, Right: { } right })
        {
            Emit(left, inherited, first, length + 1, result);
            Emit(right, inherited, first + (1 << (Bits - length - 1)), length + 1, result);
        }
    }

    private sealed record Node(int[] Classes, Node? Left, Node? Right);
}
