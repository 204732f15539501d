using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>Connections from the internet to back ends of a load balancer, through softgated as it runs.</summary>
[Trait("Category", "lab")]
public sealed class BalancerLabTests : IDisposable
{
    private const string Public = "198.51.100.8";
    private const int Balancer = 7;
    private readonly SoftGateLab _lab = new();
    private readonly List<IDisposable> _open = [];
    private long _revision = 1;

    public BalancerLabTests() => _lab.Batch('v', "addr add 10.0.0.11/24 dev eth0");

    public void Dispose()
    {
        _open.ForEach(static o => o.Dispose());
        _lab.Dispose();
    }

    [Theory]
    [InlineData(SoftGateHealthCheck.Tcp)]
    [InlineData(SoftGateHealthCheck.Http)]
    public async Task A_back_end_that_dies_gets_no_connections_until_it_returns_and_the_others_keep_theirs(SoftGateHealthCheck check)
    {
        using var first = new Backend(_lab, "10.0.0.10");
        var second = new Backend(_lab, "10.0.0.11");
        Want(b => b with { HealthCheck = check, HealthPath = "/live?x=1", HealthInterval = 1 }, new(IpAddr.Parse("10.0.0.10"), 8080), new(IpAddr.Parse("10.0.0.11"), 8080));
        await _lab.StartAgentAsync();
        await Shell.Eventually(() => second.Probes > 2 && first.Probes > 2, "both are probed", detail: Detail);
        Assert.Equal("10.0.0.1", first.Prober);
        if (check == SoftGateHealthCheck.Http)
        {
            Assert.StartsWith("GET /live?x=1 HTTP/1.1\r\nHost: 10.0.0.10:8080\r\n", first.Request, StringComparison.Ordinal);
        }

        var kept = await KeepAsync("10.0.0.10");
        second.Dispose();
        await Shell.Eventually(() => Unwell() == "10.0.0.11", "it is found", detail: Detail);
        Assert.All(await NamesAsync(30), static name => Assert.Equal("10.0.0.10", name));
        Assert.Equal("10.0.0.10", await AskAsync(kept));

        using var back = new Backend(_lab, "10.0.0.11");
        await Shell.Eventually(() => Unwell().Length == 0, "it is back", detail: Detail);
        Assert.Contains("10.0.0.11", await NamesAsync(30));
        Assert.Equal("10.0.0.10", await AskAsync(kept));
    }

    [Fact]
    public async Task An_answer_of_an_error_is_none()
    {
        using var first = new Backend(_lab, "10.0.0.10");
        using var second = new Backend(_lab, "10.0.0.11") { Status = "503 Service Unavailable" };
        Want(b => b with { HealthCheck = SoftGateHealthCheck.Http, HealthInterval = 1 }, new(IpAddr.Parse("10.0.0.10"), 8080), new(IpAddr.Parse("10.0.0.11"), 8080));
        await _lab.StartAgentAsync();
        await Shell.Eventually(() => Unwell() == "10.0.0.11", "it is found", detail: Detail);
        second.Status = "302 Found";
        await Shell.Eventually(() => Unwell().Length == 0, "it is well", detail: Detail);

        // What an agent before has found holds on until it is found otherwise.
        second.Status = "404 Not Found";
        await Shell.Eventually(() => Unwell() == "10.0.0.11", "it is found again", detail: Detail);
        _lab.StopAgent("KILL");
        await _lab.StartAgentAsync();
        Assert.Equal("10.0.0.11", Unwell());
        Assert.All(await NamesAsync(20), static name => Assert.Equal("10.0.0.10", name));
    }

    [Fact]
    public async Task Who_drains_or_is_removed_keeps_connections_or_breaks_no_others()
    {
        using var first = new Backend(_lab, "10.0.0.10");
        using var second = new Backend(_lab, "10.0.0.11");
        var (one, two) = (new SoftGateBackend(IpAddr.Parse("10.0.0.10"), 8080), new SoftGateBackend(IpAddr.Parse("10.0.0.11"), 8080));
        Want(static b => b, one, two);
        await _lab.StartAgentAsync();
        await Shell.Eventually(() => _lab.TryIn('v', "ping", "-c1", "-W1", SoftGateLab.Internet).Code == 0, "ping", detail: Detail);
        var (kept, drained) = (await KeepAsync("10.0.0.10"), await KeepAsync("10.0.0.11"));

        await ChangeAsync(static b => b, one, two with { Weight = 0 });
        Assert.All(await NamesAsync(30), static name => Assert.Equal("10.0.0.10", name));
        Assert.Equal("10.0.0.11", await AskAsync(drained));
        Assert.Equal("10.0.0.10", await AskAsync(kept));

        await ChangeAsync(static b => b, one);
        Assert.All(await NamesAsync(10), static name => Assert.Equal("10.0.0.10", name));
        Assert.Equal("10.0.0.10", await AskAsync(kept));

        await ChangeAsync(static b => b, one, two);
        Assert.Contains("10.0.0.11", await NamesAsync(30));
        Assert.Equal("10.0.0.10", await AskAsync(kept));
    }

    [Fact]
    public async Task With_least_connections_new_ones_go_where_fewer_are()
    {
        using var first = new Backend(_lab, "10.0.0.10");
        using var second = new Backend(_lab, "10.0.0.11");
        var (one, two) = (new SoftGateBackend(IpAddr.Parse("10.0.0.10"), 8080), new SoftGateBackend(IpAddr.Parse("10.0.0.11"), 8080));
        Want(static b => b with { Balancing = SoftGateBalancing.LeastConnections }, one);
        await _lab.StartAgentAsync();
        await Shell.Eventually(() => _lab.TryIn('v', "ping", "-c1", "-W1", SoftGateLab.Internet).Code == 0, "ping", detail: Detail);
        for (var i = 0; i < 40; i++)
        {
            await KeepAsync("10.0.0.10");
        }

        await ChangeAsync(static b => b with { Balancing = SoftGateBalancing.LeastConnections }, one, two);

        // The share of the new one rises from half, a second after the other, to far more.
        var share = 0.0;
        for (var i = 0; i < 20 && share < 0.8; i++)
        {
            var names = await NamesAsync(10);
            share = names.Count(static n => n == "10.0.0.11") / (double)names.Count;
        }

        Assert.InRange(share, 0.8, 1);
    }

    private void Want(Func<SoftGateBalancer, SoftGateBalancer> change, params SoftGateBackend[] backends)
    {
        var state = SoftGateLab.State(_revision++);
        _lab.WriteState(state with
        {
            Balancers =
            [
                change(new()
                {
                    Uid = Balancer, Vpc = 1, Address = IpAddr.Parse(Public), Protocol = 6, Ports = new(80, 80), Backends = [.. backends],
                }),
            ],
        });
    }

    private async Task ChangeAsync(Func<SoftGateBalancer, SoftGateBalancer> change, params SoftGateBackend[] backends)
    {
        var revision = _revision;
        Want(change, backends);
        await Shell.Eventually(() => (long)_lab.Status()["revision"]! == revision, $"revision {revision}", detail: Detail);
    }

    private string Unwell() => string.Join(' ', _lab.Status()["unwellBackends"]!.AsArray().Select(static b => (string)b!["address"]!));

    private string Detail() => _lab.Log + _lab.Status();

    /// <summary>Names of the back ends that so many connections come to.</summary>
    private async Task<List<string>> NamesAsync(int count)
    {
        var names = new List<string>();
        for (var i = 0; i < count; i++)
        {
            using var socket = Connect();
            names.Add(await AskAsync(socket));
        }

        return names;
    }

    /// <summary>A connection to one of the back ends that stays open.</summary>
    private async Task<Socket> KeepAsync(string name)
    {
        for (var i = 0; i < 100; i++)
        {
            var socket = Connect();
            if (await AskAsync(socket) == name)
            {
                _open.Add(socket);
                return socket;
            }

            socket.Dispose();
        }

        throw new InvalidOperationException($"no connection comes to {name}");
    }

    private Socket Connect() => Netns.In(_lab.Ns('i'), () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.True(socket.ConnectAsync(IPAddress.Parse(Public), 80).Wait(10_000), $"no connection\n{Detail()}");
        return socket;
    });

    private static async Task<string> AskAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await socket.SendAsync("?\n"u8.ToArray(), patience.Token);
        var answer = new byte[64];
        var length = await socket.ReceiveAsync(answer, patience.Token);
        return Encoding.ASCII.GetString(answer, 0, length);
    }

    /// <summary>A server of the VPC: tells clients its name, answers HTTP, counts who looks whether it is there. When disposed, it is not.</summary>
    private sealed class Backend : IDisposable
    {
        private readonly Socket _listener;
        private readonly string _name;
        private readonly ConcurrentBag<Socket> _sockets = [];

        internal Backend(SoftGateLab lab, string address)
        {
            _name = address;
            _listener = Netns.In(lab.Ns('v'), () =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 8080));
                socket.Listen(64);
                return socket;
            });
            _ = AcceptAsync();
        }

        internal int Probes { get; private set; }

        internal string? Prober { get; private set; }

        internal string Request { get; private set; } = "";

        internal string Status { get; set; } = "200 OK";

        public void Dispose()
        {
            _listener.Dispose();
            foreach (var socket in _sockets)
            {
                socket.Dispose();
            }
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                try
                {
                    var socket = await _listener.AcceptAsync();
                    _sockets.Add(socket);
                    var from = ((IPEndPoint)socket.RemoteEndPoint!).Address.ToString();
                    if (from != SoftGateLab.Internet)
                    {
                        (Probes, Prober) = (Probes + 1, from);
                    }

                    _ = ServeAsync(socket);
                }
                catch (SocketException)
                {
                    continue; // A connection that was reset before it was taken.
                }
                catch (ObjectDisposedException)
                {
                    return;
                }
            }
        }

        private async Task ServeAsync(Socket socket)
        {
            var buffer = new byte[4096];
            try
            {
                while (await socket.ReceiveAsync(buffer) is > 0 and var length)
                {
                    var text = Encoding.ASCII.GetString(buffer, 0, length);
                    if (text.StartsWith("GET", StringComparison.Ordinal))
                    {
                        Request = text;
                        await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {Status}\r\nContent-Length: 0\r\n\r\n"));
                    }
                    else
                    {
                        await socket.SendAsync(Encoding.ASCII.GetBytes(_name));
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The client has gone, or the server.
            }
        }
    }
}
