using System.Runtime.InteropServices;

namespace Fabric.SoftGate.Kernel;

/// <summary>An XDP program on an interface, as a link of the kernel: replaced in one step, and kept by its pin when the process goes.</summary>
public sealed unsafe class XdpAttachment : IDisposable
{
    private const uint AttachTypeXdp = 37;
    private const uint FlagGeneric = 1 << 1;
    private const uint FlagNative = 1 << 2;

    private readonly SafeFileDescriptor _link;
    private readonly string? _pin;

    private XdpAttachment(SafeFileDescriptor link, string? pin, XdpMode mode, string? refusal = null)
    {
        _link = link;
        _pin = pin;
        Mode = mode;
        NativeRefusal = refusal;
    }

    /// <summary>How it is attached.</summary>
    public XdpMode Mode { get; }

    /// <summary>Why the driver does not run the program; only where <see cref="Mode"/> is <see cref="XdpMode.Generic"/>.</summary>
    public string? NativeRefusal { get; }

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
            if (InterfaceOf(found) == ifindex && LibBpf.LinkUpdate(found, descriptor, 0) == 0)
            {
                return new(link, pin, XdpMode.Kept);
            }

            // Its interface is gone, or has another name now: it belongs to nothing of ours.
            File.Delete(pin);
            link.Dispose();
        }

        var mode = XdpMode.Native;
        string? refusal = null;
        var fd = Create(descriptor, ifindex, FlagNative);
        if (fd < 0)
        {
            refusal = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
            mode = XdpMode.Generic;
            fd = Create(descriptor, ifindex, FlagGeneric);
        }

        if (fd < 0)
        {
            throw KernelException.Last($"cannot attach {program} to interface {ifindex}");
        }

        var created = new SafeFileDescriptor(fd);
        if (pin is not null && LibBpf.ObjectPin(fd, pin) != 0)
        {
            var failure = KernelException.Last($"cannot pin the attachment at {pin}");
            created.Dispose();
            throw failure;
        }

        return new(created, pin, mode, refusal);
    }

    /// <summary>Takes the program off the interface.</summary>
    public void Detach()
    {
        if (_pin is not null)
        {
            File.Delete(_pin);
        }

        _link.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _link.Dispose();

    private static int Create(int program, uint ifindex, uint flags)
    {
        var options = new LibBpf.LinkCreateOptions { Size = (nuint)sizeof(LibBpf.LinkCreateOptions), Flags = flags };
        return LibBpf.LinkCreate(program, (int)ifindex, AttachTypeXdp, &options);
    }

    /// <summary>The interface of an attachment; 0: gone.</summary>
    private static uint InterfaceOf(int link)
    {
        var info = default(LibBpf.LinkInfo);
        var length = (uint)sizeof(LibBpf.LinkInfo);
        return LibBpf.ObjectInfo(link, &info, &length) == 0 ? info.Ifindex : 0;
    }
}

/// <summary>How an XDP program is attached.</summary>
public enum XdpMode
{
    /// <summary>In the driver.</summary>
    Native,

    /// <summary>In front of the kernel's stack: slower, for drivers without XDP.</summary>
    Generic,

    /// <summary>As an earlier process has attached it.</summary>
    Kept,
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
