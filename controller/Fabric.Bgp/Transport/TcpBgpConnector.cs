using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Speaker;
using NetFamily = System.Net.Sockets.AddressFamily;

namespace Fabric.Bgp.Transport;

/// <summary>Opens TCP connections with the TTL and the source address of the peer's configuration.</summary>
public sealed class TcpBgpConnector : IBgpConnector
{
    /// <inheritdoc/>
    public async Task<IBgpConnection> ConnectAsync(SpeakerPeerConfig peer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var socket = new Socket(peer.Address.IsV4 ? NetFamily.InterNetwork : NetFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            socket.Ttl = peer.Ttl;
            if (peer.LocalAddress is { } local)
            {
                socket.Bind(new IPEndPoint(local.ToIPAddress(), 0));
            }

            await socket.ConnectAsync(new IPEndPoint(peer.Address.ToIPAddress(), peer.Port), cancellationToken).ConfigureAwait(false);
            return new TcpBgpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal sealed class TcpBgpConnection(Socket socket) : IBgpConnection
    {
        public string LocalEndpoint { get; } = socket.LocalEndPoint?.ToString() ?? "";

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
            socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

        public async ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);

        public async ValueTask SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken)
        {
            var total = 0;
            foreach (var part in parts)
            {
                total += part.Count;
            }

            var sent = await socket.SendAsync(parts, SocketFlags.None).WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (var part in parts)
            {
                if (sent >= total)
                {
                    return;
                }

                // What the kernel did not take at once follows part by part.
                var skip = Math.Min(sent, part.Count);
                sent -= skip;
                total -= skip;
                if (skip < part.Count)
                {
                    await SendAsync(part.AsMemory(skip), cancellationToken).ConfigureAwait(false);
                    total -= part.Count - skip;
                    sent = 0;
                }
            }
        }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
        {
            while (!data.IsEmpty)
            {
                data = data[await socket.SendAsync(data, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
            }
        }

        public void ShutdownSend()
        {
            try
            {
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // The peer was quicker; there is nothing left to shut down.
            }
        }

        public void Dispose() => socket.Dispose();
    }
}
