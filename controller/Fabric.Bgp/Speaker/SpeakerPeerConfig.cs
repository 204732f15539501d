using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>A peer the speaker connects to.</summary>
public sealed record SpeakerPeerConfig
{
    /// <summary>The peer's address; it names the peer within the speaker.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>TCP port.</summary>
    public ushort Port { get; init; } = 179;

    /// <summary>The AS the peer must be in.</summary>
    public required Asn RemoteAsn { get; init; }

    /// <summary>Source address of the connection; null leaves it to the routing table.</summary>
    public IpAddr? LocalAddress { get; init; }

    /// <summary>Proposed hold time: 0 (no timers) or 3..65535 s, whole seconds.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect, before jitter.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>TTL or hop limit of what is sent, 1..255; 1 reaches only a neighbour on the link.</summary>
    public byte Ttl { get; init; } = 255;

    /// <summary>Families to offer.</summary>
    public ImmutableArray<AddressFamily> Families { get; init; } = [AddressFamily.L2VpnEvpn];

    /// <summary>A name for people, e.g. the device's; changing it does not touch the session.</summary>
    public string? Description { get; init; }

    /// <summary>Whether the session can stay when the configuration changes from one to the other.</summary>
    public bool SameSession(SpeakerPeerConfig? other) =>
        other is not null
        && (Address, Port, RemoteAsn, LocalAddress, HoldTime, ConnectRetry, Ttl)
            == (other.Address, other.Port, other.RemoteAsn, other.LocalAddress, other.HoldTime, other.ConnectRetry, other.Ttl)
        && Families.SequenceEqual(other.Families);

    /// <inheritdoc/>
    public bool Equals(SpeakerPeerConfig? other) => SameSession(other) && Description == other!.Description;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Port, RemoteAsn);

    /// <summary>Refuses what cannot work, with the reason.</summary>
    internal void Validate()
    {
        if (HoldTime.Ticks % TimeSpan.TicksPerSecond != 0 || HoldTime.TotalSeconds is not (0 or (>= 3 and <= 65535)))
        {
            throw new ArgumentException($"peer {Address}: hold time must be 0 or 3..65535 whole seconds, got {HoldTime}");
        }

        if (ConnectRetry < TimeSpan.FromMilliseconds(100) || ConnectRetry > TimeSpan.FromHours(1))
        {
            throw new ArgumentException($"peer {Address}: connect retry must be 0.1 s to 1 h, got {ConnectRetry}");
        }

        if (Families.IsDefaultOrEmpty)
        {
            throw new ArgumentException($"peer {Address}: at least one address family is needed");
        }

        if (Ttl == 0 || Port == 0)
        {
            throw new ArgumentException($"peer {Address}: TTL and port must not be 0");
        }

        if (LocalAddress is { } local && local.Family != Address.Family)
        {
            throw new ArgumentException($"peer {Address}: local address {local} is of the other IP version");
        }
    }
}
