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
                _free.Remove(first);
                if (free > count)
                {
                    _free.Add(first + count, free - count);
                }

                return first;
            }
        }

        throw new CapacityException(_map, _limit);
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
