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

    /// <summary>The AS the peer must be in.</summary>
    public required RemoteAs RemoteAsn { get; init; }

    /// <summary>Families to offer.</summary>
    public required ImmutableArray<AddressFamily> Families { get; init; }

    /// <summary>Proposed hold time: 0 (no timers) or 3 s and more, whole seconds.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect, before jitter.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait for the peer to connect, never connect.</summary>
    public bool Passive { get; init; }

    /// <summary>Families of which several paths of a route are taken (RFC 7911).</summary>
    public ImmutableArray<AddressFamily> AddPathReceive { get; init; } = [];

    /// <summary>Families of which several paths of a route are sent (RFC 7911).</summary>
    public ImmutableArray<AddressFamily> AddPathSend { get; init; } = [];

    /// <summary>Offer messages of up to 65535 octets (RFC 8654).</summary>
    public bool ExtendedMessage { get; init; } = true;

    /// <summary>How long the peer may keep our routes without a session, 0 to 4095 s (RFC 4724); null asks it to keep none. The peer's are kept as it offers.</summary>
    public TimeSpan? GracefulRestart { get; init; }

    /// <summary>This is the first session after a restart of the speaker (the R bit of RFC 4724).</summary>
    public bool Restarting { get; init; }

    /// <summary>Longest time stale routes stay after the peer is back but has not said End-of-RIB (RFC 4724 section 4.2).</summary>
    public TimeSpan StalePathTime { get; init; } = TimeSpan.FromSeconds(360);

    /// <summary>Longest time a route refresh of the peer may take from BoRR to EoRR before what it has not repeated goes (RFC 7313 section 4.2).</summary>
    public TimeSpan RefreshTime { get; init; } = TimeSpan.FromSeconds(360);

    /// <summary>The OPEN to send.</summary>
    public OpenMessage Open()
    {
        var addPath = Families
            .Select(f => new AddPathOffer(
                f,
                (AddPathReceive.Contains(f) ? AddPathDirections.Receive : AddPathDirections.None) | (AddPathSend.Contains(f) ? AddPathDirections.Send : AddPathDirections.None)))
            .Where(static o => o.Directions != AddPathDirections.None)
            .ToArray();

        // Forwarding is the business of others (kernel, switches): it goes on while this speaker restarts, hence always F.
        var restart = new GracefulRestartOffer
        {
            Restarting = Restarting,
            Notification = true,
            RestartTime = GracefulRestart ?? TimeSpan.Zero,
            Families = GracefulRestart is null ? [] : [.. Families.Select(static f => new GracefulRestartFamily(f, ForwardingPreserved: true))],
        };
        return new()
        {
            MyAs = LocalAsn.Value > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)LocalAsn.Value,
            HoldTime = (ushort)HoldTime.TotalSeconds,
            Identifier = RouterId,
            Capabilities =
            [
                .. Families.Select(Capability.Multiprotocol),
                Capability.RouteRefresh,
                Capability.EnhancedRouteRefresh,
                Capability.GracefulRestart(restart),
                Capability.FourOctetAs(LocalAsn),
                .. ExtendedMessage ? [Capability.ExtendedMessage] : Array.Empty<Capability>(),
                .. ExtendedNextHops.IsEmpty ? [] : new[] { Capability.ExtendedNextHops(ExtendedNextHops) },
                .. addPath.Length == 0 ? [] : new[] { Capability.AddPath(addPath) },
            ],
        };
    }

    /// <summary>IPv6 next hops of IPv4 routes are understood wherever IPv4 routes are (RFC 8950).</summary>
    internal ImmutableArray<ExtendedNextHop> ExtendedNextHops => Families.Contains(AddressFamily.Ipv4Unicast) ? [ExtendedNextHop.Ipv4OverIpv6] : [];
}
