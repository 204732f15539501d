using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fabric.Bgp.Rib;

/// <summary>Finds entries by the hash of their keys.</summary>
/// <remarks>
/// Open addressing in parts of | hash 32 | entry 32 |. The upper bits of the hash give the part, by a directory, and the lower ones the line
/// of the cache in it where the search starts, so that a look mostly touches one line, and none of the entries whose hash differs. A part
/// that fills up is split in two, so that no look ever waits for the whole index to grow. Removal moves followers back.
/// </remarks>
internal sealed unsafe class EntryIndex
{
    private const int SlotBits = 10;
    private const int Slots = 1 << SlotBits;
    private const int SlotsInLine = 8;
    private const int MostUsed = Slots - (Slots / 4);
    private const int MostDepth = 32 - SlotBits;
    private const int MostParts = 1 << 20;

    private readonly TableMemory _memory = new((long)MostParts * Slots * sizeof(ulong));
    private readonly ulong* _slots;

    // Parts by the upper bits of the hash. A part that was split less often than others is there several times.
    private int[] _directory;
    private int _depth = 1;

    // Of each part how many bits of the hash all that is in it shares, and how many slots are taken.
    private byte[] _depths;
    private short[] _used;
    private int _parts;

    /// <summary>An empty index that takes so many entries without growing.</summary>
    public EntryIndex(int entries = 0)
    {
        _slots = (ulong*)_memory.Start;
        while ((long)MostUsed << _depth < entries)
        {
            _depth++;
        }

        _directory = new int[1 << _depth];
        (_depths, _used) = (new byte[_directory.Length], new short[_directory.Length]);
        for (var i = 0; i < _directory.Length; i++)
        {
            _directory[i] = AddPart((byte)_depth);
        }
    }

    /// <summary>Where the search for a hash starts.</summary>
    public int Start(uint hash) => (PartOf(hash) << SlotBits) | Home(hash);

    /// <summary>Whether the line where a search starts already says that there is none with this hash; then the slot becomes where it would be.</summary>
    /// <remarks>The usual end of a search for a route that is new, without a branch for each slot.</remarks>
    public bool IsAbsent(uint hash, ref int slot)
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            return false;
        }

        var wanted = Vector256.Create((ulong)hash);
        var (one, two) = (Vector256.Load(_slots + slot), Vector256.Load(_slots + slot + Vector256<ulong>.Count));
        var like = Vector256.Equals(Vector256.ShiftRightLogical(one, 32), wanted) | Vector256.Equals(Vector256.ShiftRightLogical(two, 32), wanted);
        var free = Vector256.Equals(one, Vector256<ulong>.Zero).ExtractMostSignificantBits()
            | (Vector256.Equals(two, Vector256<ulong>.Zero).ExtractMostSignificantBits() << Vector256<ulong>.Count);
        if (like != Vector256<ulong>.Zero || free == 0)
        {
            return false;
        }

        slot += BitOperations.TrailingZeroCount(free);
        return true;
    }

    /// <summary>The next entry with this hash, from a slot on, which moves behind it; 0 when there is none, and the slot is where it would be.</summary>
    public int Next(uint hash, ref int slot)
    {
        while (true)
        {
            var content = _slots[slot];
            if (content == 0)
            {
                return 0;
            }

            slot = Behind(slot);
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

    /// <summary>Adds an entry at a free slot where the search for its hash has ended.</summary>
    public void Add(uint hash, int entry, int slot)
    {
        var content = ((ulong)hash << 32) | (uint)entry;
        var part = slot >> SlotBits;
        if (_used[part] < MostUsed)
        {
            _slots[slot] = content;
            _used[part]++;
            return;
        }

        do
        {
            Split(part, hash);
            part = PartOf(hash);
        }
        while (_used[part] >= MostUsed);
        Put(part, content);
    }

    public void Remove(uint hash, int entry)
    {
        var wanted = ((ulong)hash << 32) | (uint)entry;
        var hole = Start(hash);
        while (_slots[hole] != wanted)
        {
            hole = Behind(hole);
        }

        // Followers move back, unless that would put them before their start.
        for (var at = Behind(hole); _slots[at] != 0; at = Behind(at))
        {
            var start = Home((uint)(_slots[at] >> 32));
            if (((at - start) & (Slots - 1)) >= ((at - hole) & (Slots - 1)))
            {
                _slots[hole] = _slots[at];
                hole = at;
            }
        }

        _slots[hole] = 0;
        _used[hole >> SlotBits]--;
    }

    private static int Behind(int slot) => (slot & ~(Slots - 1)) | ((slot + 1) & (Slots - 1));

    private static int Home(uint hash) => (int)hash & (Slots - SlotsInLine);

    private int PartOf(uint hash) => _directory[hash >> (32 - _depth)];

    private void Put(int part, ulong content)
    {
        var at = (part << SlotBits) | Home((uint)(content >> 32));
        while (_slots[at] != 0)
        {
            at = Behind(at);
        }

        _slots[at] = content;
        _used[part]++;
    }

    private int AddPart(byte depth)
    {
        var end = (_parts + 1L) * Slots * sizeof(ulong);
        if (end > _memory.Length)
        {
            _memory.Grow(end);
        }

        if (_parts == _used.Length)
        {
            Array.Resize(ref _depths, 2 * _parts);
            Array.Resize(ref _used, 2 * _parts);
        }

        _depths[_parts] = depth;
        return _parts++;
    }

    private void Split(int part, uint hash)
    {
        int depth = _depths[part];
        if (depth == MostDepth)
        {
            // Hashes are keyed: no peer can bring this about, and chance does not.
            throw new InvalidOperationException("more routes with like hashes than the index can hold");
        }

        if (depth == _depth)
        {
            var doubled = new int[2 * _directory.Length];
            for (var i = 0; i < doubled.Length; i++)
            {
                doubled[i] = _directory[i / 2];
            }

            _directory = doubled;
            _depth++;
        }

        var other = AddPart((byte)(depth + 1));
        _depths[part]++;
        Span<ulong> before = stackalloc ulong[Slots];
        var content = new Span<ulong>(_slots + ((long)part << SlotBits), Slots);
        content.CopyTo(before);
        content.Clear();
        var added = new Span<ulong>(_slots + ((long)other << SlotBits), Slots);

        // Those with the next bit set move, each within its line; so does the upper half of the part's row in the directory.
        Span<ulong> strays = stackalloc ulong[Slots];
        var (strayed, moved, stayed) = (0, 0, 0);
        for (var line = 0; line < Slots; line += SlotsInLine)
        {
            var (stay, move) = (line, line);
            foreach (var one in before.Slice(line, SlotsInLine))
            {
                if (one == 0)
                {
                    break;
                }

                if (Home((uint)(one >> 32)) != line)
                {
                    strays[strayed++] = one;
                    continue;
                }

                // Written to both, kept in one: this has no branch that would be guessed wrong every other time.
                var moves = (int)(one >> (63 - depth)) & 1;
                content[stay] = one;
                added[move] = one;
                stay += 1 - moves;
                move += moves;
            }

            if (stay < line + SlotsInLine)
            {
                content[stay] = 0;
            }

            if (move < line + SlotsInLine)
            {
                added[move] = 0;
            }

            stayed += stay - line;
            moved += move - line;
        }

        (_used[part], _used[other]) = ((short)stayed, (short)moved);
        foreach (var stray in strays[..strayed])
        {
            Put(((stray >> (63 - depth)) & 1) == 0 ? part : other, stray);
        }

        var row = 1 << (_depth - depth);
        var first = (int)(hash >> (32 - _depth)) & -row;
        _directory.AsSpan(first + (row / 2), row / 2).Fill(other);
    }
}
