using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>An XDP program on an interface, as a link of the kernel: replaced in one step, and kept by its pin when the process goes.</summary>
public sealed unsafe class XdpAttachment : IDisposable
{
    private const uint AttachTypeXdp = 37;
    private const uint FlagGeneric = 1 << 1;
    private const uint FlagNative = 1 << 2;

    private readonly SafeFileDescriptor _link;

    private XdpAttachment(SafeFileDescriptor link, bool native)
    {
        _link = link;
        IsNative = native;
    }

    /// <summary>True: in the driver. False: generic, slower, for drivers without XDP. Of an attachment found again it is not known: true.</summary>
    public bool IsNative { get; }

    /// <summary>Attaches a program, in the driver where that is possible. With a pin that is there already, replaces the program of that
    /// attachment instead: no packet passes between the old and the new one.</summary>
    /// <param name="dataPath">The loaded object.</param>
    /// <param name="program">Name of the program.</param>
    /// <param name="ifindex">The interface.</param>
    /// <param name="pin">Path in a bpf file system; null: detached with the process.</param>
    /// <exception cref="KernelException">Refused, in both modes.</exception>
    public static XdpAttachment Attach(DataPathObject dataPath, string program, uint ifindex, string? pin)
    {
        var descriptor = dataPath.ProgramDescriptor(program);
        if (pin is not null && LibBpf.ObjectGet(pin) is var found and >= 0)
        {
            var link = new SafeFileDescriptor(found);
            if (LibBpf.LinkUpdate(found, descriptor, 0) == 0)
            {
                return new(link, native: true);
            }

            // Its interface is gone: a link without one can only be thrown away.
            link.Dispose();
            File.Delete(pin);
        }

        var native = true;
        var fd = Create(descriptor, ifindex, FlagNative);
        if (fd < 0)
        {
            native = false;
            fd = Create(descriptor, ifindex, FlagGeneric);
        }

        if (fd < 0)
        {
            throw KernelException.Last($"cannot attach {program} to interface {ifindex}");
        }

        var created = new SafeFileDescriptor(fd);
        if (pin is not null && LibBpf.ObjectPin(fd, pin) != 0)
        {
            created.Dispose();
            throw KernelException.Last($"cannot pin the attachment at {pin}");
        }

        return new(created, native);
    }

    /// <inheritdoc/>
    public void Dispose() => _link.Dispose();

    private static int Create(int program, uint ifindex, uint flags)
    {
        var options = new LibBpf.LinkCreateOptions { Size = (nuint)sizeof(LibBpf.LinkCreateOptions), Flags = flags };
        return LibBpf.LinkCreate(program, (int)ifindex, AttachTypeXdp, &options);
    }
}

/// <summary>Owns a file descriptor.</summary>
internal sealed partial class SafeFileDescriptor : SafeHandle
{
    internal SafeFileDescriptor(int fd)
        : base(-1, ownsHandle: true) => SetHandle(fd);

    public override bool IsInvalid => handle < 0;

    internal int Value => (int)handle;

    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int fd);
}
