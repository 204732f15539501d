using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Fabric.Bgp.Rib;

/// <summary>Finds entries by the hash of their keys.</summary>
/// <remarks>
/// Open addressing in one array of | hash 32 | entry 32 |: a look mostly touches one line of the cache, and none of the entries whose hash
/// differs. The upper bits of the hash give the slot, so that growing reads and writes in a row. Removal moves followers back.
/// </remarks>
internal sealed class EntryIndex
{
    private const int FirstBits = 10;

    private ulong[] _slots = new ulong[1 << FirstBits];
    private int _shift = 32 - FirstBits;

    public int Count { get; private set; }

    /// <summary>Where the search for a hash starts.</summary>
    public int Start(uint hash) => (int)(hash >> _shift);

    /// <summary>The next entry with this hash, from a slot on, which moves behind it; 0 when there is none.</summary>
    public int Next(uint hash, ref int slot)
    {
        var slots = _slots;
        while (true)
        {
            var content = slots[slot];
            if (content == 0)
            {
                return 0;
            }

            slot = (slot + 1) & (slots.Length - 1);
            if ((uint)(content >> 32) == hash)
            {
                return (int)content;
            }
        }
    }

    /// <summary>Has the processor fetch the slot of a hash that is looked for soon.</summary>
    public unsafe void Prefetch(uint hash)
    {
        if (Sse.IsSupported)
        {
            // Only a hint: it does no harm when the array has moved meanwhile.
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_slots), Start(hash))));
        }
    }

    public void Add(uint hash, int entry)
    {
        if (Count >= _slots.Length - (_slots.Length / 4))
        {
            Grow();
        }

        Put(_slots, _shift, ((ulong)hash << 32) | (uint)entry);
        Count++;
    }

    public void Remove(uint hash, int entry)
    {
        var slots = _slots;
        var mask = slots.Length - 1;
        var wanted = ((ulong)hash << 32) | (uint)entry;
        var hole = Start(hash);
        while (slots[hole] != wanted)
        {
            hole = (hole + 1) & mask;
        }

        // Followers move back, unless that would put them before their start.
        for (var at = (hole + 1) & mask; slots[at] != 0; at = (at + 1) & mask)
        {
            var start = (int)((uint)(slots[at] >> 32) >> _shift);
            if (((at - start) & mask) >= ((at - hole) & mask))
            {
                slots[hole] = slots[at];
                hole = at;
            }
        }

        slots[hole] = 0;
        Count--;
    }

    private static void Put(ulong[] slots, int shift, ulong content)
    {
        var at = (int)((uint)(content >> 32) >> shift);
        while (slots[at] != 0)
        {
            at = (at + 1) & (slots.Length - 1);
        }

        slots[at] = content;
    }

    private void Grow()
    {
        var grown = new ulong[_slots.Length * 2];
        var shift = 32 - BitOperations.Log2((uint)grown.Length);
        foreach (var content in _slots)
        {
            if (content != 0)
            {
                Put(grown, shift, content);
            }
        }

        (_slots, _shift) = (grown, shift);
    }
}
