using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>A peer made of nothing but the codec and a socket, to put routes into a real daemon.</summary>
internal sealed class InjectorPeer : IDisposable
{
    private readonly Socket _socket = new(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Ttl = 255 };
    private readonly CancellationTokenSource _stop = new();
    private Task _reader = Task.CompletedTask;

    public static async Task<InjectorPeer> ConnectAsync(string local, uint asn, IpAddr remote, ushort port)
    {
        var peer = new InjectorPeer();
        peer._socket.Bind(new IPEndPoint(IPAddress.Parse(local), 0));
        await peer._socket.ConnectAsync(new IPEndPoint(remote.ToIPAddress(), port));
        var open = new PeerFsmConfig
        {
            LocalAsn = new Asn(asn),
            RouterId = IpAddr.Parse("10.200.0.1"),
            RemoteAsn = new Asn(1),
            Families = [AddressFamily.L2VpnEvpn],
            HoldTime = TimeSpan.Zero,
        }.Open();
        peer._socket.Send(Samples.Encode(open));
        peer._socket.Send(Samples.Keepalive());

        // Hold time 0: nothing more has to be sent for the session to live; what comes is read and dropped.
        peer._reader = Task.Run(async () =>
        {
            var buffer = new byte[65536];
            while (await peer._socket.ReceiveAsync(buffer, SocketFlags.None, peer._stop.Token) > 0)
            {
            }
        });
        return peer;
    }

    public void Send(UpdateMessage update)
    {
        var bytes = Samples.Encode(update);
        Assert.InRange(bytes.Length, 0, BgpFrame.MaxLength);
        _socket.Send(bytes);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
        _stop.Dispose();
    }
}
