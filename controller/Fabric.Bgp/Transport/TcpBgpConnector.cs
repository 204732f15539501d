using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;
using NetFamily = System.Net.Sockets.AddressFamily;

namespace Fabric.Bgp.Transport;

/// <summary>Opens TCP connections with the source address, TTL, GTSM and key of the peer's configuration.</summary>
public sealed class TcpBgpConnector(BgpSocketOptions? options = null) : IBgpConnector
{
    private readonly BgpSocketOptions _options = options ?? new();

    /// <inheritdoc/>
    public async Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var socket = new Socket(peer.Address.IsV4 ? NetFamily.InterNetwork : NetFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            LinuxSocket.SetBuffers(socket, _options);
            Prepare(socket, peer);
            if (peer.Md5Key is { } key)
            {
                LinuxSocket.SetMd5Key(socket, IpPrefix.Host(peer.Address), key);
            }

            if (peer.LocalAddress is { } local)
            {
                socket.Bind(EndPoint(local, 0, peer));
            }

            await socket.ConnectAsync(EndPoint(peer.Address, peer.Port, peer), cancellationToken).ConfigureAwait(false);
            return new TcpBgpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What the sockets of both directions have in common.</summary>
    internal static void Prepare(Socket socket, SpeakerPeerConfig peer)
    {
        socket.NoDelay = true;
        socket.Ttl = peer.Ttl;
        if (peer.MinTtl is { } minTtl)
        {
            LinuxSocket.SetMinTtl(socket, minTtl);
        }
    }

    private static IPEndPoint EndPoint(IpAddr address, ushort port, SpeakerPeerConfig peer)
    {
        var ip = address.ToIPAddress();
        if (address.IsV6 && address.IsLinkLocal)
        {
            ip.ScopeId = LinuxSocket.InterfaceIndex(peer.Interface ?? throw new BgpTransportException(
                BgpTransportProblem.InterfaceNeeded, $"{address} is link-local: name the peer's interface"));
        }

        return new(ip, port);
    }
}
