namespace Fabric.SoftGate.Plan;

/// <summary>
/// Gives indices of an array map to owners: the lowest free one, kept as long as the owner is there. An index that is returned is given again only
/// after <see cref="Settle"/>, when nothing in the maps refers to it any more.
/// </summary>
internal sealed class IndexSpace<TOwner>
    where TOwner : notnull
{
    private readonly Dictionary<TOwner, uint> _given = [];
    private readonly SortedSet<uint> _free = [];
    private readonly List<uint> _returned = [];
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
    /// <exception cref="CapacityException">All are given.</exception>
    internal uint Of(TOwner owner)
    {
        if (_given.TryGetValue(owner, out var index))
        {
            return index;
        }

        if (_free.Count > 0)
        {
            index = _free.Min;
            _free.Remove(index);
        }
        else if (_next < _limit)
        {
            index = _next++;
        }
        else
        {
            throw new CapacityException(_map, _limit);
        }

        _given.Add(owner, index);
        return index;
    }

    /// <summary>The index of an owner that has one.</summary>
    internal bool TryGet(TOwner owner, out uint index) => _given.TryGetValue(owner, out index);

    /// <summary>Takes what a map has had before this process began.</summary>
    internal void Restore(TOwner owner, uint index)
    {
        if (!_given.TryAdd(owner, index))
        {
            return;
        }

        for (; _next <= index; _next++)
        {
            _free.Add(_next);
        }

        _free.Remove(index);
    }

    /// <summary>The owner is gone.</summary>
    internal void Return(TOwner owner)
    {
        if (_given.Remove(owner, out var index))
        {
            _returned.Add(index);
        }
    }

    /// <summary>The last change is carried out: what was returned before it may be given again.</summary>
    internal void Settle()
    {
        _free.UnionWith(_returned);
        _returned.Clear();
    }
}

/// <summary>A map is too small for what is wanted.</summary>
public sealed class CapacityException(string map, uint limit)
    : Exception($"map {map} has room for {limit} and is full: start softgated with a greater size for it")
{
    /// <summary>Name of the map.</summary>
    public string Map { get; } = map;
}
