using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>A peer made of nothing but the codec and a socket: says anything, well-formed or not, and keeps what it is told.</summary>
internal sealed class InjectorPeer : IDisposable
{
    private readonly Socket _socket = new(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Ttl = 255 };
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(BgpMessageType Type, byte[] Body)> _received = [];
    private SessionContext _context = Samples.External;
    private volatile bool _ended;

    /// <summary>Whether the other side has closed the connection.</summary>
    public bool Ended => _ended;

    /// <summary>The NOTIFICATION that the other side has sent; null without.</summary>
    public NotificationMessage? Notification
    {
        get
        {
            var body = _received.FirstOrDefault(static m => m.Type == BgpMessageType.Notification).Body;
            if (body is null)
            {
                return null;
            }

            NotificationMessage.TryDecode(body, out var notification);
            return notification;
        }
    }

    /// <summary>What the other side has announced and withdrawn, in order.</summary>
    public ImmutableArray<UpdateMessage> Updates => [.. _received.Where(static m => m.Type == BgpMessageType.Update).Select(m => UpdateMessage.Decode(m.Body, _context))];

    public static Task<InjectorPeer> ConnectAsync(string local, uint asn, IpAddr remote, ushort port) =>
        ConnectAsync(local, asn, remote, port, Samples.External);

    /// <param name="local">Own address.</param>
    /// <param name="asn">Own AS.</param>
    /// <param name="remote">The other side.</param>
    /// <param name="port">Its port.</param>
    /// <param name="context">Families to offer, and how messages are encoded.</param>
    /// <param name="extendedNextHops">Whether IPv6 next hops of IPv4 routes are understood (RFC 8950).</param>
    public static async Task<InjectorPeer> ConnectAsync(
        string local, uint asn, IpAddr remote, ushort port, SessionContext context, bool extendedNextHops = true)
    {
        var peer = new InjectorPeer { _context = context };
        peer._socket.Bind(new IPEndPoint(IPAddress.Parse(local), 0));
        await peer._socket.ConnectAsync(new IPEndPoint(remote.ToIPAddress(), port));
        var open = new PeerFsmConfig
        {
            LocalAsn = new Asn(asn),
            RouterId = IpAddr.V4(0x0ac8_0000u | IpAddr.Parse(local).ToIPAddress().GetAddressBytes()[3]),
            RemoteAsn = new Asn(1),
            Families = context.Families,
            HoldTime = TimeSpan.Zero,
            ExtendedMessage = false,
        }.Open();
        peer.Send(Samples.Encode(new OpenMessage
        {
            MyAs = open.MyAs,
            HoldTime = open.HoldTime,
            Identifier = open.Identifier,
            Capabilities = [.. open.Capabilities.Where(c => extendedNextHops || c.Code != Capability.ExtendedNextHopCode)],
        }));
        peer.Send(Samples.Keepalive());

        // Hold time 0: nothing more has to be sent for the session to live.
        _ = Task.Run(peer.ReadAsync);
        return peer;
    }

    public void Send(UpdateMessage update)
    {
        var bytes = Samples.Encode(update, _context);
        Assert.InRange(bytes.Length, 0, BgpFrame.MaxLength);
        Send(bytes);
    }

    /// <summary>An UPDATE with any body.</summary>
    public void SendUpdate(byte[] body) => Send([.. Enumerable.Repeat((byte)0xff, 16), (byte)((body.Length + BgpFrame.HeaderLength) >> 8), (byte)(body.Length + BgpFrame.HeaderLength), 2, .. body]);

    public void Send(byte[] octets) => _socket.Send(octets);

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 20];
        var filled = 0;
        try
        {
            while (await _socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, _stop.Token) is > 0 and var count)
            {
                filled += count;
                var start = 0;
                while (BgpFrame.Read(buffer.AsSpan(start, filled - start), BgpFrame.MaxLength, out var type, out var length, out _) == FrameStatus.Complete)
                {
                    _received.Enqueue((type, buffer[(start + BgpFrame.HeaderLength)..(start + length)]));
                    start += length;
                }

                buffer.AsSpan(start, filled - start).CopyTo(buffer);
                filled -= start;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The end, too.
        }

        _ended = true;
    }
}
