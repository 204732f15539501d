using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Balancing;

/// <summary>Tables of all balancers: those whose back ends, weights and sizes are equal have one together.</summary>
/// <param name="space">Cells of <c>maglev</c>; a range is given again after it is settled.</param>
internal sealed class MaglevTables(RangeSpace space)
{
    private readonly Dictionary<Key, Shared> _tables = [];
    private readonly List<(uint First, uint[] Cells)> _found = [];

    /// <summary>Tables that there are.</summary>
    internal int Count => _tables.Count;

    /// <summary>Takes a table that the map has had before this process began: a set of back ends that gives the same one gets its place.</summary>
    internal void Restore(uint first, uint[] cells)
    {
        if (space.TryReserve(first, (uint)cells.Length))
        {
            _found.Add((first, cells));
        }
    }

    /// <summary>The table for a set of back ends, made now if no balancer has it yet. Each must be released.</summary>
    /// <param name="size">Its size.</param>
    /// <param name="backends">Back ends with their weights of now.</param>
    /// <returns>Null: no back end may be chosen.</returns>
    /// <exception cref="CapacityException">There is no room in <c>maglev</c>.</exception>
    internal Shared? Acquire(int size, IEnumerable<MaglevBackend> backends)
    {
        var chosen = backends.Where(b => b.Weight > 0).OrderBy(b => b.Index).ToArray();
        if (size == 0 || chosen.Length == 0)
        {
            return null;
        }

        var key = new Key(size, chosen);
        if (!_tables.TryGetValue(key, out var table))
        {
            var cells = MaglevTable.Fill(size, chosen);
            var at = _found.FindIndex(f => f.Cells.AsSpan().SequenceEqual(cells));
            table = new(key, at < 0 ? space.Take((uint)size) : _found[at].First, cells) { Found = at >= 0 };
            if (at >= 0)
            {
                _found.RemoveAt(at);
            }

            _tables.Add(key, table);
        }

        table.Users++;
        return table;
    }

    /// <summary>A balancer no longer uses a table.</summary>
    internal void Release(Shared table)
    {
        if (--table.Users == 0)
        {
            _tables.Remove(table.Key);
            if (table.Found)
            {
                _found.Add((table.First, table.Cells)); // Still in use by what the maps have, if this is the first change.
            }
            else
            {
                space.Return(table.First, (uint)table.Cells.Length);
            }
        }
    }

    /// <summary>The last change is carried out; tables of an earlier process that nobody wants are no more.</summary>
    internal void Settle()
    {
        foreach (var (first, cells) in _found)
        {
            space.Return(first, (uint)cells.Length);
        }

        _found.Clear();
        space.Settle();
    }

    /// <summary>A table and its place.</summary>
    internal sealed class Shared
    {
        internal Shared(Key key, uint first, uint[] cells)
        {
            Key = key;
            First = first;
            Cells = cells;
        }

        /// <summary>First cell in <c>maglev</c>.</summary>
        internal uint First { get; }

        /// <summary>Indices of back ends.</summary>
        internal uint[] Cells { get; }

        internal Key Key { get; }

        /// <summary>True: an earlier process has written it.</summary>
        internal bool Found { get; init; }

        internal int Users { get; set; }
    }

    /// <summary>What a table follows from.</summary>
    internal readonly struct Key(int size, MaglevBackend[] backends) : IEquatable<Key>
    {
        private readonly int _size = size;
        private readonly MaglevBackend[] _backends = backends;

        /// <inheritdoc/>
        public bool Equals(Key other) => _size == other._size && _backends.AsSpan().SequenceEqual(other._backends);

        /// <inheritdoc/>
        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.Add(_size);
            foreach (var backend in _backends)
            {
                hash.Add(backend);
            }

            return hash.ToHashCode();
        }
    }
}
