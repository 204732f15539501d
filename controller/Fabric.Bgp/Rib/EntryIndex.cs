using System.Runtime.Intrinsics.X86;

namespace Fabric.Bgp.Rib;

/// <summary>Finds entries by the hash of their keys.</summary>
/// <remarks>
/// Open addressing in one array of | hash 32 | entry 32 |: a look mostly touches one line of the cache, and none of the entries whose hash
/// differs. The upper bits of the hash give the slot, so that growing reads and writes in a row. Removal moves followers back.
/// </remarks>
internal sealed unsafe class EntryIndex
{
    private const int FirstBits = 10;

    private TableMemory _memory = Room(FirstBits);
    private ulong* _slots;
    private int _mask = (1 << FirstBits) - 1;
    private int _shift = 32 - FirstBits;

    public EntryIndex() => _slots = (ulong*)_memory.Start;

    public int Count { get; private set; }

    /// <summary>Where the search for a hash starts.</summary>
    public int Start(uint hash) => (int)(hash >> _shift);

    /// <summary>The next entry with this hash, from a slot on, which moves behind it; 0 when there is none, and the slot is where it would be.</summary>
    public int Next(uint hash, ref int slot)
    {
        while (true)
        {
            var content = _slots[slot & _mask];
            if (content == 0)
            {
                return 0;
            }

            slot++;
            if ((uint)(content >> 32) == hash)
            {
                return (int)content;
            }
        }
    }

    /// <summary>Has the processor fetch the slot of a hash that is looked for soon.</summary>
    public void Prefetch(uint hash)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(_slots + Start(hash));
        }
    }

    public void Add(uint hash, int entry)
    {
        if (Count >= _mask - (_mask / 4))
        {
            Grow();
        }

        Put(_slots, _mask, _shift, ((ulong)hash << 32) | (uint)entry);
        Count++;
    }

    public void Remove(uint hash, int entry)
    {
        var wanted = ((ulong)hash << 32) | (uint)entry;
        var hole = Start(hash);
        while (_slots[hole] != wanted)
        {
            hole = (hole + 1) & _mask;
        }

        // Followers move back, unless that would put them before their start.
        for (var at = (hole + 1) & _mask; _slots[at] != 0; at = (at + 1) & _mask)
        {
            var start = Start((uint)(_slots[at] >> 32));
            if (((at - start) & _mask) >= ((at - hole) & _mask))
            {
                _slots[hole] = _slots[at];
                hole = at;
            }
        }

        _slots[hole] = 0;
        Count--;
    }

    private static void Put(ulong* slots, int mask, int shift, ulong content)
    {
        var at = (int)((uint)(content >> 32) >> shift);
        while (slots[at] != 0)
        {
            at = (at + 1) & mask;
        }

        slots[at] = content;
    }

    private static TableMemory Room(int bits)
    {
        var length = (long)sizeof(ulong) << bits;
        var memory = new TableMemory(length);
        memory.Grow(length);
        return memory;
    }

    private void Grow()
    {
        var shift = _shift - 1;
        var mask = (2 * _mask) + 1;
        var memory = Room(32 - shift);
        var slots = (ulong*)memory.Start;
        for (var at = 0; at <= _mask; at++)
        {
            if (_slots[at] != 0)
            {
                Put(slots, mask, shift, _slots[at]);
            }
        }

        _memory.Dispose();
        (_memory, _mask, _shift) = (memory, mask, shift);
        _slots = slots;
    }
}
