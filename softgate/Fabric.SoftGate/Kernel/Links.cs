using System.Runtime.InteropServices;
using System.Text;

namespace Fabric.SoftGate.Kernel;

/// <summary>A network interface.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its number.</param>
/// <param name="Mtu">Largest packet, octets.</param>
public readonly record struct Link(string Name, uint Index, int Mtu);

/// <summary>The network interfaces of the calling thread's namespace, over rtnetlink: what there are, and that they change. For one thread.</summary>
public sealed unsafe class Links : IDisposable
{
    private const ushort NewLink = 16;
    private const ushort GetLink = 18;
    private const ushort Done = 3;
    private const ushort Error = 2;
    private const uint GroupLink = 1;
    private const ushort RequestDump = 0x301;
    private const int AttributeName = 3;
    private const int AttributeMtu = 4;
    private const int HeaderLength = 16;
    private const int LinkHeaderLength = 16;
    private const int NoBuffers = 105;

    private readonly SafeFileDescriptor _changes;

    /// <summary>Begins to listen: what changes from now on is told by <see cref="WaitForChange"/>.</summary>
    /// <exception cref="KernelException">The kernel has refused the socket.</exception>
    public Links() => _changes = Open(GroupLink);

    /// <summary>All interfaces there are.</summary>
    /// <exception cref="KernelException">The kernel has refused to tell.</exception>
    public static IReadOnlyList<Link> List()
    {
        using var socket = Open(groups: 0);

        // struct nlmsghdr (length, type, flags, sequence, port), struct ifinfomsg.
        var request = stackalloc byte[HeaderLength + LinkHeaderLength];
        new Span<byte>(request, HeaderLength + LinkHeaderLength).Clear();
        *(uint*)request = HeaderLength + LinkHeaderLength;
        *(ushort*)(request + 4) = GetLink;
        *(ushort*)(request + 6) = RequestDump;
        if (LibC.Send(socket.Value, request, HeaderLength + LinkHeaderLength, 0) < 0)
        {
            throw KernelException.Last("cannot ask for the network interfaces");
        }

        var links = new List<Link>();
        var buffer = new byte[1 << 16];
        while (true)
        {
            nint length;
            fixed (byte* b = buffer)
            {
                length = LibC.Receive(socket.Value, b, (nuint)buffer.Length, 0);
            }

            if (length < 0)
            {
                throw KernelException.Last("cannot list the network interfaces");
            }

            if (Read(buffer.AsSpan(0, (int)length), links))
            {
                return links;
            }
        }
    }

    /// <summary>Waits until an interface has come, gone or changed.</summary>
    /// <returns>False: nothing has within the time.</returns>
    public bool WaitForChange(TimeSpan timeout)
    {
        // struct pollfd: descriptor, events wanted, events seen.
        const short readable = 1;
        var poll = stackalloc int[2];
        poll[0] = _changes.Value;
        poll[1] = readable;
        if (LibC.Poll(poll, 1, (int)timeout.TotalMilliseconds) <= 0)
        {
            return false;
        }

        const int doNotWait = 0x40;
        var buffer = stackalloc byte[8192];
        while (LibC.Receive(_changes.Value, buffer, 8192, doNotWait) > 0 || Marshal.GetLastPInvokeError() == NoBuffers)
        {
            // What was said does not matter: the list is asked for anew.
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _changes.Dispose();

    private static SafeFileDescriptor Open(uint groups)
    {
        var socket = LibC.Socket(LibC.AfNetlink, LibC.SockRaw | LibC.SockCloseOnExec, 0);
        if (socket < 0)
        {
            throw KernelException.Last("cannot open a netlink socket");
        }

        var result = new SafeFileDescriptor(socket);

        // struct sockaddr_nl: family, padding, port, groups.
        var address = stackalloc uint[3];
        address[0] = LibC.AfNetlink;
        address[1] = 0;
        address[2] = groups;
        if (LibC.Bind(socket, address, 12) != 0)
        {
            var failure = KernelException.Last("cannot listen to changes of network interfaces");
            result.Dispose();
            throw failure;
        }

        return result;
    }

    /// <summary>Messages of a dump; true at its end.</summary>
    private static bool Read(ReadOnlySpan<byte> messages, List<Link> links)
    {
        while (messages.Length >= HeaderLength)
        {
            var length = (int)MemoryMarshal.Read<uint>(messages);
            var type = MemoryMarshal.Read<ushort>(messages[4..]);
            if (length < HeaderLength || length > messages.Length || type is Done)
            {
                return true;
            }

            if (type == Error)
            {
                throw new KernelException("cannot list the network interfaces", -MemoryMarshal.Read<int>(messages[HeaderLength..]));
            }

            if (type == NewLink && length >= HeaderLength + LinkHeaderLength && Link(messages[HeaderLength..length]) is { } link)
            {
                links.Add(link);
            }

            messages = messages[Math.Min((length + 3) & ~3, messages.Length)..];
        }

        return false;
    }

    private static Link? Link(ReadOnlySpan<byte> message)
    {
        // struct ifinfomsg: family, padding, type, index, flags, change; then attributes: length, type, value.
        var index = MemoryMarshal.Read<uint>(message[4..]);
        string? name = null;
        var mtu = 0;
        for (var rest = message[LinkHeaderLength..]; rest.Length >= 4;)
        {
            var length = MemoryMarshal.Read<ushort>(rest);
            if (length < 4 || length > rest.Length)
            {
                break;
            }

            var value = rest[4..length];
            switch (MemoryMarshal.Read<ushort>(rest[2..]))
            {
                case AttributeName:
                    name = Encoding.UTF8.GetString(value.TrimEnd((byte)0));
                    break;
                case AttributeMtu when value.Length == 4:
                    mtu = MemoryMarshal.Read<int>(value);
                    break;
            }

            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }

        return name is null ? null : new Link(name, index, mtu);
    }
}
