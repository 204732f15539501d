using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Threading.Channels;
using Fabric.Primitives;

namespace Fabric.Bgp.Transport.Unnumbered;

/// <summary>
/// Finds the neighbour of an unnumbered link and lets itself be found: sends router advertisements on an interface and hears
/// the neighbour's. FRR and others begin an unnumbered session only with an address they learned so.
/// </summary>
/// <remarks>
/// Advertises every 10 s (less or more by a tenth), three times in the first seconds, and when solicited or when the neighbour is
/// new, at least 1 s apart; lifetime 30 s, and 0 when disposed, as FRR does. Hears only what has hop limit 255, and so was not forwarded
/// (RFC 4861 section 6.1.2): the kernel drops the rest. An interface that goes away is waited for.
/// </remarks>
public sealed class UnnumberedInterface : IAsyncDisposable
{
    private const byte ProposedHopLimit = 64;
    private static readonly TimeSpan Lifetime = 3 * AdvertisementSchedule.Interval;
    private static readonly IPAddress AllNodes = IPAddress.Parse("ff02::1");
    private static readonly IPAddress AllRouters = IPAddress.Parse("ff02::2");
    private static readonly byte[] Solicitation = [RouterAdvertisement.SolicitationType, 0, 0, 0, 0, 0, 0, 0];

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<IpAddr?> _changes =
        Channel.CreateBounded<IpAddr?>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });

    private readonly byte[] _buffer = new byte[1500];
    private readonly Task _running;
    private Link? _link;
    private AdvertisementSchedule _schedule;
    private NeighborTracker _neighbor;
    private bool _disposed;

    /// <summary>Begins to advertise and to listen.</summary>
    /// <param name="name">The interface.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BgpTransportException">There is no such interface, or raw sockets are not allowed.</exception>
    public UnnumberedInterface(string name, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        Name = name;
        _time = time;
        _start = time.GetTimestamp();
        _link = Link.Open(name);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The interface.</summary>
    public string Name { get; }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>
    /// The neighbour's link-local address whenever it is another one, null when it is gone. Begins with the first neighbour. Who
    /// reads slowly gets the last state only. For one reader.
    /// </summary>
    public IAsyncEnumerable<IpAddr?> NeighborsAsync(CancellationToken cancellationToken = default) => _changes.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Says good-bye to the neighbour and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        Task<SocketReceiveFromResult>? receiving = null;
        Send(Solicitation, AllRouters);
        while (!_stop.IsCancellationRequested)
        {
            if (_schedule.Next <= Now)
            {
                Advertise();
            }

            if (_link is { } link)
            {
                receiving ??= link.Socket.ReceiveFromAsync(_buffer, SocketFlags.None, new IPEndPoint(IPAddress.IPv6Any, 0));
            }

            await WaitAsync(receiving).ConfigureAwait(false);
            if (receiving is { IsCompleted: true })
            {
                Received(receiving);
                receiving = null;
            }

            Changed(_neighbor.Expire(Now));
        }

        Send(Advertisement(TimeSpan.Zero), AllNodes);
        _link?.Socket.Dispose();
        if (receiving is not null)
        {
            await ((Task)receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _changes.Writer.TryComplete();
    }

    /// <summary>Waits for a message, or until something is due.</summary>
    private async Task WaitAsync(Task? receiving)
    {
        var due = _neighbor.Current is not null && _neighbor.Expires < _schedule.Next ? _neighbor.Expires : _schedule.Next;
        var rest = due - Now;
        if (rest <= TimeSpan.Zero)
        {
            return;
        }

        using var done = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var delay = Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(rest.TotalMilliseconds)), _time, done.Token);
        await (receiving is null ? delay : Task.WhenAny(receiving, delay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await done.CancelAsync().ConfigureAwait(false);
    }

    private void Received(Task<SocketReceiveFromResult> receiving)
    {
        if (!receiving.IsCompletedSuccessfully)
        {
            _ = receiving.Exception;
            Reopen();
            return;
        }

        var result = receiving.Result;
        var from = ((IPEndPoint)result.RemoteEndPoint).Address;
        var message = _buffer.AsSpan(0, result.ReceivedBytes);
        if (message is [RouterAdvertisement.SolicitationType, 0, ..])
        {
            _schedule.Wanted(Now);
        }
        else if (from.IsIPv6LinkLocal && RouterAdvertisement.TryParse(message, out var advertisement, out _))
        {
            Changed(_neighbor.Heard(IpAddr.From(from), TimeSpan.FromSeconds(advertisement.LifetimeSeconds), Now));
        }
    }

    private void Changed(bool changed)
    {
        if (!changed)
        {
            return;
        }

        _changes.Writer.TryWrite(_neighbor.Current);
        if (_neighbor.Current is not null)
        {
            // It may have come up after our last one.
            _schedule.Wanted(Now);
        }
    }

    private void Advertise()
    {
        if (_link is not null && Send(Advertisement(Lifetime), AllNodes))
        {
            _schedule.Sent(Now, Random.Shared.NextDouble());
            return;
        }

        // No address yet, the link is down, or the interface is gone.
        _schedule.Failed(Now);
        Reopen();
    }

    private byte[] Advertisement(TimeSpan lifetime)
    {
        var message = new byte[RouterAdvertisement.MaxEncodedLength];
        var advertisement = new RouterAdvertisement { HopLimit = ProposedHopLimit, LifetimeSeconds = (ushort)lifetime.TotalSeconds, SourceMac = _link?.Mac };
        return message[..advertisement.Encode(message)];
    }

    private bool Send(byte[] message, IPAddress group)
    {
        if (_link is not { } link)
        {
            return false;
        }

        try
        {
            link.Socket.SendTo(message, new IPEndPoint(new IPAddress(group.GetAddressBytes(), link.Index), 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>After a failure: whether it is still the same interface, and the new one if not.</summary>
    private void Reopen()
    {
        try
        {
            if (_link?.Index == LinuxSocket.InterfaceIndex(Name))
            {
                return;
            }

            Close();
            _link = Link.Open(Name);
            Send(Solicitation, AllRouters);
            _schedule.Wanted(Now);
        }
        catch (Exception e) when (e is BgpTransportException or SocketException)
        {
            Close();
        }

        void Close()
        {
            _link?.Socket.Dispose();
            _link = null;
            Changed(_neighbor.Clear());
        }
    }

    /// <summary>An interface that is there, with the socket on it.</summary>
    private sealed record Link(Socket Socket, uint Index, MacAddress? Mac)
    {
        public static Link Open(string name)
        {
            var index = LinuxSocket.InterfaceIndex(name);
            var physical = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == name)?.GetPhysicalAddress().GetAddressBytes();
            return new(OpenSocket(name, index), index, physical is { Length: 6 } ? MacAddress.FromBytes(physical) : null);
        }

        private static Socket OpenSocket(string name, uint index)
        {
            Socket socket;
            try
            {
                socket = new Socket(System.Net.Sockets.AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
            {
                throw new BgpTransportException(
                    BgpTransportProblem.RawSocketsNotAllowed, "unnumbered peering sends router advertisements: run with CAP_NET_RAW, or give the peer an address", e);
            }

            try
            {
                RouterMessageFilter.Attach(socket);
                LinuxSocket.BindToInterface(socket, name);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, RouterAdvertisement.RequiredHopLimit);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, (int)index);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, false);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(AllRouters, index));

                // What came before filter and interface were set.
                var discarded = new byte[1];
                while (socket.Poll(0, SelectMode.SelectRead))
                {
                    socket.Receive(discarded);
                }

                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
