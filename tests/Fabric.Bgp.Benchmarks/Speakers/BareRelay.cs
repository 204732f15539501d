using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Benchmarks.Load;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Speakers;

/// <summary>
/// Copies what the sender sends to everybody else, on one thread, and looks at nothing: no reflector can be faster with the same
/// sockets, kernel and load. A process of its own, as reflectors are.
/// </summary>
public sealed class BareRelay : IDisposable
{
    /// <summary>The argument that makes this program a relay; behind it the addresses of relay and sender.</summary>
    public const string Word = "relay";

    private const int Listener = 0;
    private readonly Epoll _epoll = new();
    private readonly IPAddress _sender;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(512 << 10, pinned: true);

    // By number in the readiness list; null when it has closed. The first listens.
    private readonly List<Socket?> _sockets = [];

    private BareRelay(IPAddress relay, IPAddress sender)
    {
        _sender = sender;
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(relay, LoopbackNet.Port));
        listener.Listen(2000);
        Enter(listener);
    }

    /// <summary>Relays until the process is ended.</summary>
    public static void Run(IPAddress relay, IPAddress sender)
    {
        using var it = new BareRelay(relay, sender);
        while (true)
        {
            var ready = it._epoll.Wait(-1);
            for (var i = 0; i < ready; i++)
            {
                it.Serve(it._epoll.Ready(i).Number);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sockets.ForEach(static s => s?.Dispose());
        _epoll.Dispose();
    }

    private void Enter(Socket socket)
    {
        _sockets.Add(socket);
        _epoll.Watch(socket, _sockets.Count - 1, Epoll.Readable);
    }

    private void Serve(int number)
    {
        if (_sockets[number] is not { } socket)
        {
            return;
        }

        if (number == Listener)
        {
            var caller = socket.Accept();
            caller.NoDelay = true;
            Enter(caller);
            return;
        }

        var received = socket.Receive(_buffer, SocketFlags.None, out var error);
        if (error != SocketError.Success || received == 0)
        {
            _sockets[number] = null;
            socket.Dispose();
            return;
        }

        // A session begins with an OPEN of its own, and the sender's next word is a KEEPALIVE; all that follows is routes.
        var octets = _buffer.AsSpan(0, received);
        while (Framing.TryRead(octets, out var type, out _, out var length) && type is MessageType.Open or MessageType.Keepalive)
        {
            if (type == MessageType.Open)
            {
                socket.Send([.. MessageWriter.Open(Speaker.ClusterId, routeTargets: false), .. MessageWriter.Keepalive()]);
            }

            octets = octets[length..];
        }

        if (!octets.IsEmpty && ((IPEndPoint)socket.RemoteEndPoint!).Address.Equals(_sender))
        {
            for (var other = Listener + 1; other < _sockets.Count; other++)
            {
                if (other != number)
                {
                    _sockets[other]?.Send(octets);
                }
            }
        }
    }
}
