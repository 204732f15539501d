namespace Fabric.SoftGate.Layout;

/// <summary><c>enum port_role</c>.</summary>
internal enum PortRole : uint
{

    /// <summary>Not ours: everything passes to the kernel.</summary>
    None = 0,

    /// <summary>VXLAN towards the fabric.</summary>
    Underlay = 1,

    /// <summary>Towards upstream routers: realm 0.</summary>
    Public = 2,

    /// <summary>Plain frames of one V-Net.</summary>
    Vnet = 3,

    /// <summary>Health checks from the probe namespace.</summary>
    Probe = 4,
}

/// <summary><c>enum vpc_flag</c>.</summary>
[Flags]
internal enum VpcFlags : uint
{
    None = 0,

    /// <summary>Only known addresses may send.</summary>
    AntiSpoof = 1 << 0,

    /// <summary>`services` has entries in this realm.</summary>
    HasServices = 1 << 1,

    /// <summary>IPv4 without a NAT rule may leave for the public realm as it is.</summary>
    RoutedPublic4 = 1 << 2,

    /// <summary>The same for IPv6.</summary>
    RoutedPublic6 = 1 << 3,
    Present = 1 << 4,

    /// <summary>The partner's while both nodes are well.</summary>
    Partners = 1 << 5,
}

/// <summary><c>enum vnet_kind</c>.</summary>
internal enum VNetKind : ushort
{

    /// <summary>An L2VNI whose gateway is here.</summary>
    L2 = 1,

    /// <summary>The L3VNI of a VPC.</summary>
    L3 = 2,
}

/// <summary><c>enum vnet_flag</c>.</summary>
[Flags]
internal enum VNetFlags : ushort
{
    None = 0,

    /// <summary>Nothing passes yet: no set of rules is in force.</summary>
    Blocked = 1 << 0,
}

/// <summary><c>enum gateway_flag</c>.</summary>
[Flags]
internal enum GatewayFlags : uint
{
    None = 0,

    /// <summary>A balancer's: what is not ping is looked up among services.</summary>
    Service = 1 << 0,
}

/// <summary><c>enum route_flag</c>.</summary>
[Flags]
internal enum RouteFlags : ushort
{
    None = 0,

    /// <summary>Prefix of a V-Net: hosts without an entry are to be resolved.</summary>
    Connected = 1 << 0,

    /// <summary>Host that the orchestrator knows: may send where VPC_ANTI_SPOOF is set.</summary>
    Known = 1 << 1,

    /// <summary>Host that may send, but whose place is not known yet: as without an entry.</summary>
    NoPath = 1 << 2,

    /// <summary>Leaves the VPC for the public realm, where the destination is looked up again.</summary>
    Public = 1 << 3,

    /// <summary>Answered with "unreachable".</summary>
    Reject = 1 << 4,

    /// <summary>Of the public realm: routed as it is (or by a prefix of `snat_sources`) into the VPC `hop`.</summary>
    IntoVpc = 1 << 5,
}

/// <summary><c>enum hop_kind</c>.</summary>
internal enum HopKind : uint
{

    /// <summary>VXLAN to `address`.</summary>
    Vtep = 1,

    /// <summary>Plain, through the router `address` on `ifindex`.</summary>
    Gateway = 2,

    /// <summary>Plain, to the packet's own destination on `ifindex`.</summary>
    Link = 3,
}

/// <summary><c>enum public_flag</c>.</summary>
[Flags]
internal enum PublicFlags : uint
{
    None = 0,

    /// <summary>One to one with `inside`.</summary>
    Static = 1 << 0,

    /// <summary>Routed into `realm` as it is.</summary>
    Routed = 1 << 1,

    /// <summary>Used by source NAT.</summary>
    Pool = 1 << 2,
}

/// <summary><c>enum service_kind</c>.</summary>
internal enum ServiceKind : uint
{
    Forward = 1,
    Balancer = 2,
}

/// <summary><c>enum balancer_flag</c>.</summary>
[Flags]
internal enum BalancerFlags : uint
{
    None = 0,

    /// <summary>Hash over the source address only.</summary>
    SourceAffinity = 1 << 0,

    /// <summary>The back end sees the gateway's address.</summary>
    SourceNat = 1 << 1,
}

/// <summary><c>enum snat_flag</c>.</summary>
[Flags]
internal enum SnatFlags : uint
{
    None = 0,

    /// <summary>NPTv6, stateless.</summary>
    Prefix = 1 << 0,
}

/// <summary><c>enum session_flag</c>.</summary>
[Flags]
internal enum SessionFlags : ushort
{
    None = 0,

    /// <summary>The direction that opened it; the other entry is the way back.</summary>
    Forward = 1 << 0,

    /// <summary>An address or port changes.</summary>
    Translated = 1 << 1,

    /// <summary>Seen in this direction.</summary>
    Syn = 1 << 2,
    Fin = 1 << 3,
    Rst = 1 << 4,

    /// <summary>Both have answered.</summary>
    Established = 1 << 5,

    /// <summary>Holds a port of a block.</summary>
    Snat = 1 << 6,

    /// <summary>`backend` counts it.</summary>
    Balanced = 1 << 7,

    /// <summary>Came from the partner, and no packet of it here yet.</summary>
    Synced = 1 << 8,

    /// <summary>Health check.</summary>
    Probe = 1 << 9,
}

/// <summary><c>enum take_result</c>.</summary>
internal enum TakeResult : uint
{
    Added = 0,

    /// <summary>Was there.</summary>
    Merged = 1,

    /// <summary>Its ports are those of another session here.</summary>
    Refused = 2,
    Full = 3,
    Forgotten = 4,

    /// <summary>Nothing to forget.</summary>
    Unknown = 5,
}

/// <summary><c>enum event_kind</c>.</summary>
internal enum EventKind : uint
{
    SessionOpen = 1,

    /// <summary>Established, closing.</summary>
    SessionChange = 2,
    SessionClose = 3,

    /// <summary>Attribution: who has which ports of which public address from now on.</summary>
    BlockGiven = 4,
    BlockReturned = 5,

    /// <summary>A host of a connected prefix without an entry.</summary>
    Resolve = 6,

    /// <summary>ARP or ND to a gateway: the frame, cut to 128 octets.</summary>
    Neighbor = 7,
    FlowLog = 8,
}

/// <summary><c>enum counter</c>.</summary>
internal enum Counter : uint
{
    Forwarded = 0,
    PassedToKernel = 1,
    Malformed = 2,
    UnknownVni = 3,

    /// <summary>VXLAN frame to another MAC.</summary>
    NotForUs = 4,

    /// <summary>ARP, ND, echo to a gateway.</summary>
    Answered = 5,
    NoRoute = 6,

    /// <summary>Host not known yet.</summary>
    Unresolved = 7,
    NoAdjacency = 8,
    TtlExceeded = 9,
    TooBig = 10,
    Denied = 11,

    /// <summary>V-Net without rules yet.</summary>
    Blocked = 12,
    Spoofed = 13,

    /// <summary>Not the first packet of anything, and no session.</summary>
    NoSession = 14,
    SessionQuota = 15,
    SessionTableFull = 16,
    NoNatPort = 17,

    /// <summary>May not leave untranslated.</summary>
    NoTranslation = 18,
    NoBackend = 19,

    /// <summary>Later fragment before its first.</summary>
    FragmentEarly = 20,
    FragmentOverlap = 21,
    FragmentTableFull = 22,
    Metered = 23,
    EventsLost = 24,
    Unsupported = 25,

    /// <summary>ARP or ND that is for the agent only.</summary>
    Told = 26,
    Count = 27,
}
