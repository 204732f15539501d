namespace Fabric.SoftGate.Plan;

/// <summary>Something that gives places in a map to owners and takes them back.</summary>
internal interface ISpace
{
    /// <summary>The owner is gone.</summary>
    void Return(object owner);
}

/// <summary>
/// Gives indices of an array map to owners, kept as long as the owner is there. An index that is returned is given again only after
/// <see cref="Settle"/>, when nothing in the maps refers to it any more, and as late as may be: sessions and caches may still know it.
/// </summary>
internal sealed class IndexSpace<TOwner> : ISpace
    where TOwner : notnull
{
    private readonly Dictionary<TOwner, uint> _given = [];
    private readonly Queue<uint> _free = [];
    private readonly HashSet<uint> _reserved = [];
    private readonly List<uint> _returned = [];
    private readonly List<TOwner> _new = [];
    private readonly HashSet<TOwner> _restored = [];
    private readonly HashSet<TOwner> _unclaimed = [];
    private readonly string _map;
    private readonly uint _limit;
    private uint _next;

    /// <param name="map">Name of the map, for errors.</param>
    /// <param name="first">First index that may be given.</param>
    /// <param name="limit">Number of indices that the map has.</param>
    internal IndexSpace(string map, uint first, uint limit)
    {
        _map = map;
        _next = first;
        _limit = limit;
    }

    /// <summary>The index of an owner, given now if it has none.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="reserved">A reserved index that it has had; 0: none.</param>
    /// <exception cref="CapacityException">All are given.</exception>
    internal uint Of(TOwner owner, uint reserved = 0)
    {
        if (_given.TryGetValue(owner, out var index))
        {
            _unclaimed.Remove(owner);
            return index;
        }

        if (_reserved.Remove(reserved))
        {
            index = reserved;
        }
        else if (_next < _limit)
        {
            index = _next++;
        }
        else if (!_free.TryDequeue(out index))
        {
            throw new CapacityException(_map, _limit);
        }

        _given.Add(owner, index);
        _new.Add(owner);
        return index;
    }

    /// <summary>The index of an owner that has one.</summary>
    internal bool TryGet(TOwner owner, out uint index) => _given.TryGetValue(owner, out index);

    /// <summary>Takes what a map has had before this process began; who has not asked for it before the next <see cref="Settle"/> is gone.</summary>
    internal void Restore(TOwner owner, uint index)
    {
        if (_given.TryAdd(owner, index))
        {
            _restored.Add(owner);
            _unclaimed.Add(owner);
            Pass(index);
        }
    }

    /// <summary>Whether the owner has its index from before this process began, and nothing was settled since.</summary>
    internal bool IsRestored(TOwner owner) => _restored.Contains(owner);

    /// <summary>The same of what nobody can tell the owner of yet: it is given to who says that it was its own, until the next <see cref="Settle"/>.</summary>
    internal void Reserve(uint index)
    {
        if (!_reserved.Contains(index))
        {
            Pass(index);
            _reserved.Add(index);
        }
    }

    /// <inheritdoc cref="ISpace.Return"/>
    internal void Return(TOwner owner)
    {
        if (_given.Remove(owner, out var index))
        {
            _returned.Add(index);
        }
    }

    void ISpace.Return(object owner) => Return((TOwner)owner);

    /// <summary>The last change is carried out: what was returned before it may be given again.</summary>
    internal void Settle()
    {
        foreach (var owner in _unclaimed)
        {
            Return(owner);
        }

        _unclaimed.Clear();
        _restored.Clear();
        _returned.ForEach(_free.Enqueue);
        _returned.Clear();
        foreach (var index in _reserved)
        {
            _free.Enqueue(index);
        }

        _reserved.Clear();
    }

    /// <summary>What was given for a change stays given.</summary>
    internal void Keep() => _new.Clear();

    /// <summary>There is no change: takes back what was given for it.</summary>
    internal void Undo()
    {
        foreach (var owner in _new)
        {
            if (_given.Remove(owner, out var index))
            {
                _free.Enqueue(index);
            }
        }

        _new.Clear();
    }

    /// <summary>An index is in use; those below it that are not are free.</summary>
    private void Pass(uint index)
    {
        if (index >= _next)
        {
            for (; _next < index; _next++)
            {
                _free.Enqueue(_next);
            }

            _next++;
            return;
        }

        for (var left = _free.Count; left > 0; left--)
        {
            if (_free.Dequeue() is var free && free != index)
            {
                _free.Enqueue(free);
            }
        }
    }
}

/// <summary>A map is too small for what is wanted.</summary>
public sealed class CapacityException(string map, uint limit)
    : Exception($"map {map} has room for {limit} and is full: start softgated with a greater size for it")
{
    /// <summary>Name of the map.</summary>
    public string Map { get; } = map;
}
