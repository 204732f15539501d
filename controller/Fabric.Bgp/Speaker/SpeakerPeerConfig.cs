using System.Collections.Immutable;
using Fabric.Bgp.Policy;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>A peer the speaker connects to.</summary>
public sealed record SpeakerPeerConfig
{
    /// <summary>The peer's address, which names it within the speaker; unspecified for whoever is found on <see cref="Interface"/>.</summary>
    public IpAddr Address { get; init; }

    /// <summary>TCP port.</summary>
    public ushort Port { get; init; } = 179;

    /// <summary>The AS the peer must be in; null takes any (dynamic peers).</summary>
    public Asn? RemoteAsn { get; init; }

    /// <summary>Source address of the connection; null leaves it to the routing table.</summary>
    public IpAddr? LocalAddress { get; init; }

    /// <summary>The interface a link-local peer is on; null for all others.</summary>
    public string? Interface { get; init; }

    /// <summary>Proposed hold time: 0 (no timers) or 3..65535 s, whole seconds.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect, before jitter.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>TTL or hop limit of what is sent, 1..255; 1 reaches only a neighbour on the link.</summary>
    public byte Ttl { get; init; } = 255;

    /// <summary>Families to offer.</summary>
    public ImmutableArray<AddressFamily> Families { get; init; } = [AddressFamily.L2VpnEvpn];

    /// <summary>Wait for the peer to connect, never connect.</summary>
    public bool Passive { get; init; }

    /// <summary>GTSM: packets that arrive with a TTL or hop limit below this are not the peer's (RFC 5082); null takes any.</summary>
    public byte? MinTtl { get; init; }

    /// <summary>TCP-MD5 key (RFC 2385), 1..80 octets; null for none. Never printed.</summary>
    public TcpMd5Key? Md5Key { get; init; }

    /// <summary>What the session is for; see <see cref="PeerRole"/>.</summary>
    public PeerRole Role { get; init; }

    /// <summary>What passes from the peer; null: everything from internal peers, nothing from external ones (RFC 8212) unless <see cref="OpenWithoutPolicy"/>.</summary>
    public RoutePolicy? Import { get; init; }

    /// <summary>What passes to the peer; null as with <see cref="Import"/>.</summary>
    public RoutePolicy? Export { get; init; }

    /// <summary>Whether an external session without policy passes everything all the same.</summary>
    public bool OpenWithoutPolicy { get; init; }

    /// <summary>Whether the peer is sent only routes that were injected here: a VTEP or a stub is no transit between its peers.</summary>
    public bool OwnRoutesOnly { get; init; }

    /// <summary>Routes of one family the peer may send before the session ends with Cease/Maximum Prefixes; null for no limit.</summary>
    public int? MaxPrefixes { get; init; }

    /// <summary>Percent of <see cref="MaxPrefixes"/> at which a warning is given, 1..100.</summary>
    public int MaxPrefixesWarning { get; init; } = 75;

    /// <summary>Families for which several paths of a route are sent to a peer that takes them (RFC 7911).</summary>
    public ImmutableArray<AddressFamily> AddPath { get; init; } = [];

    /// <summary>Own graceful restart time offered to the peer (RFC 4724); null offers none of our routes to be kept.</summary>
    public TimeSpan? GracefulRestart { get; init; }

    /// <summary>How long a send may be stuck before the session ends (RFC 9687); null takes the greater of 8 minutes and twice the hold time.</summary>
    public TimeSpan? SendHold { get; init; }

    /// <summary>A name for people, e.g. the device's; changing it does not touch the session.</summary>
    public string? Description { get; init; }

    /// <summary>Whether the peer is whoever is at the other end of <see cref="Interface"/>.</summary>
    public bool IsUnnumbered => Interface is not null && Address.IsUnspecified;

    /// <summary>The peer for people: its address, or its interface.</summary>
    public string Name => IsUnnumbered ? Interface! : Address.ToString();

    /// <summary>Whether the session can stay when the configuration changes from one to the other.</summary>
    public bool SameSession(SpeakerPeerConfig? other) =>
        other is not null
        && (Address, Port, RemoteAsn, LocalAddress, HoldTime, ConnectRetry, Ttl)
            == (other.Address, other.Port, other.RemoteAsn, other.LocalAddress, other.HoldTime, other.ConnectRetry, other.Ttl)
        && (Passive, MinTtl, Md5Key, Role, GracefulRestart, Interface) == (other.Passive, other.MinTtl, other.Md5Key, other.Role, other.GracefulRestart, other.Interface)
        && Families.SequenceEqual(other.Families)
        && AddPath.SequenceEqual(other.AddPath);

    /// <inheritdoc/>
    public bool Equals(SpeakerPeerConfig? other) =>
        SameSession(other)
        && (Description, Import, Export, OpenWithoutPolicy, OwnRoutesOnly, MaxPrefixes, MaxPrefixesWarning, SendHold)
            == (other!.Description, other.Import, other.Export, other.OpenWithoutPolicy, other.OwnRoutesOnly, other.MaxPrefixes, other.MaxPrefixesWarning, other.SendHold);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Port, RemoteAsn);

    /// <summary>Refuses what cannot work, with the reason.</summary>
    internal void Validate()
    {
        if (HoldTime.Ticks % TimeSpan.TicksPerSecond != 0 || HoldTime.TotalSeconds is not (0 or (>= 3 and <= 65535)))
        {
            throw new ArgumentException($"peer {Name}: hold time must be 0 or 3..65535 whole seconds, got {HoldTime}");
        }

        if (ConnectRetry < TimeSpan.FromMilliseconds(100) || ConnectRetry > TimeSpan.FromHours(1))
        {
            throw new ArgumentException($"peer {Name}: connect retry must be 0.1 s to 1 h, got {ConnectRetry}");
        }

        if (Address.IsUnspecified && Interface is null)
        {
            throw new ArgumentException("a peer needs an address or an interface");
        }

        if (Families.IsDefaultOrEmpty)
        {
            throw new ArgumentException($"peer {Name}: at least one address family is needed");
        }

        if (Ttl == 0 || Port == 0)
        {
            throw new ArgumentException($"peer {Name}: TTL and port must not be 0");
        }

        if (LocalAddress is { } local && !IsUnnumbered && local.Family != Address.Family)
        {
            throw new ArgumentException($"peer {Name}: local address {local} is of the other IP version");
        }
    }
}
