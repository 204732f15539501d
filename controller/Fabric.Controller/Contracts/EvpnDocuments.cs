using System.Collections.Immutable;

namespace Fabric.Controller.Contracts;

/// <summary>A page of EVPN routes.</summary>
public sealed record EvpnRouteList
{
    /// <summary>The routes, by site, type, route distinguisher and key.</summary>
    public required ImmutableArray<EvpnRouteDocument> Items { get; init; }

    /// <summary>Pass it as <c>cursor</c> to get the next page; absent on the last one.</summary>
    public string? Next { get; init; }
}

/// <summary>An EVPN route as the spines tell it, once for all of them. Members that its type does not have are absent.</summary>
public sealed record EvpnRouteDocument
{
    /// <summary>The site whose fabric has it.</summary>
    public required string Site { get; init; }

    /// <summary>Route type: 2 (MAC and IP), 3 (flooding), 5 (prefix), or another.</summary>
    public required int Type { get; init; }

    /// <summary>The key in FRR's notation, without the route distinguisher.</summary>
    public required string Nlri { get; init; }

    /// <summary>Route distinguisher.</summary>
    public string? Rd { get; init; }

    /// <summary>The VPC that the VNI belongs to.</summary>
    public string? Vpc { get; init; }

    /// <summary>The V-Net that the VNI belongs to.</summary>
    public string? Vnet { get; init; }

    /// <summary>VNI of the V-Net; the L3VNI of a type-5 route.</summary>
    public long? Vni { get; init; }

    /// <summary>L3VNI of a type-2 or type-5 route.</summary>
    public long? L3Vni { get; init; }

    /// <summary>MAC address of a type-2 route.</summary>
    public string? Mac { get; init; }

    /// <summary>IP address of a type-2 route, originator of a type-3 route.</summary>
    public string? Ip { get; init; }

    /// <summary>Prefix of a type-5 route.</summary>
    public string? Prefix { get; init; }

    /// <summary>Next hop: the VTEP that has the MAC, or routes the prefix.</summary>
    public string? Vtep { get; init; }

    /// <summary>The device with that VTEP.</summary>
    public string? Device { get; init; }

    /// <summary>Route targets.</summary>
    public required ImmutableArray<string> RouteTargets { get; init; }

    /// <summary>MAC of the VTEP's router.</summary>
    public string? RouterMac { get; init; }

    /// <summary>Sequence number of MAC mobility; absent without that community.</summary>
    public long? MobilitySequence { get; init; }

    /// <summary>Whether the MAC must not move.</summary>
    public required bool Sticky { get; init; }

    /// <summary>Whether the route is a gateway's.</summary>
    public required bool DefaultGateway { get; init; }

    /// <summary>AS path.</summary>
    public required string AsPath { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Which spines have it.</summary>
    public required ImmutableArray<EvpnPathDocument> Paths { get; init; }
}

/// <summary>What one spine says about a route, or that it was injected here.</summary>
/// <param name="Peer">The spine's address; absent for an injected route.</param>
/// <param name="Device">The spine.</param>
/// <param name="NextHop">The VTEP.</param>
/// <param name="AsPath">AS path.</param>
/// <param name="ReceivedAt">When it came.</param>
/// <param name="Preferred">Whether the route's own members are this spine's.</param>
public sealed record EvpnPathDocument(string? Peer, string? Device, string? NextHop, string AsPath, DateTimeOffset ReceivedAt, bool Preferred);

/// <summary>The controller's BGP sessions.</summary>
/// <param name="Items">The sessions, by site and address.</param>
public sealed record BgpSessionList(ImmutableArray<BgpSessionDocument> Items);

/// <summary>A BGP session of the controller.</summary>
public sealed record BgpSessionDocument
{
    /// <summary>The peer's address.</summary>
    public required string Address { get; init; }

    /// <summary>The device it is.</summary>
    public string? Device { get; init; }

    /// <summary>The site of the device.</summary>
    public required string Site { get; init; }

    /// <summary>The peer's AS.</summary>
    public required long RemoteAsn { get; init; }

    /// <summary>State (RFC 4271 section 8.2.2), such as <c>Established</c>.</summary>
    public required string State { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>EVPN routes held from the peer.</summary>
    public required int Routes { get; init; }

    /// <summary>Whether the peer has sent all its routes at least once in this session.</summary>
    public required bool Complete { get; init; }

    /// <summary>How often the session was established.</summary>
    public required long Established { get; init; }

    /// <summary>Malformed UPDATE messages received.</summary>
    public required long MalformedUpdates { get; init; }

    /// <summary>Why the last session or attempt ended.</summary>
    public string? LastError { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }
}
