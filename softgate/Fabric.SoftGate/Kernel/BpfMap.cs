using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>
/// A map of the kernel with keys and values as structures. Not for maps with a value a CPU; those are <see cref="PerCpuMap{TValue}"/>.
/// Calls are safe from several threads.
/// </summary>
public sealed unsafe class BpfMap<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly int _fd;

    internal BpfMap(string name, int fd, uint maxEntries)
    {
        Name = name;
        _fd = fd;
        MaxEntries = maxEntries;
    }

    /// <summary>Its name in the object file.</summary>
    public string Name { get; }

    /// <summary>Most entries it can have.</summary>
    public uint MaxEntries { get; }

    /// <summary>Writes an entry, whether there is one or not.</summary>
    /// <exception cref="KernelException">The table is full, or memory is short.</exception>
    public void Set(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            if (LibBpf.Update(_fd, k, v, 0) != 0)
            {
                throw KernelException.Last($"map {Name}: cannot write");
            }
        }
    }

    /// <summary>Writes an entry that is not there yet.</summary>
    /// <returns>False: there is one already; it stays.</returns>
    public bool TryAdd(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            const ulong noExist = 1;
            if (LibBpf.Update(_fd, k, v, noExist) == 0)
            {
                return true;
            }

            return Marshal.GetLastPInvokeError() == Errno.Exists ? false : throw KernelException.Last($"map {Name}: cannot write");
        }
    }

    /// <summary>The value of a key.</summary>
    public bool TryGet(in TKey key, out TValue value)
    {
        value = default;
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            if (LibBpf.Lookup(_fd, k, v) == 0)
            {
                return true;
            }

            return Marshal.GetLastPInvokeError() == Errno.NoEntry ? false : throw KernelException.Last($"map {Name}: cannot read");
        }
    }

    /// <summary>Removes an entry.</summary>
    /// <returns>False: there was none.</returns>
    public bool Remove(in TKey key)
    {
        fixed (TKey* k = &key)
        {
            if (LibBpf.Delete(_fd, k) == 0)
            {
                return true;
            }

            return Marshal.GetLastPInvokeError() == Errno.NoEntry ? false : throw KernelException.Last($"map {Name}: cannot remove");
        }
    }

    /// <summary>Writes many entries with few calls.</summary>
    public void SetMany(ReadOnlySpan<TKey> keys, ReadOnlySpan<TValue> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, keys.Length);
        var options = new LibBpf.BatchOptions { Size = (nuint)sizeof(LibBpf.BatchOptions) };
        fixed (TKey* k = keys)
        fixed (TValue* v = values)
        {
            for (var done = 0; done < keys.Length;)
            {
                var count = (uint)Math.Min(keys.Length - done, 1 << 16);
                if (LibBpf.UpdateBatch(_fd, k + done, v + done, &count, &options) != 0)
                {
                    throw KernelException.Last($"map {Name}: cannot write");
                }

                done += (int)count;
            }
        }
    }

    /// <summary>Removes many entries with few calls; keys without an entry are skipped.</summary>
    public void RemoveMany(ReadOnlySpan<TKey> keys)
    {
        var options = new LibBpf.BatchOptions { Size = (nuint)sizeof(LibBpf.BatchOptions) };
        fixed (TKey* k = keys)
        {
            for (var done = 0; done < keys.Length;)
            {
                var count = (uint)Math.Min(keys.Length - done, 1 << 16);
                if (LibBpf.DeleteBatch(_fd, k + done, &count, &options) != 0)
                {
                    if (Marshal.GetLastPInvokeError() != Errno.NoEntry)
                    {
                        throw KernelException.Last($"map {Name}: cannot remove");
                    }

                    count++; // The one that is not there.
                }

                done += (int)count;
            }
        }
    }

    /// <summary>All entries, in no order. Of entries that come or go meanwhile some may be missing.</summary>
    public List<KeyValuePair<TKey, TValue>> ToList()
    {
        var all = new List<KeyValuePair<TKey, TValue>>();
        var walk = new Walker(this);
        while (walk.Next(out var keys, out var values))
        {
            for (var i = 0; i < keys.Length; i++)
            {
                all.Add(new(keys[i], values[i]));
            }
        }

        return all;
    }

    /// <summary>Goes through all entries, some thousand at a time, in no order. Of entries that come or go meanwhile some may be missing.</summary>
    public Walker Walk() => new(this);

    /// <summary>A way through the entries of a map.</summary>
    public sealed class Walker
    {
        private readonly BpfMap<TKey, TValue> _map;

        // Where a batch ended: a bucket number for hashes, the key for others.
        private readonly byte[] _position = new byte[Math.Max(8, Unsafe.SizeOf<TKey>())];
        private TKey[] _keys = new TKey[4096];
        private TValue[] _values = new TValue[4096];
        private bool _begun;
        private bool _ended;

        internal Walker(BpfMap<TKey, TValue> map) => _map = map;

        /// <summary>The next entries, valid until the next call.</summary>
        /// <returns>False: there are none left.</returns>
        public bool Next(out ReadOnlySpan<TKey> keys, out ReadOnlySpan<TValue> values)
        {
            keys = default;
            values = default;
            while (!_ended)
            {
                var options = new LibBpf.BatchOptions { Size = (nuint)sizeof(LibBpf.BatchOptions) };
                var count = (uint)_keys.Length;
                int result;
                fixed (TKey* k = _keys)
                fixed (TValue* v = _values)
                fixed (byte* position = _position)
                {
                    result = LibBpf.LookupBatch(_map._fd, _begun ? position : null, position, k, v, &count, &options);
                }

                var errno = result == 0 ? 0 : Marshal.GetLastPInvokeError();
                if (errno == Errno.NoSpace)
                {
                    // A bucket holds more than fits: ask again with room for it.
                    _keys = new TKey[_keys.Length * 2];
                    _values = new TValue[_keys.Length];
                    continue;
                }

                if (errno is not (0 or Errno.NoEntry))
                {
                    throw new KernelException($"map {_map.Name}: cannot read", errno);
                }

                (_begun, _ended) = (true, errno == Errno.NoEntry);
                if (count > 0)
                {
                    keys = _keys.AsSpan(0, (int)count);
                    values = _values.AsSpan(0, (int)count);
                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>An array of the kernel that has a value for each CPU.</summary>
public sealed unsafe class PerCpuMap<TValue>
    where TValue : unmanaged
{
    private readonly int _fd;

    internal PerCpuMap(string name, int fd, uint maxEntries)
    {
        Name = name;
        _fd = fd;
        MaxEntries = maxEntries;
    }

    /// <summary>Its name in the object file.</summary>
    public string Name { get; }

    /// <summary>Number of indices.</summary>
    public uint MaxEntries { get; }

    /// <summary>The values of all CPUs at an index.</summary>
    public TValue[] Get(uint index)
    {
        // The kernel rounds each value up to 8 octets.
        var stride = (sizeof(TValue) + 7) & ~7;
        var buffer = new byte[stride * Cpus.Possible];
        fixed (byte* b = buffer)
        {
            if (LibBpf.Lookup(_fd, &index, b) != 0)
            {
                throw KernelException.Last($"map {Name}: cannot read");
            }

            var values = new TValue[Cpus.Possible];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = Unsafe.ReadUnaligned<TValue>(b + (i * stride));
            }

            return values;
        }
    }

    /// <summary>Sets the value of every CPU at an index.</summary>
    public void SetAll(uint index, in TValue value)
    {
        var stride = (sizeof(TValue) + 7) & ~7;
        var buffer = new byte[stride * Cpus.Possible];
        fixed (byte* b = buffer)
        {
            for (var i = 0; i < Cpus.Possible; i++)
            {
                Unsafe.WriteUnaligned(b + (i * stride), value);
            }

            if (LibBpf.Update(_fd, &index, b, 0) != 0)
            {
                throw KernelException.Last($"map {Name}: cannot write");
            }
        }
    }
}

/// <summary>CPUs as the kernel counts them for maps.</summary>
internal static class Cpus
{
    /// <summary>CPUs that could ever be there, and so values in a map with one a CPU.</summary>
    internal static readonly int Possible = Count(File.ReadAllText("/sys/devices/system/cpu/possible"));

    /// <summary>Number of CPUs in a list such as <c>0-3,8</c>.</summary>
    internal static int Count(string list) =>
        list.Trim().Split(',').Sum(part =>
        {
            var ends = part.Split('-');
            var first = int.Parse(ends[0], System.Globalization.CultureInfo.InvariantCulture);
            return ends.Length == 1 ? 1 : int.Parse(ends[1], System.Globalization.CultureInfo.InvariantCulture) - first + 1;
        });
}
