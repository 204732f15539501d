using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fabric.Bgp.Benchmarks.Wire;

namespace Fabric.Bgp.Benchmarks.Load;

/// <summary>A BGP session with the reflector: what is to be sent, as octets, and what comes, counted.</summary>
public sealed class Session : IDisposable
{
    private const int ReceiveBuffer = 4 << 20;
    private const int SmallReceiveBuffer = 64 << 10;
    private const int MostPerTurn = 1 << 20;

    private readonly Socket _socket;
    private readonly Epoll _epoll;
    private readonly int _number;
    private readonly Queue<ReadOnlyMemory<byte>> _waiting = [];
    private readonly byte[] _rest = new byte[MessageWriter.MaxLength];
    private ReadOnlyMemory<byte> _sending;
    private int _restLength;
    private bool _opened;
    private bool _reading = true;
    private uint _interest = Epoll.Readable;

    /// <summary>Connects and says OPEN.</summary>
    /// <param name="number">A number of its own; 0 is the sender's.</param>
    /// <param name="local">Where to connect from.</param>
    /// <param name="reflector">Where to.</param>
    /// <param name="epoll">Who tells when it is ready.</param>
    /// <param name="options">What kind of client it is.</param>
    public Session(int number, IPAddress local, IPEndPoint reflector, Epoll epoll, SessionOptions options)
    {
        _number = number;
        _epoll = epoll;
        Checker = options.Checker;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            _socket.ReceiveBufferSize = options.SmallBuffer ? SmallReceiveBuffer : ReceiveBuffer;
            _socket.Bind(new IPEndPoint(local, 0));
            _socket.Connect(reflector);
            _socket.Blocking = false;
            _epoll.Watch(_socket, number, _interest);
            Send(MessageWriter.Open(Identifier(number), options.Membership is not null));
            Membership = options.Membership is null ? default : MessageWriter.Membership(options.Membership, Identifier(number));
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new BenchmarkException($"client {number} cannot connect to {reflector}: {e.SocketErrorCode}");
        }
    }

    /// <summary>Whether both sides have said KEEPALIVE.</summary>
    public bool Established { get; private set; }

    /// <summary>What has come, or nothing when nobody looks.</summary>
    public RouteChecker? Checker { get; }

    /// <summary>Whether everything has been handed to the kernel.</summary>
    public bool Idle => _sending.IsEmpty && _waiting.Count == 0;

    private ReadOnlyMemory<byte> Membership { get; }

    /// <summary>The BGP identifier of a session.</summary>
    public static uint Identifier(int number) => 0x0A010001 + (uint)number;

    /// <summary>Sends as much as the socket takes, the rest later.</summary>
    public void Send(ReadOnlyMemory<byte> octets)
    {
        _waiting.Enqueue(octets);
        Write();
    }

    /// <summary>Tells the other side that this one lives.</summary>
    public void KeepAlive()
    {
        // Whoever is busy sending proves it by that.
        if (Established && Idle)
        {
            Send(MessageWriter.Keepalive());
        }
    }

    /// <summary>Stops reading, or starts again.</summary>
    public void Read(bool on)
    {
        _reading = on;
        Watch();
    }

    /// <summary>Writes what waits.</summary>
    public void Write()
    {
        for (var budget = MostPerTurn; budget > 0;)
        {
            if (_sending.IsEmpty && !_waiting.TryDequeue(out _sending))
            {
                break;
            }

            var sent = _socket.Send(_sending.Span[..Math.Min(_sending.Length, budget)], SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                break;
            }

            Check(error);
            _sending = _sending[sent..];
            budget -= sent;
        }

        Watch();
    }

    /// <summary>Reads what has come.</summary>
    /// <param name="scratch">A large buffer that all sessions share.</param>
    public void Receive(Span<byte> scratch)
    {
        _rest.AsSpan(0, _restLength).CopyTo(scratch);
        var received = _socket.Receive(scratch[_restLength..], SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return;
        }

        Check(error);
        if (received == 0)
        {
            throw new BenchmarkException($"the reflector has closed the session of client {_number}");
        }

        ReadOnlySpan<byte> buffer = scratch[..(_restLength + received)];
        while (true)
        {
            if (!Framing.TryRead(buffer, out var type, out var body, out var length))
            {
                throw new BenchmarkException($"client {_number} was sent something that is no BGP message");
            }

            if (type == MessageType.None)
            {
                break;
            }

            Take(type, body);
            buffer = buffer[length..];
        }

        buffer.CopyTo(_rest);
        _restLength = buffer.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Take(MessageType type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case MessageType.Update:
                Checker?.Update(body);
                break;
            case MessageType.Open:
                _opened = true;
                Send(MessageWriter.Keepalive());
                break;
            case MessageType.Keepalive when _opened && !Established:
                Established = true;
                if (!Membership.IsEmpty)
                {
                    Send(Membership);
                }

                break;
            case MessageType.Notification:
                var code = body.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(body) : 0;
                throw new BenchmarkException($"client {_number} was sent NOTIFICATION {code >> 8}/{code & 255} {Convert.ToHexStringLower(body[Math.Min(2, body.Length)..])}");
        }
    }

    private void Watch()
    {
        var interest = (_reading ? Epoll.Readable : 0) | (Idle ? 0 : Epoll.Writable);
        if (interest != _interest)
        {
            _interest = interest;
            _epoll.Change(_socket, _number, interest);
        }
    }

    private void Check(SocketError error)
    {
        if (error != SocketError.Success)
        {
            throw new BenchmarkException($"the session of client {_number} broke: {error}");
        }
    }
}
