using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Balancing;

/// <summary>Tables of all balancers: those whose back ends, weights and sizes are equal have one together.</summary>
/// <param name="space">Cells of <c>maglev</c>; a range is given again after it is settled.</param>
internal sealed class MaglevTables(RangeSpace space)
{
    private readonly Dictionary<Key, Shared> _tables = [];

    /// <summary>Tables that there are.</summary>
    internal int Count => _tables.Count;

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
            table = new(key, space.Take((uint)size), MaglevTable.Fill(size, chosen));
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
            space.Return(table.First, (uint)table.Cells.Length);
        }
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
