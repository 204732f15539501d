using Fabric.Bgp;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Speaker;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>How sessions run: what a group, a neighbor and the top level of the configuration can all say.</summary>
public sealed record SessionSettings
{
    /// <summary>What the session is for.</summary>
    public PeerRole Role { get; init; } = PeerRole.ReflectorClient;

    /// <summary>The AS the peer must be in; null: the own one for reflector clients, any other for route server clients, any for the rest.</summary>
    public RemoteAs? RemoteAsn { get; init; }

    /// <summary>Families to offer, at least one.</summary>
    public ValueList<AddressFamily> Families { get; init; } = FamilyName.All;

    /// <summary>Proposed hold time: 0 (no timers) or 3..65535 whole seconds.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect, 1..3600 whole seconds.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a send may be stuck before the session ends (RFC 9687), 1..65535 whole seconds; null: the greater of 8 minutes and twice the hold time.</summary>
    public TimeSpan? SendHold { get; init; }

    /// <summary>Own restart time offered (RFC 4724), 1..4095 whole seconds; null: none.</summary>
    public TimeSpan? GracefulRestart { get; init; }

    /// <summary>TTL or hop limit of what is sent, 1..255.</summary>
    public byte Ttl { get; init; } = 255;

    /// <summary>GTSM (RFC 5082): least TTL or hop limit of what is received, 1..255; null: any.</summary>
    public byte? MinTtl { get; init; }

    /// <summary>The file that <see cref="Md5Key"/> was read from; null: no TCP-MD5.</summary>
    public string? Md5KeyFile { get; init; }

    /// <summary>The key in that file. Never printed.</summary>
    public TcpMd5Key? Md5Key { get; init; }

    /// <summary>Own address that external peers get as next hop of IPv4 routes; null: the session's.</summary>
    public IpAddr? NextHopV4 { get; init; }

    /// <summary>Own address that external peers get as next hop of IPv6 routes; null: the session's.</summary>
    public IpAddr? NextHopV6 { get; init; }

    /// <summary>Most routes a peer may send in one family; null: no limit.</summary>
    public int? MaxPrefixes { get; init; }

    /// <summary>Percent of <see cref="MaxPrefixes"/> at which a warning is given, 1..100.</summary>
    public int MaxPrefixesWarning { get; init; } = 75;

    /// <summary>Families of which several paths of a route are sent (RFC 7911), out of <see cref="Families"/>.</summary>
    public ValueList<AddressFamily> AddPath { get; init; } = [];

    /// <summary>What passes from peers; null: everything from internal ones, nothing from external ones (RFC 8212).</summary>
    public StatementPolicy? Import { get; init; }

    /// <summary>What passes to peers; null as with <see cref="Import"/>.</summary>
    public StatementPolicy? Export { get; init; }

    /// <summary>Whether an external session without policy passes everything all the same.</summary>
    public bool OpenWithoutPolicy { get; init; }
}
