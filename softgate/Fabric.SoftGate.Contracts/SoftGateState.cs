using Fabric.Primitives;

namespace Fabric.SoftGate.Contracts;

/// <summary>
/// All that one SoftGate is told: what it is, whom it talks to and what it does for which VPC. The controller compiles it; the agent keeps
/// the last one on disk and works from it alone. Lists are in the order of their uid unless said otherwise.
/// </summary>
public sealed record SoftGateState
{
    /// <summary>Revision of the intent that it was compiled from.</summary>
    public required long Revision { get; init; }

    /// <summary>The node itself.</summary>
    public required SoftGateNode Node { get; init; }

    /// <summary>The other node of the pair; absent: there is none.</summary>
    public SoftGatePartner? Partner { get; init; }

    /// <summary>The VPCs that the pair serves, those of the partner included: they move here when it fails.</summary>
    public ValueList<SoftGateVpc> Vpcs { get; init; } = [];

    /// <summary>V-Nets whose gateway the pair is.</summary>
    public ValueList<SoftGateVNet> VNets { get; init; } = [];

    /// <summary>Translation rules.</summary>
    public ValueList<SoftGateNat> Nat { get; init; } = [];

    /// <summary>Load balancers.</summary>
    public ValueList<SoftGateBalancer> Balancers { get; init; } = [];

    /// <summary>Access lists, referred to by uid.</summary>
    public ValueList<SoftGateAccessList> AccessLists { get; init; } = [];

    /// <summary>Public addresses with an owner: for their lists and limits, and for those that are routed as they are.</summary>
    public ValueList<SoftGatePublicAddress> PublicAddresses { get; init; } = [];
}

/// <summary>One SoftGate.</summary>
public sealed record SoftGateNode
{
    /// <summary>Name of the Device.</summary>
    public required string Name { get; init; }

    /// <summary>ASN of its EVPN and upstream sessions.</summary>
    public required Asn Asn { get; init; }

    /// <summary>BGP identifier, and source of its EVPN sessions: the loopback.</summary>
    public required IpAddr Loopback { get; init; }

    /// <summary>The device number of route distinguishers.</summary>
    public required ushort DeviceNumber { get; init; }

    /// <summary>The fabric number of route targets.</summary>
    public required ushort FabricNumber { get; init; }

    /// <summary>VTEP address of the VPCs that this node owns; the partner announces it too, with a longer path.</summary>
    public required IpAddr ServiceVtep { get; init; }

    /// <summary>Router MAC of all L3VNIs, the same on both nodes.</summary>
    public required MacAddress RouterMac { get; init; }

    /// <summary>Gateway MAC of all V-Nets, the same on both nodes.</summary>
    public required MacAddress GatewayMac { get; init; }

    /// <summary>Ports to the fabric.</summary>
    public ValueList<string> UnderlayPorts { get; init; } = [];

    /// <summary>MTU of the underlay, octets.</summary>
    public required int UnderlayMtu { get; init; }

    /// <summary>BGP EVPN peers, normally the leaves' or reflectors' loopbacks.</summary>
    public ValueList<SoftGatePeer> EvpnPeers { get; init; } = [];

    /// <summary>Links to upstream routers.</summary>
    public ValueList<SoftGateUpstream> Upstreams { get; init; } = [];
}

/// <summary>A BGP peer.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Asn">Its ASN.</param>
public sealed record SoftGatePeer(IpAddr Address, Asn Asn);

/// <summary>A port towards an upstream router and the BGP session over it.</summary>
public sealed record SoftGateUpstream
{
    /// <summary>Interface name.</summary>
    public required string Port { get; init; }

    /// <summary>802.1Q tag; absent: untagged.</summary>
    public VlanId? Vlan { get; init; }

    /// <summary>Own addresses on the link.</summary>
    public ValueList<IpInterface> Addresses { get; init; } = [];

    /// <summary>Routers there.</summary>
    public ValueList<SoftGatePeer> Peers { get; init; } = [];
}

/// <summary>The other node of a pair.</summary>
public sealed record SoftGatePartner
{
    /// <summary>Uid of its Device: the certificate that it must show is for that.</summary>
    public required int Uid { get; init; }

    /// <summary>Name of its Device.</summary>
    public required string Name { get; init; }

    /// <summary>Its loopback: where sessions are copied to.</summary>
    public required IpAddr Loopback { get; init; }

    /// <summary>Its service VTEP address.</summary>
    public required IpAddr ServiceVtep { get; init; }
}

/// <summary>A VPC.</summary>
public sealed record SoftGateVpc
{
    /// <summary>The controller's number for it.</summary>
    public required int Uid { get; init; }

    /// <summary>Its name, for logs and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>Its L3VNI.</summary>
    public required Vni L3Vni { get; init; }

    /// <summary>Name of the node that owns it while both are well.</summary>
    public required string Owner { get; init; }

    /// <summary>Only addresses that the orchestrator knows may send.</summary>
    public bool AntiSpoof { get; init; }

    /// <summary>Most sessions at a time; absent: no bound but the table's.</summary>
    public int? SessionQuota { get; init; }

    /// <summary>Limit of all that enters and leaves the VPC here, bits a second; absent: none.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>Uid of the list that all of its traffic through the SoftGate meets; absent: none.</summary>
    public int? AccessList { get; init; }

    /// <summary>IPv4 without a NAT rule leaves as it is.</summary>
    public bool RoutedIpv4 { get; init; }

    /// <summary>IPv6 without a NAT rule leaves as it is.</summary>
    public bool RoutedIpv6 { get; init; } = true;

    /// <summary>Static routes of the VPC.</summary>
    public ValueList<SoftGateStaticRoute> StaticRoutes { get; init; } = [];
}

/// <summary>A route that an operator has written.</summary>
/// <param name="Prefix">Destination.</param>
/// <param name="NextHop">Address in the VPC that it goes to.</param>
public sealed record SoftGateStaticRoute(IpPrefix Prefix, IpAddr NextHop);

/// <summary>A V-Net whose gateway the pair is.</summary>
public sealed record SoftGateVNet
{
    /// <summary>The controller's number for it.</summary>
    public required int Uid { get; init; }

    /// <summary>Its name, for logs and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>Uid of its VPC.</summary>
    public required int Vpc { get; init; }

    /// <summary>Its L2VNI.</summary>
    public required Vni Vni { get; init; }

    /// <summary>Gateway addresses with prefix lengths.</summary>
    public ValueList<IpInterface> Gateways { get; init; } = [];

    /// <summary>Largest IP packet in it, octets.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Uid of the list for packets to the V-Net; absent: everything may.</summary>
    public int? IngressList { get; init; }

    /// <summary>Uid of the list for packets from the V-Net; absent: everything may.</summary>
    public int? EgressList { get; init; }

    /// <summary>True: forwards nothing, because its first set of rules is still to come.</summary>
    public bool Blocked { get; init; }

    /// <summary>Addresses that the orchestrator knows.</summary>
    public ValueList<SoftGateKnownHost> KnownHosts { get; init; } = [];
}

/// <summary>An address and who has it.</summary>
/// <param name="Mac">MAC address of its interface.</param>
/// <param name="Address">IP address.</param>
public sealed record SoftGateKnownHost(MacAddress Mac, IpAddr Address);

/// <summary>What a translation rule does.</summary>
public enum SoftGateNatKind
{
    /// <summary>Many inside addresses leave with few public ones.</summary>
    Source,

    /// <summary>One inside address and one public address, both ways.</summary>
    Static,

    /// <summary>Ports of a public address go to an inside address.</summary>
    Destination,

    /// <summary>IPv6 prefixes of the same length, both ways, without state (NPTv6, RFC 6296).</summary>
    Prefix,
}

/// <summary>A translation rule.</summary>
public sealed record SoftGateNat
{
    /// <summary>The controller's number for it.</summary>
    public required int Uid { get; init; }

    /// <summary>Uid of its VPC.</summary>
    public required int Vpc { get; init; }

    /// <summary>What it does.</summary>
    public required SoftGateNatKind Kind { get; init; }

    /// <summary>Source, Prefix: the inside addresses concerned; the longest match counts.</summary>
    public IpPrefix? Inside { get; init; }

    /// <summary>Static, Destination: the inside address.</summary>
    public IpAddr? InsideAddress { get; init; }

    /// <summary>Public addresses: one, or a pool for Source.</summary>
    public ValueList<IpAddr> Public { get; init; } = [];

    /// <summary>Prefix: the public prefix.</summary>
    public IpPrefix? PublicPrefix { get; init; }

    /// <summary>Destination: IP protocol number, 6, 17, or another one without ports.</summary>
    public byte? Protocol { get; init; }

    /// <summary>Destination: public ports; absent with protocols that have none.</summary>
    public SoftGatePorts? Ports { get; init; }

    /// <summary>Destination: the inside port that the first one becomes, the others following; absent: ports stay.</summary>
    public ushort? InsidePort { get; init; }

    /// <summary>Source: most blocks of 64 ports an inside host may have for each protocol, 1..32.</summary>
    public int BlocksPerHost { get; init; } = 16;
}

/// <summary>A range of ports, or of ICMP types and codes (type times 256 plus code).</summary>
/// <param name="First">First.</param>
/// <param name="Last">Last, not below the first.</param>
public readonly record struct SoftGatePorts(ushort First, ushort Last);

/// <summary>How a load balancer chooses.</summary>
public enum SoftGateBalancing
{
    /// <summary>By addresses and ports, evenly by weight.</summary>
    RoundRobin,

    /// <summary>By the source address.</summary>
    SourceAffinity,

    /// <summary>Weights follow the sessions that the back ends have.</summary>
    LeastConnections,
}

/// <summary>How a back end is probed.</summary>
public enum SoftGateHealthCheck
{
    /// <summary>Not at all: always well.</summary>
    None,

    /// <summary>By a TCP connection.</summary>
    Tcp,

    /// <summary>By an HTTP request that is answered with 2xx or 3xx.</summary>
    Http,
}

/// <summary>A load balancer.</summary>
public sealed record SoftGateBalancer
{
    /// <summary>The controller's number for it.</summary>
    public required int Uid { get; init; }

    /// <summary>Uid of the VPC of its back ends.</summary>
    public required int Vpc { get; init; }

    /// <summary>Its address: a public one, or one of the VPC when <see cref="Internal"/>.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>True: reached from inside the VPC.</summary>
    public bool Internal { get; init; }

    /// <summary>IP protocol number: 6 or 17.</summary>
    public required byte Protocol { get; init; }

    /// <summary>Its ports.</summary>
    public required SoftGatePorts Ports { get; init; }

    /// <summary>How it chooses.</summary>
    public SoftGateBalancing Balancing { get; init; }

    /// <summary>Sources that may use it; empty: all.</summary>
    public ValueList<IpPrefix> Sources { get; init; } = [];

    /// <summary>Back ends see the gateway's address instead of the client's.</summary>
    public bool SourceNat { get; init; }

    /// <summary>How back ends are probed.</summary>
    public SoftGateHealthCheck HealthCheck { get; init; }

    /// <summary>Http: path that is asked for.</summary>
    public string HealthPath { get; init; } = "/";

    /// <summary>Time between two probes, seconds, 1..3600.</summary>
    public int HealthInterval { get; init; } = 2;

    /// <summary>Time that a probe may take, seconds, 1..600.</summary>
    public int HealthTimeout { get; init; } = 1;

    /// <summary>Probes in a row that change the verdict, 1..10.</summary>
    public int HealthThreshold { get; init; } = 2;

    /// <summary>Who answers.</summary>
    public ValueList<SoftGateBackend> Backends { get; init; } = [];
}

/// <summary>A back end.</summary>
/// <param name="Address">Its address in the VPC.</param>
/// <param name="Port">Its port; 0: the one that was asked for.</param>
/// <param name="Weight">Share, 0..256; 0: drains, sessions that it has stay.</param>
public sealed record SoftGateBackend(IpAddr Address, ushort Port, int Weight = 1);

/// <summary>A list of rules; the first that matches counts.</summary>
public sealed record SoftGateAccessList
{
    /// <summary>The controller's number for it.</summary>
    public required int Uid { get; init; }

    /// <summary>Its name, for logs and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>Verdict where no rule matches.</summary>
    public bool PermitByDefault { get; init; }

    /// <summary>Rules in the order in which they are asked; at most 1,000.</summary>
    public ValueList<SoftGateAccessRule> Rules { get; init; } = [];
}

/// <summary>A rule of a list. What is empty or absent matches everything.</summary>
public sealed record SoftGateAccessRule
{
    /// <summary>Its number in the orchestrator, for counters and logs.</summary>
    public required int Number { get; init; }

    /// <summary>Whether it lets pass.</summary>
    public required bool Permit { get; init; }

    /// <summary>Write a log line when it matches, a bounded number a second.</summary>
    public bool Log { get; init; }

    /// <summary>Source prefixes, any of them; address sets are expanded.</summary>
    public ValueList<IpPrefix> Sources { get; init; } = [];

    /// <summary>Destination prefixes, any of them.</summary>
    public ValueList<IpPrefix> Destinations { get; init; } = [];

    /// <summary>IP protocol number.</summary>
    public byte? Protocol { get; init; }

    /// <summary>Destination ports with TCP, UDP, SCTP; types and codes with ICMP and ICMPv6; any of them.</summary>
    public ValueList<SoftGatePorts> Ports { get; init; } = [];
}

/// <summary>A public address of a VPC.</summary>
public sealed record SoftGatePublicAddress
{
    /// <summary>The address or, for what is routed as it is, the prefix.</summary>
    public required IpPrefix Prefix { get; init; }

    /// <summary>Uid of the VPC.</summary>
    public required int Vpc { get; init; }

    /// <summary>Uid of the list for what comes to it from outside, before translation; absent: none.</summary>
    public int? AccessList { get; init; }

    /// <summary>Limit, bits a second, both directions together; absent: none.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>Routed into the VPC without translation.</summary>
    public bool Routed { get; init; }
}
