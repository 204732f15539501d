using System.Collections.Immutable;

namespace Fabric.Controller.Contracts;

/// <summary>BGP neighbors.</summary>
/// <param name="Items">The neighbors, by site and address.</param>
public sealed record BgpNeighborList(ImmutableArray<BgpNeighborDocument> Items);

/// <summary>A BGP neighbor and its session.</summary>
public sealed record BgpNeighborDocument
{
    /// <summary>The site of the speaker; absent where there are no sites.</summary>
    public string? Site { get; init; }

    /// <summary>Its address.</summary>
    public required string Address { get; init; }

    /// <summary>A name for people.</summary>
    public string? Description { get; init; }

    /// <summary>The AS it must be in; absent when any will do.</summary>
    public long? RemoteAsn { get; init; }

    /// <summary>What the session is for: <c>ordinary</c>, <c>reflectorClient</c>, <c>routeServerClient</c> or <c>observed</c>.</summary>
    public required string Role { get; init; }

    /// <summary>State (RFC 4271 section 8.2.2), such as <c>Established</c>.</summary>
    public required string State { get; init; }

    /// <summary>Since when it is in this state.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Its BGP identifier, while there is a session.</summary>
    public string? RouterId { get; init; }

    /// <summary>The own end of the connection, while there is a session.</summary>
    public string? LocalEndpoint { get; init; }

    /// <summary>Negotiated hold time in seconds, while there is a session.</summary>
    public int? HoldTime { get; init; }

    /// <summary>Negotiated families.</summary>
    public required ImmutableArray<string> Families { get; init; }

    /// <summary>Routes held from it, by family; families without any are left out.</summary>
    public required ImmutableArray<BgpFamilyCount> Routes { get; init; }

    /// <summary>How often the session was established.</summary>
    public required long Established { get; init; }

    /// <summary>Messages received.</summary>
    public required long MessagesReceived { get; init; }

    /// <summary>UPDATE messages among them.</summary>
    public required long UpdatesReceived { get; init; }

    /// <summary>Malformed ones among these.</summary>
    public required long MalformedUpdates { get; init; }

    /// <summary>Messages sent.</summary>
    public required long MessagesSent { get; init; }

    /// <summary>Why the last session or attempt ended.</summary>
    public string? LastError { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }
}

/// <summary>How many routes of a family there are.</summary>
/// <param name="Family">The family.</param>
/// <param name="Count">How many.</param>
public sealed record BgpFamilyCount(string Family, int Count);

/// <summary>A page of BGP routes, in no particular order.</summary>
public sealed record BgpRouteList
{
    /// <summary>The routes. What is there from the first page to the last is on exactly one of them.</summary>
    public required ImmutableArray<BgpRouteDocument> Items { get; init; }

    /// <summary>Pass it as <c>cursor</c> to get the next page; absent on the last one.</summary>
    public string? Next { get; init; }

    /// <summary>With <c>rib=out</c>: whether the peer has been given everything.</summary>
    public bool? Complete { get; init; }
}

/// <summary>A path of a BGP route. Members that its family or type does not have are absent.</summary>
public sealed record BgpRouteDocument
{
    /// <summary>The family.</summary>
    public required string Family { get; init; }

    /// <summary>The name that tells it from all others of the family: the key, EVPN in FRR's notation behind the route distinguisher.</summary>
    public required string Name { get; init; }

    /// <summary>EVPN route type.</summary>
    public int? Type { get; init; }

    /// <summary>Route distinguisher.</summary>
    public string? Rd { get; init; }

    /// <summary>MAC address of a type-2 route.</summary>
    public string? Mac { get; init; }

    /// <summary>Address of a type-2 route, originator of types 3 and 4.</summary>
    public string? Ip { get; init; }

    /// <summary>The prefix of a unicast or type-5 route.</summary>
    public string? Prefix { get; init; }

    /// <summary>Ethernet segment, when it is not zero.</summary>
    public string? Esi { get; init; }

    /// <summary>First label, or that of the PMSI tunnel, as VNI.</summary>
    public long? Vni { get; init; }

    /// <summary>Second label of a type-2 route as VNI.</summary>
    public long? L3Vni { get; init; }

    /// <summary>Gateway of a type-5 route.</summary>
    public string? GatewayIp { get; init; }

    /// <summary>The peer that it comes from; absent when it was injected here.</summary>
    public string? From { get; init; }

    /// <summary>Path identifier (RFC 7911).</summary>
    public long? PathId { get; init; }

    /// <summary>Whether it is the best path of its route.</summary>
    public required bool Best { get; init; }

    /// <summary>Whether its session has ended and it is kept for a restart.</summary>
    public required bool Stale { get; init; }

    /// <summary><c>accepted</c>, or why it is not used: <c>loop</c>, <c>refusedByPolicy</c>, <c>noPolicy</c> (RFC 8212).</summary>
    public required string Verdict { get; init; }

    /// <summary>With <c>rib=out</c>: true when the peer has not been given it yet.</summary>
    public bool? Pending { get; init; }

    /// <summary>The attributes: as the import policy left them, or with <c>rib=out</c> as the peer gets them.</summary>
    public required BgpAttributes Attributes { get; init; }

    /// <summary>The attributes as they came, where the import policy has changed them.</summary>
    public BgpAttributes? Received { get; init; }

    /// <summary>When this version came.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>Path attributes. What is not there is absent.</summary>
public sealed record BgpAttributes
{
    /// <summary><c>igp</c>, <c>egp</c> or <c>incomplete</c>; igp if absent.</summary>
    public string? Origin { get; init; }

    /// <summary>AS path such as <c>65001 65011 {1,2}</c>, nearest AS first.</summary>
    public string? AsPath { get; init; }

    /// <summary>Next hop; with EVPN the VTEP. To inject: absent for the own address of the session.</summary>
    public string? NextHop { get; init; }

    /// <summary>MULTI_EXIT_DISC.</summary>
    public long? Med { get; init; }

    /// <summary>LOCAL_PREF.</summary>
    public long? LocalPreference { get; init; }

    /// <summary>ATOMIC_AGGREGATE.</summary>
    public bool? AtomicAggregate { get; init; }

    /// <summary>AGGREGATOR.</summary>
    public BgpAggregator? Aggregator { get; init; }

    /// <summary>Communities such as <c>65000:100</c> or <c>no-export</c>.</summary>
    public ImmutableArray<string>? Communities { get; init; }

    /// <summary>Extended communities such as <c>rt:65000:100</c>, <c>encap:vxlan</c>, <c>router-mac:02:00:00:00:00:01</c>, <c>mac-mobility:3 sticky</c>, or 0x and 16 hex digits.</summary>
    public ImmutableArray<string>? ExtendedCommunities { get; init; }

    /// <summary>Large communities such as <c>65000:1:2</c>.</summary>
    public ImmutableArray<string>? LargeCommunities { get; init; }

    /// <summary>ORIGINATOR_ID.</summary>
    public string? OriginatorId { get; init; }

    /// <summary>CLUSTER_LIST.</summary>
    public ImmutableArray<string>? ClusterList { get; init; }

    /// <summary>PMSI_TUNNEL.</summary>
    public BgpTunnel? PmsiTunnel { get; init; }

    /// <summary>Attributes that are not decoded.</summary>
    public ImmutableArray<BgpUnknownAttribute>? Unknown { get; init; }
}

/// <summary>AGGREGATOR.</summary>
/// <param name="Asn">AS of the aggregating speaker.</param>
/// <param name="Identifier">Its identifier.</param>
public sealed record BgpAggregator(long Asn, string Identifier);

/// <summary>PMSI_TUNNEL (RFC 6514 section 5).</summary>
/// <param name="Type">Tunnel type; 6 is ingress replication.</param>
/// <param name="Label">The label; with VXLAN the VNI.</param>
/// <param name="Identifier">Tunnel identifier in hex; with ingress replication the octets of the VTEP's address.</param>
/// <param name="Flags">Flags; 0 if absent.</param>
public sealed record BgpTunnel(int Type, long Label, string Identifier, int Flags = 0);

/// <summary>An attribute that is not decoded.</summary>
/// <param name="Code">Its code.</param>
/// <param name="Flags">Its flags as a number.</param>
/// <param name="Value">Its value in hex.</param>
public sealed record BgpUnknownAttribute(int Code, int Flags, string Value);

/// <summary>Why a route is as it is.</summary>
/// <param name="Family">The family.</param>
/// <param name="Name">Its name.</param>
/// <param name="Paths">All paths: the best first, then the others in the order of preference, then those that are refused.</param>
/// <param name="Peers">Whether each peer is sent it, by address.</param>
public sealed record BgpRouteExplanation(string Family, string Name, ImmutableArray<BgpPathExplanation> Paths, ImmutableArray<BgpPeerExplanation> Peers);

/// <summary>A path, and why it is or is not the best.</summary>
/// <param name="Path">The path.</param>
/// <param name="LostBy">The rule by which the best path beat it; <c>onlyPath</c> when there is no other; absent for the best of several and for refused ones.</param>
/// <param name="Reason">One sentence for people.</param>
public sealed record BgpPathExplanation(BgpRouteDocument Path, string? LostBy, string Reason);

/// <summary>Whether a peer is sent a route.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Verdict"><c>sent</c>, <c>pending</c>, or why not: <c>noSession</c>, <c>notNegotiated</c>, <c>noPath</c>, <c>observedPeer</c>, <c>ownRoute</c>, <c>notWanted</c>, <c>noAdvertise</c>, <c>noExport</c>, <c>notReflected</c>, <c>notOwn</c>, <c>refusedByPolicy</c>, <c>noPolicy</c>, <c>nextHopNotTaken</c>.</param>
/// <param name="Reason">One sentence for people.</param>
/// <param name="Attributes">The attributes it gets.</param>
public sealed record BgpPeerExplanation(string Peer, string Verdict, string Reason, BgpAttributes? Attributes);

/// <summary>What happened to neighbors.</summary>
/// <param name="Items">The events, oldest first.</param>
/// <param name="Last">Number of the newest event there is; pass the sequence of the last item as <c>since</c> to go on.</param>
public sealed record BgpEventList(ImmutableArray<BgpEventDocument> Items, long Last);

/// <summary>Something that happened to a neighbor.</summary>
/// <param name="Sequence">Its number; numbers grow by one while the speaker runs.</param>
/// <param name="Time">When.</param>
/// <param name="Peer">Which neighbor; absent when it is about the speaker.</param>
/// <param name="Kind"><c>sessionUp</c>, <c>sessionDown</c>, <c>problem</c>, <c>malformedUpdate</c>, <c>endOfRib</c> or another.</param>
/// <param name="Text">Text for people.</param>
public sealed record BgpEventDocument(long Sequence, DateTimeOffset Time, string? Peer, string Kind, string Text);

/// <summary>What the linter finds in the EVPN routes.</summary>
/// <param name="Enabled">Whether the speaker looks; a route reflector does with <c>lint</c>.</param>
/// <param name="Items">The findings.</param>
public sealed record BgpFindingList(bool Enabled, ImmutableArray<BgpFindingDocument> Items);

/// <summary>Something that contradicts itself in the EVPN routes.</summary>
/// <param name="Code">What kind, e.g. <c>duplicate-mac</c>.</param>
/// <param name="Severity"><c>error</c> or <c>warning</c>.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Evidence">What the routes say.</param>
/// <param name="FirstSeen">Since when.</param>
public sealed record BgpFindingDocument(string Code, string Severity, string Subject, ImmutableArray<string> Evidence, DateTimeOffset FirstSeen);

/// <summary>A change of a best path, in the stream of changes.</summary>
/// <param name="Withdrawn">Whether there is no path any more that may be used.</param>
/// <param name="Route">The best path now, or the last known.</param>
public sealed record BgpRouteChange(bool Withdrawn, BgpRouteDocument Route);

/// <summary>A request to announce routes and to take them back, all together or none.</summary>
/// <param name="Changes">The changes, 1..10000, carried out in this order.</param>
public sealed record BgpInjectionRequest(ImmutableArray<BgpInjection> Changes);

/// <summary>A route to be announced, or no longer. A route of the list can be sent back as it is, with the members that are named here.</summary>
public sealed record BgpInjection
{
    /// <summary><c>announce</c> or <c>withdraw</c>.</summary>
    public required string Operation { get; init; }

    /// <summary>The family.</summary>
    public required string Family { get; init; }

    /// <summary>The name of the route, as lists give it. This or <see cref="Nlri"/>.</summary>
    public string? Name { get; init; }

    /// <summary>The route as on the wire, in hex, without path identifier.</summary>
    public string? Nlri { get; init; }

    /// <summary>First label of an EVPN route of type 1, 2 or 5.</summary>
    public long? Vni { get; init; }

    /// <summary>Second label of a type-2 route.</summary>
    public long? L3Vni { get; init; }

    /// <summary>Ethernet segment of a route of type 2 or 5; zero if absent.</summary>
    public string? Esi { get; init; }

    /// <summary>Gateway of a type-5 route; none if absent.</summary>
    public string? GatewayIp { get; init; }

    /// <summary>Attributes, to announce.</summary>
    public BgpAttributes? Attributes { get; init; }
}

/// <summary>What was carried out.</summary>
/// <param name="Changes">How many changes.</param>
public sealed record BgpInjectionResponse(int Changes);
