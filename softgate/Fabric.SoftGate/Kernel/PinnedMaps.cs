namespace Fabric.SoftGate.Kernel;

/// <summary>Maps that an earlier process has left pinned.</summary>
public static unsafe class PinnedMaps
{
    private const long BpfFileSystem = 0xcafe4a11;

    /// <summary>Whether a path lies in a bpf file system; only there maps and programs can be pinned.</summary>
    public static bool IsBpfFileSystem(string path)
    {
        // struct statfs begins with the kind of the file system, a machine word.
        var buffer = stackalloc long[64];
        return LibC.StatFs(path, buffer) == 0 && (buffer[0] & 0xffffffff) == BpfFileSystem;
    }

    /// <summary>Number of entries that a pinned map may have.</summary>
    /// <returns>Null: there is no such map.</returns>
    /// <exception cref="KernelException">There is one that cannot be read.</exception>
    public static uint? MaxEntries(string path)
    {
        var fd = LibBpf.ObjectGet(path);
        if (fd < 0)
        {
            return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Errno.NoEntry ? null : throw KernelException.Last($"cannot open {path}");
        }

        using var map = new SafeFileDescriptor(fd);
        var info = default(LibBpf.MapInfo);
        var length = (uint)sizeof(LibBpf.MapInfo);
        return LibBpf.ObjectInfo(fd, &info, &length) == 0 ? info.MaxEntries : throw KernelException.Last($"cannot read {path}");
    }
}
