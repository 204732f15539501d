using System.Runtime.InteropServices;

namespace Fabric.Bgp.Rib;

/// <summary>Keeps the octets of routes without an object for each. Freed room is used again for routes of the same size.</summary>
internal sealed unsafe class NlriArena
{
    private const int Granule = 4;
    private const int LongestGranules = 72; // 2 + 255 octets and some

    private readonly TableMemory _memory = new(Granule * (1L << 32));

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
            at = _top;
            var end = ((long)at + size) * Granule;
            if (end > _memory.Length)
            {
                _memory.Grow(end);
            }

            _top += size;
        }

        octets.CopyTo(Room(at, octets.Length));
        return at;
    }

    /// <summary>The octets from a place on; as many as a route can have, or fewer at the end.</summary>
    public ReadOnlySpan<byte> From(uint place) => Room(place, (int)Math.Min(_top - place, LongestGranules) * Granule);

    /// <summary>Has memory ready for so many octets in all.</summary>
    public void MakeRoom(long octets) => _memory.Grow(octets);

    public void Free(uint place, int length)
    {
        var size = Size(length);
        MemoryMarshal.Write(Room(place, Granule), _free[size]);
        _free[size] = place;
    }

    private static uint Size(int length) => (uint)(length + Granule - 1) / Granule;

    private Span<byte> Room(uint place, int length) =>
        place < _top ? new(_memory.Start + ((nuint)place * Granule), length) : throw new ArgumentOutOfRangeException(nameof(place), "a place that was never taken");
}
