using System.Diagnostics.CodeAnalysis;

namespace Fabric.Bgp.Rib;

/// <summary>Numbered places for structs that never move and are used again when freed.</summary>
internal sealed unsafe class PlaceList<T>
    where T : unmanaged
{
    private const int Most = 1 << 28;

    private readonly TableMemory _memory = new((long)Most * sizeof(T));
    private readonly Stack<int> _free = new();
    private readonly T* _first;
    private int _room;

    public PlaceList() => _first = (T*)_memory.Start;

    /// <summary>Places ever used; indexes are below it.</summary>
    public int Top { get; private set; }

    public ref T this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Top)
            {
                NoSuchPlace();
            }

            return ref _first[index];
        }
    }

    /// <summary>A place, cleared.</summary>
    public int Take()
    {
        if (_free.Count > 0)
        {
            return _free.Pop();
        }

        if (Top == _room)
        {
            MakeRoom(Top + 1);
        }

        return Top++;
    }

    /// <summary>Has memory ready for so many places in all.</summary>
    public void MakeRoom(int places)
    {
        _memory.Grow((long)places * sizeof(T));
        _room = (int)Math.Min(_memory.Length / sizeof(T), Most);
    }

    public void Free(int index)
    {
        this[index] = default;
        _free.Push(index);
    }

    [DoesNotReturn]
    private static void NoSuchPlace() => throw new ArgumentOutOfRangeException("index", "a place that was never taken");
}
