using System.Collections.Immutable;
using System.Globalization;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>What one peer, or this speaker, says about a route.</summary>
/// <param name="Peer">The peer's address; null for what was injected here.</param>
/// <param name="NextHop">The VTEP.</param>
/// <param name="AsPath">AS path as FRR writes it.</param>
/// <param name="ReceivedAt">When this version of the route came.</param>
/// <param name="Preferred">Whether the fields of <see cref="EvpnRouteView"/> are this peer's.</param>
public sealed record EvpnPathView(IpAddr? Peer, IpAddr? NextHop, string AsPath, DateTimeOffset ReceivedAt, bool Preferred);

/// <summary>An EVPN route as known now, once for all peers that sent it. Fields that a route type does not have are null.</summary>
public sealed record EvpnRouteView
{
    /// <summary>Route type, 1..11.</summary>
    public required byte Type { get; init; }

    /// <summary>The key in FRR's notation, without the RD; e.g. [2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.1.11].</summary>
    public required string Nlri { get; init; }

    /// <summary>Route distinguisher; null for a type that is not decoded.</summary>
    public RouteDistinguisher? Rd { get; init; }

    /// <summary>Ethernet tag.</summary>
    public uint? EthernetTag { get; init; }

    /// <summary>MAC of a type-2 route.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>IP of a type-2 route, originating router of a type-3 route.</summary>
    public IpAddr? Ip { get; init; }

    /// <summary>Prefix of a type-5 route.</summary>
    public IpPrefix? Prefix { get; init; }

    /// <summary>Ethernet segment, when it is not zero.</summary>
    public EthernetSegmentId? Esi { get; init; }

    /// <summary>The VNI of the route: L2VNI of types 2 and 3 (of the PMSI tunnel), L3VNI of type 5.</summary>
    public Vni? Vni { get; init; }

    /// <summary>L3VNI of type 2 (second label) and of type 5.</summary>
    public Vni? L3Vni { get; init; }

    /// <summary>Gateway address of a type-5 route, when there is one.</summary>
    public IpAddr? GatewayIp { get; init; }

    /// <summary>Next hop: the VTEP.</summary>
    public IpAddr? NextHop { get; init; }

    /// <summary>Route targets.</summary>
    public ImmutableArray<RouteTarget> RouteTargets { get; init; } = [];

    /// <summary>All extended communities as text.</summary>
    public ImmutableArray<string> ExtendedCommunities { get; init; } = [];

    /// <summary>The router's MAC.</summary>
    public MacAddress? RouterMac { get; init; }

    /// <summary>Sequence number of MAC mobility; null without that community.</summary>
    public uint? MobilitySequence { get; init; }

    /// <summary>Whether the MAC must not move.</summary>
    public bool Sticky { get; init; }

    /// <summary>Whether the route is a gateway's.</summary>
    public bool DefaultGateway { get; init; }

    /// <summary>AS path as FRR writes it.</summary>
    public required string AsPath { get; init; }

    /// <summary>When the preferred path came.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Every peer that has the route, by address.</summary>
    public required ImmutableArray<EvpnPathView> Paths { get; init; }

    /// <summary>The order of listings: type, RD, key.</summary>
    internal static readonly Comparison<EvpnRouteView> ListOrder = static (a, b) =>
    {
        var order = a.Type.CompareTo(b.Type);
        order = order != 0 ? order : Nullable.Compare(a.Rd, b.Rd);
        order = order != 0 ? order : Nullable.Compare(a.EthernetTag, b.EthernetTag);
        order = order != 0 ? order : Nullable.Compare(a.Mac, b.Mac);
        order = order != 0 ? order : Nullable.Compare(a.Ip, b.Ip);
        order = order != 0 ? order : Nullable.Compare(a.Prefix, b.Prefix);
        return order != 0 ? order : string.CompareOrdinal(a.Nlri, b.Nlri);
    };

    internal static string TextOf(MacIpKey key) => key.Ip is { } ip
        ? string.Create(CultureInfo.InvariantCulture, $"[2]:[{key.Tag}]:[48]:[{key.Mac}]:[{ip.BitLength}]:[{ip}]")
        : string.Create(CultureInfo.InvariantCulture, $"[2]:[{key.Tag}]:[48]:[{key.Mac}]");

    internal static string TextOf(MulticastKey key) =>
        string.Create(CultureInfo.InvariantCulture, $"[3]:[{key.Tag}]:[{key.Originator.BitLength}]:[{key.Originator}]");

    internal static string TextOf(PrefixKey key) =>
        string.Create(CultureInfo.InvariantCulture, $"[5]:[{key.Tag}]:[{key.Prefix.Length}]:[{key.Prefix.Address}]");

    internal static string TextOf(OpaqueRoute key) => string.Create(CultureInfo.InvariantCulture, $"[{key.Type}]:0x{key.Value}");
}
