using System.Net.Sockets;
using System.Text;
using Fabric.SoftGate.Host;

namespace Fabric.SoftGate.Tests.Host;

/// <summary>What the service manager hears.</summary>
public sealed class ServiceManagerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_told_that_the_process_is_ready_and_alive(bool isAbstract)
    {
        var folder = Directory.CreateTempSubdirectory("softgate-notify-").FullName;
        var path = Path.Combine(folder, "s");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
        socket.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path : path));
        using (var manager = new ServiceManager(name => name switch
        {
            "NOTIFY_SOCKET" => isAbstract ? "@" + path : path,
            "WATCHDOG_USEC" => "30000000",
            _ => null,
        }))
        {
            Assert.Equal(TimeSpan.FromSeconds(15), manager.WatchdogPeriod);
            manager.Ready("forwards");
            Assert.Equal("READY=1\nSTATUS=forwards", Receive());
            manager.Alive();
            Assert.Equal("WATCHDOG=1", Receive());
        }

        Directory.Delete(folder, recursive: true);

        string Receive()
        {
            var buffer = new byte[256];
            return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
        }
    }

    [Fact]
    public void Without_one_nothing_happens()
    {
        using var manager = new ServiceManager(_ => null);
        manager.Ready("forwards");
        Assert.Null(manager.WatchdogPeriod);
    }
}
