using System.Net;
using System.Net.Sockets;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Host;

/// <summary>
/// Has the kernel look for the neighbours of hops: the data path can only ask for what the kernel knows. Sends nothing while nothing is missed.
/// Belongs to the agent's loop.
/// </summary>
internal sealed class HopKeeper(DataPathObject path) : IDisposable
{
    private const int MostAtATime = 1024;
    private const int Discard = 9; // RFC 863

    private readonly BpfMap<uint, Hop> _hops = path.Map<uint, Hop>("hops");
    private readonly PerCpuMap<ulong> _counters = path.PerCpu<ulong>("counters");
    private readonly Socket?[] _sockets = new Socket?[2];
    private ulong _missed = ulong.MaxValue;

    /// <summary>Looks whether packets have found no neighbour, and asks for all hops if so. To be called about each second.</summary>
    internal void Tick()
    {
        var missed = _counters.Get((uint)Counter.NoAdjacency).Aggregate(0UL, (sum, n) => sum + n);
        if (missed == _missed)
        {
            return;
        }

        _missed = missed;
        foreach (var (_, hop) in _hops.ToList().Where(h => h.Value.Kind is (uint)HopKind.Vtep or (uint)HopKind.Gateway).Take(MostAtATime))
        {
            Ask(hop.Address.ToIpAddr(), hop.Ifindex);
        }
    }

    /// <summary>Has the kernel look for the neighbour on the way to an address: an empty datagram that goes no further than that.</summary>
    internal void Ask(IpAddr address, uint ifindex = 0)
    {
        try
        {
            var socket = _sockets[address.IsV4 ? 0 : 1] ??=
                new Socket(address.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, Ttl = 1 };
            var to = address.ToIPAddress();
            if (address.IsV6 && address.IsLinkLocal)
            {
                to.ScopeId = ifindex;
            }

            socket.SendTo([], SocketFlags.None, new IPEndPoint(to, Discard));
        }
        catch (SocketException)
        {
            // No route, or what an earlier one was answered with.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket?.Dispose();
        }
    }
}
