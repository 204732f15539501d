using System.Net;
using System.Net.Sockets;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Health;

/// <summary>Does one health check: a TCP connection, or an HTTP request over one.</summary>
internal sealed class HealthProber : IDisposable
{
    private const int MostHeaderKilobytes = 16;

    private readonly Func<AddressFamily, Socket> _newSocket;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <param name="newSocket">Makes a TCP socket where back ends are dialled from.</param>
    /// <param name="time">The clock.</param>
    internal HealthProber(Func<AddressFamily, Socket> newSocket, TimeProvider time)
    {
        (_newSocket, _time) = (newSocket, time);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = TimeSpan.Zero, // Each probe is to find out whether there is a connection to be had.
            MaxResponseHeadersLength = MostHeaderKilobytes,
            ConnectCallback = async (context, stop) =>
                new NetworkStream(await ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), (ushort)context.DnsEndPoint.Port, stop), ownsSocket: true),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Whether a back end answers as it should, in time.</summary>
    internal async Task<bool> ProbeAsync(HealthTarget target, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(target.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            if (target.Check.HealthCheck == SoftGateHealthCheck.Http)
            {
                return await AskAsync(target, either.Token);
            }

            using var socket = await ConnectAsync(target.Dial.ToIPAddress(), target.Port, either.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<bool> AskAsync(HealthTarget target, CancellationToken stop)
    {
        if (!Uri.TryCreate($"http://{HostOf(target.Dial, target.Port)}{target.Check.HealthPath}", UriKind.Absolute, out var address))
        {
            return false;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Host = HostOf(target.Backend.Address, target.Port);
        request.Headers.ConnectionClose = true;
        request.Headers.UserAgent.ParseAdd("softgated");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        return (int)response.StatusCode is >= 200 and < 400;
    }

    private static string HostOf(IpAddr address, ushort port) => new IPEndPoint(address.ToIPAddress(), port).ToString();

    private async Task<Socket> ConnectAsync(IPAddress address, ushort port, CancellationToken stop)
    {
        var socket = _newSocket(address.AddressFamily);
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0); // A reset: nothing of a probe lingers.
            await socket.ConnectAsync(new IPEndPoint(address, port), stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
