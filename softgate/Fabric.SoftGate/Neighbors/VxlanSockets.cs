using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fabric.Primitives;

namespace Fabric.SoftGate.Neighbors;

/// <summary>VXLAN through UDP sockets of the kernel, beside the data path: the kernel finds the way. RFC 7348.</summary>
internal sealed class VxlanSockets : IOverlay, IDisposable
{
    private const int Port = 4789;
    private const int HeaderLength = 8;
    private const int MostSources = 8;

    private readonly Dictionary<IpAddr, Socket> _sockets = [];
    private readonly byte[] _buffer = new byte[2048];

    /// <summary>Frames sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>Frames that could not be sent.</summary>
    internal long Failed { get; private set; }

    /// <summary>The last reason why.</summary>
    internal string? LastFailure { get; private set; }

    /// <inheritdoc/>
    public void Send(IpAddr source, IpAddr destination, Vni vni, ReadOnlySpan<byte> frame)
    {
        try
        {
            if (!_sockets.TryGetValue(source, out var socket))
            {
                if (_sockets.Count >= MostSources)
                {
                    Dispose(); // Addresses of earlier states.
                }

                socket = Open(source);
                _sockets.Add(source, socket);
            }

            _buffer.AsSpan(0, HeaderLength).Clear();
            _buffer[0] = 8; // "the VNI is valid"
            BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(4), vni.Value << 8);
            frame.CopyTo(_buffer.AsSpan(HeaderLength));
            socket.SendTo(_buffer.AsSpan(0, HeaderLength + frame.Length), SocketFlags.None, new IPEndPoint(destination.ToIPAddress(), Port));
            Sent++;
        }
        catch (SocketException e)
        {
            Failed++;
            LastFailure = $"{source} to {destination}: {e.Message}";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets.Values)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }

    private static Socket Open(IpAddr source)
    {
        const int level4 = 0;
        const int transparent4 = 19;
        const int level6 = 41;
        const int transparent6 = 75;
        const int levelSocket = 1;
        const int noChecksum = 11;
        const int levelUdp = 17;
        const int noChecksum6 = 101;
        var socket = new Socket(source.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            // The address may be on its way between the nodes of a pair.
            socket.SetRawSocketOption(source.IsV4 ? level4 : level6, source.IsV4 ? transparent4 : transparent6, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(source.IsV4 ? levelSocket : levelUdp, source.IsV4 ? noChecksum : noChecksum6, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(source.ToIPAddress(), 0));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
