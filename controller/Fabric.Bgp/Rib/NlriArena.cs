using System.Runtime.InteropServices;

namespace Fabric.Bgp.Rib;

/// <summary>Keeps the octets of routes without an object for each. Freed room is used again for routes of the same size.</summary>
internal sealed class NlriArena
{
    private const int Granule = 4;
    private const int ChunkGranules = 1 << 18;
    private const int LongestGranules = 72; // 2 + 255 octets and some

    private readonly List<byte[]> _chunks = [];

    // First free place by size; each free place holds the next one. 0 is none: the first granule of all is never given out.
    private readonly uint[] _free = new uint[LongestGranules + 1];
    private uint _top = 1;

    /// <summary>Copies the octets to a place of their own.</summary>
    public uint Add(ReadOnlySpan<byte> octets)
    {
        var size = Size(octets.Length);
        var at = _free[size];
        if (at != 0)
        {
            _free[size] = MemoryMarshal.Read<uint>(Room(at, Granule));
        }
        else
        {
            if ((_top & (ChunkGranules - 1)) + size > ChunkGranules)
            {
                _top = (_top | (ChunkGranules - 1)) + 1;
            }

            at = _top;
            _top += (uint)size;
            if (at / ChunkGranules >= _chunks.Count)
            {
                _chunks.Add(GC.AllocateUninitializedArray<byte>(ChunkGranules * Granule));
            }
        }

        octets.CopyTo(Room(at, octets.Length));
        return at;
    }

    /// <summary>The octets from a place on; as many as a route can have, or fewer at the end of a chunk.</summary>
    public ReadOnlySpan<byte> From(uint place) => _chunks[(int)(place / ChunkGranules)].AsSpan((int)(place & (ChunkGranules - 1)) * Granule);

    public void Free(uint place, int length)
    {
        var size = Size(length);
        MemoryMarshal.Write(Room(place, Granule), _free[size]);
        _free[size] = place;
    }

    private static int Size(int length) => (length + Granule - 1) / Granule;

    private Span<byte> Room(uint place, int length) => _chunks[(int)(place / ChunkGranules)].AsSpan((int)(place & (ChunkGranules - 1)) * Granule, length);
}
