using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fabric.Bgp.Benchmarks.Load;

/// <summary>The kernel's readiness list, level triggered: a thousand sockets on one thread at the cost of those that have something.</summary>
public sealed partial class Epoll : IDisposable
{
    /// <summary>Something can be read, or the other side has closed.</summary>
    public const uint Readable = 1;

    /// <summary>Something can be written.</summary>
    public const uint Writable = 4;

    private const int Add = 1;
    private const int Modify = 3;
    private const int CloseOnExec = 0x80000;
    private const int Interrupted = 4;

    // struct epoll_event is packed on x86-64 only: events, four octets of padding elsewhere, data.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private readonly byte[] _events = new byte[256 * Stride];
    private readonly int _descriptor = Checked(Create(CloseOnExec));

    /// <summary>Starts to watch a socket.</summary>
    public void Watch(Socket socket, int number, uint interest) => Control(Add, socket, number, interest);

    /// <summary>Watches a socket for something else.</summary>
    public void Change(Socket socket, int number, uint interest) => Control(Modify, socket, number, interest);

    /// <summary>Waits until a socket is ready or the time is over.</summary>
    /// <returns>How many are; see <see cref="Ready"/>.</returns>
    public int Wait(int milliseconds)
    {
        var count = WaitFor(_descriptor, _events, _events.Length / Stride, milliseconds);
        return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Checked(count);
    }

    /// <summary>A socket that is ready: its number, and what for.</summary>
    public (int Number, uint Events) Ready(int index) =>
        (BitConverter.ToInt32(_events, (index * Stride) + Stride - 8), BitConverter.ToUInt32(_events, index * Stride));

    /// <inheritdoc/>
    public void Dispose() => _ = Close(_descriptor);

    private void Control(int operation, Socket socket, int number, uint interest)
    {
        Span<byte> request = stackalloc byte[Stride];
        BitConverter.TryWriteBytes(request, interest);
        BitConverter.TryWriteBytes(request[(Stride - 8)..], (long)number);
        Checked(Control(_descriptor, operation, (int)socket.Handle, request));
    }

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int descriptor, int operation, int socket, Span<byte> request);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitFor(int descriptor, byte[] events, int count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
