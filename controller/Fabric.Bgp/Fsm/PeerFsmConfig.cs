using System.Collections.Immutable;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Fsm;

/// <summary>What the state machine must know of a peer.</summary>
public sealed record PeerFsmConfig
{
    /// <summary>Own AS.</summary>
    public required Asn LocalAsn { get; init; }

    /// <summary>Own BGP identifier, an IPv4 address.</summary>
    public required IpAddr RouterId { get; init; }

    /// <summary>The AS the peer must be in; null takes any.</summary>
    public required Asn? RemoteAsn { get; init; }

    /// <summary>Families to offer.</summary>
    public required ImmutableArray<AddressFamily> Families { get; init; }

    /// <summary>Proposed hold time: 0 (no timers) or 3 s and more, whole seconds.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect, before jitter.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait for the peer to connect, never connect.</summary>
    public bool Passive { get; init; }

    /// <summary>The OPEN to send.</summary>
    public OpenMessage Open() => new()
    {
        MyAs = LocalAsn.Value > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)LocalAsn.Value,
        HoldTime = (ushort)HoldTime.TotalSeconds,
        Identifier = RouterId,
        Capabilities =
        [
            .. Families.Select(Capability.Multiprotocol),
            Capability.RouteRefresh,
            Capability.GracefulRestartHelper,
            Capability.FourOctetAs(LocalAsn),
        ],
    };
}
