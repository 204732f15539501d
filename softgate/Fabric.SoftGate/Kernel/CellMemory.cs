using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>An array of 32-bit cells of the kernel (BPF_F_MMAPABLE) as memory: many cells are written without a call each.</summary>
internal sealed unsafe class CellMemory : SafeHandle
{
    /// <summary>The kernel rounds each value up to 8 octets.</summary>
    private const uint Stride = 8;

    private readonly nuint _length;

    /// <param name="path">The loaded object.</param>
    /// <param name="name">Name of the map.</param>
    /// <exception cref="KernelException">It cannot be mapped.</exception>
    internal CellMemory(DataPathObject path, string name)
        : base(-1, ownsHandle: true)
    {
        const int readAndWrite = 3, shared = 1;
        Count = path.MaxEntries(name);
        var page = (nuint)Environment.SystemPageSize;
        _length = (((nuint)Count * Stride) + page - 1) / page * page;
        SetHandle(LibC.Map(0, _length, readAndWrite, shared, path.MapDescriptor(name), 0));
        if (IsInvalid)
        {
            throw KernelException.Last($"map {name}: cannot be mapped");
        }
    }

    /// <summary>Cells there are.</summary>
    internal uint Count { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>Writes cells, each at once.</summary>
    internal void Write(uint first, ReadOnlySpan<uint> cells)
    {
        var to = At(first, cells.Length);
        foreach (var cell in cells)
        {
            Volatile.Write(ref *(uint*)to, cell);
            to += Stride;
        }
    }

    /// <summary>Reads cells.</summary>
    internal void Read(uint first, Span<uint> cells)
    {
        var from = At(first, cells.Length);
        foreach (ref var cell in cells)
        {
            cell = Volatile.Read(ref *(uint*)from);
            from += Stride;
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.Unmap(handle, _length) == 0;

    private byte* At(uint first, int count)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)first + (ulong)count, Count);
        return (byte*)handle + ((nuint)first * Stride);
    }
}
