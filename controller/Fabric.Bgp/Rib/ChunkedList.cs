namespace Fabric.Bgp.Rib;

/// <summary>Numbered places for structs that never move and are used again when freed. Grows by chunks, so that growth neither copies nor leaves holes.</summary>
internal sealed class ChunkedList<T>
    where T : struct
{
    private const int ChunkBits = 14;
    private const int ChunkSize = 1 << ChunkBits;
    private const int ChunkMask = ChunkSize - 1;

    private readonly Stack<int> _free = new();
    private T[][] _chunks = [];

    /// <summary>Places ever used; indexes are below it.</summary>
    public int Top { get; private set; }

    public ref T this[int index] => ref _chunks[index >> ChunkBits][index & ChunkMask];

    /// <summary>A place, cleared.</summary>
    public int Take()
    {
        if (_free.TryPop(out var index))
        {
            return index;
        }

        if (Top >> ChunkBits == _chunks.Length)
        {
            Array.Resize(ref _chunks, _chunks.Length + 1);
            _chunks[^1] = new T[ChunkSize];
        }

        return Top++;
    }

    public void Free(int index)
    {
        this[index] = default;
        _free.Push(index);
    }
}
