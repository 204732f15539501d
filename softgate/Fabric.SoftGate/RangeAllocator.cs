namespace Fabric.SoftGate;

/// <summary>Gives ranges of an array to who asks: the first gap that is large enough. Free ranges are merged with their neighbours.</summary>
internal sealed class RangeAllocator
{
    private readonly List<(uint First, uint Count)> _free = []; // Ascending, never adjacent, never empty.

    /// <summary>All is free, apart from what comes before <paramref name="first"/>.</summary>
    /// <param name="entries">Entries of the array.</param>
    /// <param name="first">First entry that may be given.</param>
    internal RangeAllocator(uint entries, uint first = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, entries);
        if (entries > first)
        {
            _free.Add((first, entries - first));
        }
    }

    /// <summary>Entries that are free, in however many pieces.</summary>
    internal long Free => _free.Sum(f => (long)f.Count);

    /// <summary>The largest range that could be had.</summary>
    internal uint Largest => _free.Count == 0 ? 0 : _free.Max(f => f.Count);

    /// <summary>Takes a range.</summary>
    /// <returns>False: there is none of this size.</returns>
    internal bool TryTake(uint count, out uint first)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        var at = _free.FindIndex(f => f.Count >= count);
        first = at < 0 ? 0 : _free[at].First;
        return at >= 0 && TryReserve(first, count);
    }

    /// <summary>Takes a certain range: one that an earlier process has given and that is still in use.</summary>
    /// <returns>False: a part of it is taken, or beyond the array.</returns>
    internal bool TryReserve(uint first, uint count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        var at = IndexBehind(first) - 1;
        if (at < 0 || (ulong)first + count > (ulong)_free[at].First + _free[at].Count)
        {
            return false;
        }

        var (begin, size) = _free[at];
        var behind = begin + size - (first + count);
        _free.RemoveAt(at);
        if (behind > 0)
        {
            _free.Insert(at, (first + count, behind));
        }

        if (first > begin)
        {
            _free.Insert(at, (begin, first - begin));
        }

        return true;
    }

    /// <summary>Gives a range back.</summary>
    /// <exception cref="InvalidOperationException">A part of it is free already.</exception>
    internal void Return(uint first, uint count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        var at = IndexBehind(first);
        var end = first + count;
        if ((at > 0 && _free[at - 1].First + _free[at - 1].Count > first) || (at < _free.Count && _free[at].First < end))
        {
            throw new InvalidOperationException($"entries {first} to {end - 1} are not all in use");
        }

        if (at < _free.Count && _free[at].First == end)
        {
            end += _free[at].Count;
            _free.RemoveAt(at);
        }

        if (at > 0 && _free[at - 1].First + _free[at - 1].Count == first)
        {
            first = _free[--at].First;
            _free.RemoveAt(at);
        }

        _free.Insert(at, (first, end - first));
    }

    /// <summary>Index of the first free range that begins behind an entry.</summary>
    private int IndexBehind(uint first)
    {
        var (low, high) = (0, _free.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _free[middle].First <= first ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
