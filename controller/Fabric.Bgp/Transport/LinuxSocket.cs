using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Bgp.Transport;

/// <summary>Socket options of Linux that the runtime has no names for.</summary>
internal static class LinuxSocket
{
    public const int SolSocket = 1;

    private const int IpProtoIp = 0;
    private const int IpProtoTcp = 6;
    private const int IpProtoIpv6 = 41;
    private const int SoBindToDevice = 25;
    private const int SoSendBufferForce = 32;
    private const int SoReceiveBufferForce = 33;
    private const int IpMinTtl = 21;
    private const int Ipv6MinHopCount = 73;
    private const int TcpMd5Sig = 14;
    private const int TcpMd5SigExt = 32;
    private const byte Md5FlagPrefix = 1;
    private const int SockaddrStorageLength = 128;
    private const ushort AfInet = 2;
    private const ushort AfInet6 = 10;

    /// <summary>Segments that arrive with a lower TTL or hop limit are dropped by the kernel (RFC 5082).</summary>
    public static void SetMinTtl(Socket socket, byte minTtl)
    {
        var v4 = socket.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
        socket.SetRawSocketOption(v4 ? IpProtoIp : IpProtoIpv6, v4 ? IpMinTtl : Ipv6MinHopCount, Int(minTtl));
    }

    /// <summary>Sets the buffers; must come before the connection is there, for the window scale is agreed on then.</summary>
    public static void SetBuffers(Socket socket, BgpSocketOptions options)
    {
        if (options.SendBuffer is { } send && !TryForce(socket, SoSendBufferForce, send))
        {
            socket.SendBufferSize = send;
        }

        if (options.ReceiveBuffer is { } receive && !TryForce(socket, SoReceiveBufferForce, receive))
        {
            socket.ReceiveBufferSize = receive;
        }
    }

    /// <summary>Adds or, with null, removes a TCP-MD5 key for all peers of a prefix. Removing what is not there is no error.</summary>
    public static void SetMd5Key(Socket socket, IpPrefix peers, TcpMd5Key? key)
    {
        var single = peers.IsHost;
        var value = Md5Option(peers, single ? (byte)0 : Md5FlagPrefix, key);
        try
        {
            socket.SetRawSocketOption(IpProtoTcp, single ? TcpMd5Sig : TcpMd5SigExt, value);
        }
        catch (SocketException e) when (key is null && e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // ENOENT, as the runtime calls it: it is gone already.
        }
        catch (SocketException e)
        {
            throw Md5Failure(e, single);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(value);
        }
    }

    /// <summary>What a refused key means.</summary>
    internal static Exception Md5Failure(SocketException e, bool single) => (e.SocketErrorCode, single) switch
    {
        (SocketError.ProtocolOption, true) => new BgpTransportException(
            BgpTransportProblem.Md5NotSupported,
            "this kernel has no TCP-MD5 signatures (RFC 2385): take one built with CONFIG_TCP_MD5SIG, or remove the key on both sides",
            e),
        (SocketError.ProtocolOption or SocketError.InvalidArgument, false) => new BgpTransportException(
            BgpTransportProblem.Md5PrefixNotSupported,
            "this kernel takes no TCP-MD5 key for a whole prefix (CONFIG_TCP_MD5SIG and Linux 4.13 are needed): give each peer its own key",
            e),
        _ => e,
    };

    /// <summary>Nothing is heard from or sent to another interface; needs CAP_NET_RAW.</summary>
    public static void BindToInterface(Socket socket, string name) => socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.UTF8.GetBytes(name + "\0"));

    /// <summary>The number of an interface.</summary>
    public static uint InterfaceIndex(string name)
    {
        var index = name.Length is > 0 and < 16 ? NameToIndex(Encoding.UTF8.GetBytes(name + "\0")) : 0;
        return index != 0
            ? index
            : throw new BgpTransportException(BgpTransportProblem.NoSuchInterface, $"there is no interface \"{name}\": create it, or correct the name");
    }

    /// <summary>The name of an interface; null when it is gone.</summary>
    public static string? InterfaceName(long index)
    {
        var name = new byte[16];
        return index is > 0 and <= uint.MaxValue && IndexToName((uint)index, name) != 0 ? Encoding.UTF8.GetString(name.AsSpan(0, name.AsSpan().IndexOf((byte)0))) : null;
    }

    private static byte[] Int(int value) => BitConverter.GetBytes(value);

    /// <summary>struct tcp_md5sig: sockaddr_storage 128, flags 1, prefix length 1, key length 2, ifindex 4, key 80; numbers as the machine has them.</summary>
    private static byte[] Md5Option(IpPrefix peers, byte flags, TcpMd5Key? key)
    {
        var value = new byte[SockaddrStorageLength + 8 + TcpMd5Key.MaxLength];
        MemoryMarshal.Write(value, peers.Address.IsV4 ? AfInet : AfInet6);

        // sockaddr_in has the address behind the port, sockaddr_in6 behind port and flow.
        peers.Address.WriteTo(value.AsSpan(peers.Address.IsV4 ? 4 : 8));
        var tail = value.AsSpan(SockaddrStorageLength);
        tail[0] = flags;
        tail[1] = (byte)peers.Length;
        if (key is not null)
        {
            MemoryMarshal.Write(tail[2..], (ushort)key.Octets.Length);
            key.Octets.CopyTo(tail[8..]);
        }

        return value;
    }

    private static bool TryForce(Socket socket, int option, int size)
    {
        try
        {
            socket.SetRawSocketOption(SolSocket, option, Int(size));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            return false;
        }
    }

#pragma warning disable SYSLIB1054 // Source generated marshalling would need unsafe code for two calls that marshal nothing.
    [DllImport("libc", EntryPoint = "if_nametoindex")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint NameToIndex(byte[] name);

    [DllImport("libc", EntryPoint = "if_indextoname")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint IndexToName(uint index, byte[] name);
#pragma warning restore SYSLIB1054
}
