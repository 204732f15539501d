using System.Net;
using System.Net.Sockets;
using Fabric.Controller.Tests.Support;

namespace Fabric.Controller.Tests.RouteReflector;

/// <summary>The reflector as a process, with a peer that is a socket of this test.</summary>
public sealed class ReflectorProcessTests
{
    private const byte Open = 1;
    private const byte Notification = 3;
    private const byte Keepalive = 4;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Termination_ends_sessions_with_administrative_shutdown_and_exit_code_0()
    {
        using var directory = new TemporaryDirectory();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var fabricd = FabricdProcess.Launch("route-reflector", "--config", await FileAsync(directory, listener));
        Assert.Equal("fabricd route-reflector ready 10.0.0.1 AS 65000", await fabricd.FirstLineAsync());

        using var peer = await listener.AcceptTcpClientAsync().WaitAsync(Deadline);
        await EstablishAsync(peer.GetStream());
        await fabricd.SignalAsync("TERM");
        Assert.Equal([6, 2], (await NextAsync(peer.GetStream(), Notification))[..2]);
        var (code, errors) = await fabricd.ExitAsync();
        Assert.Equal(0, code);
        Assert.Contains("\"event\":\"session-up\",\"peer\":\"127.0.0.1\"", errors, StringComparison.Ordinal);
        Assert.Contains("\"event\":\"shutdown\"", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hangup_loads_the_file_again_and_a_broken_file_changes_nothing()
    {
        using var directory = new TemporaryDirectory();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var file = await FileAsync(directory, listener);
        await using var fabricd = FabricdProcess.Launch("route-reflector", "--config", file);
        await fabricd.FirstLineAsync();
        using var peer = await listener.AcceptTcpClientAsync().WaitAsync(Deadline);
        await EstablishAsync(peer.GetStream());

        var good = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, "hold-time: 1\n" + good);
        await fabricd.SignalAsync("HUP");

        // Signals are taken in order, so once the second has had its effect the first one is dealt with.
        await fabricd.ErrorAsync("the configuration stays as it was");
        await File.WriteAllTextAsync(file, "hold-time: 30\n" + good);
        await fabricd.SignalAsync("HUP");
        Assert.Equal([6, 6], (await NextAsync(peer.GetStream(), Notification))[..2]);
        var (code, errors) = await fabricd.TerminateAsync();
        Assert.Equal(0, code);
        Assert.Contains("hold-time: give 0 (no timers) or 3..65535 seconds", errors, StringComparison.Ordinal);
        Assert.Contains("the configuration is in force", errors, StringComparison.Ordinal);
    }

    private static async Task<string> FileAsync(TemporaryDirectory directory, TcpListener listener)
    {
        var file = Path.Combine(directory.Path, "c.yaml");
        await File.WriteAllTextAsync(file, $"""
            asn: 65000
            router-id: 10.0.0.1
            neighbors:
              - address: 127.0.0.1
                port: {((IPEndPoint)listener.LocalEndpoint).Port}
            """);
        return file;
    }

    private static async Task EstablishAsync(NetworkStream stream)
    {
        await NextAsync(stream, Open);
        await stream.WriteAsync(Message(Open, [4, 0xfd, 0xe8, 0, 90, 10, 0, 0, 2, 0]));
        await stream.WriteAsync(Message(Keepalive, []));

        // The second KEEPALIVE can only come from an established session.
        await NextAsync(stream, Keepalive);
        await NextAsync(stream, Keepalive);
    }

    private static byte[] Message(byte type, byte[] body) => [.. Enumerable.Repeat((byte)0xff, 16), 0, (byte)(19 + body.Length), type, .. body];

    /// <summary>The body of the next message of a type; others before it are passed over.</summary>
    private static async Task<byte[]> NextAsync(NetworkStream stream, byte type)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            var header = new byte[19];
            await stream.ReadExactlyAsync(header, deadline.Token);
            var body = new byte[(header[16] << 8) + header[17] - header.Length];
            await stream.ReadExactlyAsync(body, deadline.Token);
            if (header[18] == type)
            {
                return body;
            }
        }
    }
}
