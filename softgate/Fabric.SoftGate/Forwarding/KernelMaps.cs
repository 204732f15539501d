using System.Runtime.InteropServices;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Forwarding;

/// <summary>Reads and writes the maps of a loaded data path as octets, many entries with few calls.</summary>
internal sealed unsafe class KernelMaps
{
    /// <summary>Entries in one call.</summary>
    private const int Batch = 4096;

    private readonly DataPathObject _path;
    private readonly Shape[] _shapes;
    private readonly CellMemory _maglev;
    private readonly CellMemory _listCells;

    internal KernelMaps(DataPathObject path)
    {
        _path = path;
        _maglev = new CellMemory(path, MapIds.NameOf(MapId.Maglev));
        _listCells = new CellMemory(path, MapIds.NameOf(MapId.AclCells));
        _shapes = [.. MapIds.All.Select(map =>
        {
            var (descriptor, keySize, valueSize) = path.MapShape(MapIds.NameOf(map));
            return new Shape(map, descriptor, keySize, valueSize);
        })];
    }

    /// <summary>Entries written or removed so far.</summary>
    internal long Written { get; private set; }

    /// <summary>Carries out the steps, in order.</summary>
    /// <exception cref="KernelException">A step has failed; those before it are carried out.</exception>
    /// <exception cref="ReadBackException">What was written does not stand there.</exception>
    internal void Carry(MapChange change)
    {
        // What the data path remembers must be forgotten before that to which it leads goes.
        var changed = false;
        try
        {
            foreach (var steps in change.Steps)
            {
                var remembered = MapIds.IsRemembered(steps[0].Key.Map);
                if (changed && !remembered)
                {
                    _path.TablesChanged();
                }

                changed = remembered;
                Carry(_shapes[(int)steps[0].Key.Map], steps);
            }
        }
        finally
        {
            if (changed)
            {
                _path.TablesChanged();
            }
        }
    }

    /// <summary>Everything in a map that is not of cells; of arrays what is not zero. Parts of values that the data path writes are zero.</summary>
    internal void Read(MapId map, Dictionary<EntryKey, byte[]> into)
    {
        var shape = _shapes[(int)map];
        foreach (var (key, value) in All(shape))
        {
            var own = MapIds.OwnPart(map, value).Length;
            value.AsSpan(own).Clear();
            if (!MapIds.IsArray(map) || value.AsSpan().IndexOfAnyExcept((byte)0) >= 0)
            {
                into[new EntryKey(map, key)] = value;
            }
        }
    }

    /// <summary>A value, or a range of cells (no counters) of the length of <paramref name="like"/>, octets.</summary>
    /// <returns>Null: there is none.</returns>
    internal byte[]? Read(EntryKey key, int like)
    {
        var shape = _shapes[(int)key.Map];
        if (!MapIds.IsCells(key.Map))
        {
            var value = new byte[shape.ValueSize];
            if (!TryGet(shape, key.Key, value))
            {
                return null;
            }

            value.AsSpan(MapIds.OwnPart(key.Map, value).Length).Clear();
            return value;
        }

        var cells = new byte[like];
        CellsOf(key.Map).Read(MemoryMarshal.Read<uint>(key.Key), MemoryMarshal.Cast<byte, uint>(cells.AsSpan()));
        return cells;
    }

    private void Carry(Shape shape, IReadOnlyList<MapWrite> steps)
    {
        Written += steps.Count;
        if (MapIds.IsCells(shape.Map))
        {
            WriteCells(shape, steps);
        }
        else if (steps[0].Value is not null)
        {
            Write(shape, steps);
        }
        else if (MapIds.IsArray(shape.Map))
        {
            var zero = new byte[shape.ValueSize];
            Write(shape, [.. steps.Select(s => s with { Value = zero })]);
        }
        else
        {
            Remove(shape, steps);
        }
    }

    private static bool TryGet(Shape shape, ReadOnlySpan<byte> key, Span<byte> value)
    {
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            if (LibBpf.Lookup(shape.Descriptor, k, v) == 0)
            {
                return true;
            }

            return Marshal.GetLastPInvokeError() == Errno.NoEntry ? false : throw KernelException.Last($"map {shape.Name}: cannot read");
        }
    }

    private static List<(byte[] Key, byte[] Value)> All(Shape shape)
    {
        var all = new List<(byte[] Key, byte[] Value)>();
        var isArray = MapIds.IsArray(shape.Map);
        var size = Batch;
        var keys = new byte[size * shape.KeySize];
        var values = new byte[size * shape.ValueSize];
        var options = new LibBpf.BatchOptions { Size = (nuint)sizeof(LibBpf.BatchOptions) };

        // Where a batch ended: a bucket number for hashes, the key for others.
        var position = stackalloc byte[Math.Max(8, shape.KeySize)];
        for (var first = true; ;)
        {
            var count = (uint)size;
            int errno;
            fixed (byte* k = keys)
            fixed (byte* v = values)
            {
                errno = LibBpf.LookupBatch(shape.Descriptor, first ? null : position, position, k, v, &count, &options) == 0 ? 0 : Marshal.GetLastPInvokeError();
            }

            if (errno == Errno.NoSpace)
            {
                // A bucket holds more than fits: ask again with room for it.
                size *= 2;
                keys = new byte[size * shape.KeySize];
                values = new byte[size * shape.ValueSize];
                continue;
            }

            if (errno is not (0 or Errno.NoEntry))
            {
                throw new KernelException($"map {shape.Name}: cannot read", errno);
            }

            for (var i = 0; i < count; i++)
            {
                var value = values.AsSpan(i * shape.ValueSize, shape.ValueSize);
                if (!isArray || value.IndexOfAnyExcept((byte)0) >= 0)
                {
                    all.Add((keys.AsSpan(i * shape.KeySize, shape.KeySize).ToArray(), value.ToArray()));
                }
            }

            if (errno == Errno.NoEntry)
            {
                return all;
            }

            first = false;
        }
    }

    /// <summary>Writes entries, then reads them back.</summary>
    private static void Write(Shape shape, IReadOnlyList<MapWrite> steps)
    {
        var keys = new byte[Math.Min(Batch, steps.Count) * shape.KeySize];
        var values = new byte[Math.Min(Batch, steps.Count) * shape.ValueSize];
        for (var done = 0; done < steps.Count;)
        {
            var count = Math.Min(Batch, steps.Count - done);
            for (var i = 0; i < count; i++)
            {
                steps[done + i].Key.Key.CopyTo(keys, i * shape.KeySize);
                steps[done + i].Value!.CopyTo(values, i * shape.ValueSize);
            }

            Update(shape, keys.AsSpan(0, count * shape.KeySize), values.AsSpan(0, count * shape.ValueSize), count);
            done += count;
        }

        var there = new byte[shape.ValueSize];
        foreach (var step in steps)
        {
            if (!TryGet(shape, step.Key.Key, there) || !MapIds.OwnPart(shape.Map, there).SequenceEqual(MapIds.OwnPart(shape.Map, step.Value)))
            {
                throw new ReadBackException(step.Key);
            }
        }
    }

    private void WriteCells(Shape shape, IReadOnlyList<MapWrite> steps)
    {
        foreach (var step in steps.Where(static s => s.Value is not null))
        {
            var first = MemoryMarshal.Read<uint>(step.Key.Key);
            if (!MapIds.IsCounters(shape.Map))
            {
                CellsOf(shape.Map).Write(first, MemoryMarshal.Cast<byte, uint>(step.Value));
                if (!Read(step.Key, step.Value!.Length).AsSpan().SequenceEqual(step.Value))
                {
                    throw new ReadBackException(step.Key);
                }

                continue;
            }

            // Zero for every CPU.
            var size = MapIds.CellSize(shape.Map);
            var zero = new byte[((size + 7) & ~7) * Cpus.Possible];
            for (var i = 0; i < step.Value!.Length / size; i++)
            {
                Update(shape, MemoryMarshal.AsBytes([first + (uint)i]), zero, 1);
            }
        }
    }

    private CellMemory CellsOf(MapId map) => map == MapId.Maglev ? _maglev : _listCells;

    private static void Update(Shape shape, ReadOnlySpan<byte> keys, ReadOnlySpan<byte> values, int count)
    {
        fixed (byte* k = keys)
        fixed (byte* v = values)
        {
            if (count == 1)
            {
                if (LibBpf.Update(shape.Descriptor, k, v, 0) != 0)
                {
                    throw KernelException.Last($"map {shape.Name}: cannot write");
                }

                return;
            }

            var options = new LibBpf.BatchOptions { Size = (nuint)sizeof(LibBpf.BatchOptions) };
            for (var done = 0; done < count;)
            {
                var left = (uint)(count - done);
                if (LibBpf.UpdateBatch(shape.Descriptor, k + (done * shape.KeySize), v + (done * shape.ValueSize), &left, &options) != 0)
                {
                    throw KernelException.Last($"map {shape.Name}: cannot write {count - done} entries");
                }

                done += (int)left;
            }
        }
    }

    private static void Remove(Shape shape, IReadOnlyList<MapWrite> steps)
    {
        foreach (var step in steps)
        {
            fixed (byte* k = step.Key.Key)
            {
                if (LibBpf.Delete(shape.Descriptor, k) != 0 && Marshal.GetLastPInvokeError() != Errno.NoEntry)
                {
                    throw KernelException.Last($"map {shape.Name}: cannot remove");
                }
            }
        }
    }

    private readonly record struct Shape(MapId Map, int Descriptor, int KeySize, int ValueSize)
    {
        internal string Name => MapIds.NameOf(Map);
    }
}

/// <summary>The kernel has taken a value, and another one stands there.</summary>
internal sealed class ReadBackException(EntryKey key) : Exception($"{EntryText.Of(key)} was written and does not stand in map {MapIds.NameOf(key.Map)}")
{
    /// <summary>The entry.</summary>
    internal EntryKey Key { get; } = key;
}
