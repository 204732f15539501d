using System.Runtime.InteropServices;

#pragma warning disable MA0012 // Memory is what is insufficient, and those who guard against that know it by this type.

namespace Fabric.Bgp.Rib;

/// <summary>
/// Room for a table that grows and never moves: a reservation of address space that becomes memory from its start on. It begins as zeros.
/// Memory comes in rows of pages with one call, and the next row in the background: a table of millions of routes would fault it in page
/// by page otherwise, a fifth of the time it takes to fill it.
/// </summary>
/// <remarks>
/// Outside the collected heap, which is for objects; a table of routes has none. Whoever holds a pointer holds this object too.
/// Large pages are not asked for: a virtual machine whose host takes free memory back gets them slowly.
/// </remarks>
internal sealed unsafe partial class TableMemory : SafeHandle
{
    private const long SmallestStep = 64 << 10;
    private const long LargestStep = 2 << 20;
    private const int StepsInLength = 8;
    private const int NoAccess = 0;
    private const int ReadAndWrite = 1 | 2;
    private const int PrivateAnonymousUnreserved = 0x02 | 0x20 | 0x4000;
    private const int PopulateWrite = 23;
    private const nint Failed = -1;

    private const long WritableStep = 32 << 20;

    private readonly long _reserved;
    private long _writable;
    private long _ready;

    /// <summary>Reserves address space.</summary>
    /// <param name="most">Octets that it can ever have.</param>
    /// <exception cref="InsufficientMemoryException">The process may not have that much address space.</exception>
    public TableMemory(long most)
        : base(Failed, ownsHandle: true)
    {
        _reserved = Up(most);
        SetHandle(Map(0, (nuint)_reserved, NoAccess, PrivateAnonymousUnreserved, -1, 0));
        if (IsInvalid)
        {
            throw new InsufficientMemoryException($"cannot reserve {_reserved >> 20} MiB of address space for the table of routes: raise the limit (ulimit -v)");
        }

        Start = (byte*)handle;
    }

    public override bool IsInvalid => handle == Failed;

    /// <summary>The first octet.</summary>
    public byte* Start { get; }

    /// <summary>Octets that can be used.</summary>
    public long Length { get; private set; }

    /// <summary>Makes at least so many octets usable.</summary>
    /// <exception cref="InsufficientMemoryException">There is no memory, or the reservation is at its end.</exception>
    public void Grow(long length)
    {
        var end = Math.Min(_reserved, Up(Math.Max(length, Length + Step)));
        if (length > end || !MakeWritable(end))
        {
            throw new InsufficientMemoryException("no memory for more routes");
        }

        if (_ready < end)
        {
            Populate(_ready, end);
            _ready = end;
        }

        Length = end;
        var next = Math.Min(end + Step, _writable);
        if (_ready < next)
        {
            MemoryAhead.Populate(this, _ready, next);
            _ready = next;
        }
    }

    /// <summary>Has the kernel give pages now instead of when they are touched; one that does not know this (before 5.14) does not.</summary>
    public void Populate(long from, long to) => _ = Advise((nint)(Start + from), (nuint)(to - from), PopulateWrite);

    protected override bool ReleaseHandle() => Unmap(handle, (nuint)_reserved) == 0;

    private long Step => Math.Clamp(Length / StepsInLength, SmallestStep, LargestStep);

    /// <summary>In large steps once a table is large: while pages come in the background, a change of what may be written waits for them.</summary>
    private bool MakeWritable(long end)
    {
        if (end <= _writable)
        {
            return true;
        }

        var upTo = Math.Min(_reserved, Length < LargestStep ? end : end + WritableStep);
        if (Protect((nint)(Start + _writable), (nuint)(upTo - _writable), ReadAndWrite) != 0)
        {
            return false;
        }

        _writable = upTo;
        return true;
    }

    private static long Up(long octets) => (octets + SmallestStep - 1) & ~(SmallestStep - 1);

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(nint address, nuint length);
}
