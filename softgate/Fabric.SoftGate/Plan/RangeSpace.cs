namespace Fabric.SoftGate.Plan;

/// <summary>Gives ranges of an array map, the first that fits. A range that is returned is given again only after <see cref="Settle"/>.</summary>
internal sealed class RangeSpace
{
    private readonly SortedDictionary<uint, uint> _free = [];
    private readonly List<(uint First, uint Count)> _returned = [];
    private readonly string _map;
    private readonly uint _limit;

    /// <param name="map">Name of the map, for errors.</param>
    /// <param name="first">First index that may be given.</param>
    /// <param name="limit">Number of indices that the map has.</param>
    internal RangeSpace(string map, uint first, uint limit)
    {
        _map = map;
        _limit = limit;
        if (limit > first)
        {
            _free.Add(first, limit - first);
        }
    }

    /// <summary>Gives a range.</summary>
    /// <exception cref="CapacityException">There is no room for it in one piece.</exception>
    internal uint Take(uint count)
    {
        foreach (var (first, free) in _free)
        {
            if (free >= count)
            {
                Cut(first, free, first, count);
                return first;
            }
        }

        throw new CapacityException(_map, _limit);
    }

    /// <summary>Takes a range that has been in use before this process began.</summary>
    /// <returns>False: a part of it is not there, or taken already.</returns>
    internal bool TryReserve(uint first, uint count)
    {
        foreach (var (start, free) in _free)
        {
            if (start <= first && first - start <= free && free - (first - start) >= count)
            {
                Cut(start, free, first, count);
                return true;
            }
        }

        return false;
    }

    /// <summary>The range is no longer needed.</summary>
    internal void Return(uint first, uint count)
    {
        if (count > 0)
        {
            _returned.Add((first, count));
        }
    }

    /// <summary>The last change is carried out: what was returned before it may be given again.</summary>
    internal void Settle()
    {
        foreach (var (first, count) in _returned)
        {
            _free.Add(first, count);
        }

        if (_returned.Count > 0)
        {
            Join();
        }

        _returned.Clear();
    }

    private void Cut(uint start, uint free, uint first, uint count)
    {
        _free.Remove(start);
        if (first > start)
        {
            _free.Add(start, first - start);
        }

        if (start + free > first + count)
        {
            _free.Add(first + count, start + free - first - count);
        }
    }

    /// <summary>Makes neighbours one.</summary>
    private void Join()
    {
        var pieces = _free.ToArray();
        _free.Clear();
        var (first, count) = (pieces[0].Key, pieces[0].Value);
        foreach (var (nextFirst, nextCount) in pieces.AsSpan(1))
        {
            if (first + count == nextFirst)
            {
                count += nextCount;
            }
            else
            {
                _free.Add(first, count);
                (first, count) = (nextFirst, nextCount);
            }
        }

        _free.Add(first, count);
    }
}

/// <summary>Ranges by owner, each as long as its owner is there.</summary>
internal sealed class OwnedRanges<TOwner>(RangeSpace space) : ISpace
    where TOwner : notnull
{
    private readonly Dictionary<TOwner, (uint First, uint Count)> _given = [];
    private readonly List<TOwner> _new = [];
    private readonly HashSet<TOwner> _unclaimed = [];

    /// <summary>The first index of an owner's range, given now if it has none.</summary>
    /// <exception cref="CapacityException">There is no room for it in one piece.</exception>
    internal uint Of(TOwner owner, uint count)
    {
        _unclaimed.Remove(owner);
        if (!_given.TryGetValue(owner, out var range))
        {
            range = (space.Take(count), count);
            _given.Add(owner, range);
            _new.Add(owner);
        }

        return range.First;
    }

    /// <summary>Takes what a map has had before this process began; who has not asked for it before the next <see cref="Settle"/> is gone.</summary>
    internal void Restore(TOwner owner, uint first, uint count)
    {
        if (!_given.ContainsKey(owner) && space.TryReserve(first, count))
        {
            _given.Add(owner, (first, count));
            _unclaimed.Add(owner);
        }
    }

    /// <inheritdoc/>
    public void Return(object owner)
    {
        if (_given.Remove((TOwner)owner, out var range))
        {
            space.Return(range.First, range.Count);
        }
    }

    /// <summary>The last change is carried out.</summary>
    internal void Settle()
    {
        foreach (var owner in _unclaimed)
        {
            Return(owner);
        }

        _unclaimed.Clear();
        space.Settle();
    }

    /// <summary>What was given for a change stays given.</summary>
    internal void Keep() => _new.Clear();

    /// <summary>There is no change: takes back what was given for it.</summary>
    internal void Undo()
    {
        _new.ForEach(owner => Return(owner));
        _new.Clear();
        space.Settle();
    }
}
