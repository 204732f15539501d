namespace Fabric.Bgp.Lint;

/// <summary>How often each of a few values is there. The first value needs no memory of its own: in a clean table there is no second one.</summary>
internal struct Tally<T>
    where T : struct, IEquatable<T>
{
    private T _first;
    private int _count;
    private Dictionary<T, int>? _more;

    public readonly bool IsEmpty => _count == 0 && _more is null;

    /// <summary>Whether there are several different values.</summary>
    public readonly bool IsMixed => _more is not null && (_count > 0 || _more.Count > 1);

    public readonly IEnumerable<T> Values => _count == 0 ? _more?.Keys ?? Enumerable.Empty<T>() : _more is null ? [_first] : _more.Keys.Prepend(_first);

    public void Count(T value, int change)
    {
        if (_count > 0 ? _first.Equals(value) : _more is null)
        {
            _first = value;
            _count += change;
            return;
        }

        var count = (_more ??= []).GetValueOrDefault(value) + change;
        if (count > 0)
        {
            _more[value] = count;
            return;
        }

        _more.Remove(value);
        if (_more.Count == 0)
        {
            _more = null;
        }
    }
}
