using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;
using NetFamily = System.Net.Sockets.AddressFamily;

namespace Fabric.Bgp.Transport;

/// <summary>Listens on TCP, IPv4 and IPv6 each on sockets of their own.</summary>
public sealed class TcpBgpListener : IBgpListener
{
    private const int Backlog = 1024;
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(100);

    private readonly ImmutableArray<Socket> _sockets;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private bool _started;
    private bool _disposed;

    /// <summary>Binds and listens; connections wait until <see cref="Start"/>.</summary>
    /// <param name="endpoints">Where to listen; port 0 takes a free one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Buffers of the connections.</param>
    /// <exception cref="SocketException">An address or port cannot be had.</exception>
    public TcpBgpListener(IEnumerable<IPEndPoint> endpoints, TimeProvider time, BgpSocketOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        _time = time;
        var sockets = ImmutableArray.CreateBuilder<Socket>();
        try
        {
            foreach (var endpoint in endpoints)
            {
                var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                if (endpoint.AddressFamily == NetFamily.InterNetworkV6)
                {
                    socket.DualMode = false;
                }

                // Connections inherit the buffers; and answers to a SYN must pass the GTSM of a peer that has it.
                LinuxSocket.SetBuffers(socket, options ?? new());
                socket.Ttl = byte.MaxValue;
                socket.Bind(endpoint);
                socket.Listen(Backlog);
            }
        }
        catch
        {
            foreach (var socket in sockets)
            {
                socket.Dispose();
            }

            throw;
        }

        _sockets = sockets.ToImmutable();
        Endpoints = [.. _sockets.Select(static s => (IPEndPoint)s.LocalEndPoint!)];
    }

    /// <inheritdoc/>
    public ImmutableArray<IPEndPoint> Endpoints { get; }

    /// <inheritdoc/>
    public void Start(BgpCallerLookup lookup, BgpAccept accept)
    {
        ArgumentNullException.ThrowIfNull(lookup);
        ArgumentNullException.ThrowIfNull(accept);
        if (_started)
        {
            throw new InvalidOperationException("the listener was started before");
        }

        _started = true;
        _running = Task.WhenAll(_sockets.Select(s => Task.Run(() => AcceptAsync(s, lookup, accept))));
    }

    /// <inheritdoc/>
    public void SetMd5Key(IpPrefix peers, TcpMd5Key? key)
    {
        var family = peers.Address.IsV4 ? NetFamily.InterNetwork : NetFamily.InterNetworkV6;
        foreach (var socket in _sockets.Where(s => s.AddressFamily == family))
        {
            LinuxSocket.SetMd5Key(socket, peers, key);
        }
    }

    /// <summary>Stops listening; connections handed on stay.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync(Socket listening, BgpCallerLookup lookup, BgpAccept accept)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Admit(await listening.AcceptAsync(_stop.Token).ConfigureAwait(false), lookup, accept);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A caller that is gone again, or no descriptor left: neither ends listening, but the latter must not spin.
                await Task.Delay(Breath, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static void Admit(Socket socket, BgpCallerLookup lookup, BgpAccept accept)
    {
        try
        {
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            var caller = new BgpCaller(
                IpAddr.From(remote.Address),
                (ushort)remote.Port,
                IpAddr.From(((IPEndPoint)socket.LocalEndPoint!).Address),
                remote.Address.IsIPv6LinkLocal ? LinuxSocket.InterfaceName(remote.Address.ScopeId) : null);
            if (lookup(caller) is { } peer)
            {
                TcpBgpConnector.Prepare(socket, peer);
                accept(caller, peer, new TcpBgpConnection(socket));
                return;
            }
        }
#pragma warning disable CA1031 // The caller may be gone again; and what else goes wrong costs this connection, never the listener.
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        socket.Dispose();
    }
}
