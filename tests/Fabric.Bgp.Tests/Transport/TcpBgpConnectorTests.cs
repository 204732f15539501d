using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Transport;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Transport;

public sealed class TcpBgpConnectorTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Octets_pass_both_ways_from_the_source_address_asked_for(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        var config = new SpeakerPeerConfig
        {
            Address = IpAddr.Parse(address),
            Port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port,
            RemoteAsn = new Asn(65001),
            LocalAddress = IpAddr.Parse(address),
            Ttl = 7,
        };
        using var connection = await new TcpBgpConnector().ConnectAsync(config, CancellationToken.None);
        using var accepted = await listener.AcceptSocketAsync();
        Assert.Equal(accepted.RemoteEndPoint!.ToString(), connection.LocalEndpoint);
        await connection.SendAsync(new byte[] { 1, 2, 3 }, CancellationToken.None);
        var buffer = new byte[10];
        Assert.Equal(3, await accepted.ReceiveAsync(buffer));
        await accepted.SendAsync(new byte[] { 4 });
        Assert.Equal(1, await connection.ReceiveAsync(buffer, CancellationToken.None));
        connection.ShutdownSend();
        Assert.Equal(0, await accepted.ReceiveAsync(buffer));
        accepted.Close();
        Assert.Equal(0, await connection.ReceiveAsync(buffer, CancellationToken.None));
        connection.ShutdownSend();
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_a_readable_failure()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var config = new SpeakerPeerConfig { Address = IpAddr.Parse("127.0.0.1"), Port = port, RemoteAsn = new Asn(1) };
        var e = await Assert.ThrowsAsync<SocketException>(() => new TcpBgpConnector().ConnectAsync(config, CancellationToken.None));
        Assert.Equal("Connection refused", e.Message);
    }
}
