using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// What CloudStack has said of a routing domain, and nothing else: <see cref="Commands"/> changes it, <see cref="DomainIntent"/> makes the
/// controller's intent from it. Immutable.
/// </summary>
public sealed record RoutingDomain
{
    /// <summary>Nothing said.</summary>
    public static readonly RoutingDomain Empty = new();

    /// <summary>Site that the extension is registered for; null: the only one.</summary>
    public string? Site { get; init; }

    /// <summary>Tenant that owns what is made; null: the only one.</summary>
    public string? Tenant { get; init; }

    /// <summary>The VPC; null: the domain is a network by itself.</summary>
    public VpcPart? Vpc { get; init; }

    /// <summary>The networks, by CloudStack's numbers.</summary>
    public ImmutableSortedDictionary<int, Network> Networks { get; init; } = ImmutableSortedDictionary<int, Network>.Empty;

    /// <summary>Whether there is nothing worth keeping.</summary>
    [JsonIgnore]
    public bool IsEmpty => Vpc is null && Networks.IsEmpty;
}

/// <summary>A VPC as a whole.</summary>
public sealed record VpcPart
{
    /// <summary>The addresses of its tiers; null: not said yet.</summary>
    public IpPrefix? Cidr { get; init; }

    /// <summary>The address behind which its tiers go out; null: not said yet.</summary>
    public PublicAddress? SourceNat { get; init; }
}

/// <summary>A public address that CloudStack uses.</summary>
/// <param name="Ip">The address.</param>
/// <param name="Range">The range that it is from; null: not said.</param>
/// <param name="SourceNat">Whether the network goes out behind it.</param>
public sealed record PublicAddress(IpAddr Ip, IpPrefix? Range, bool SourceNat);

/// <summary>A network: isolated, shared, layer 2, or a tier of a VPC.</summary>
public sealed record Network
{
    /// <summary>Whether it has a segment now: from <c>implement-network</c> to <c>shutdown-network</c>.</summary>
    public bool Implemented { get; init; }

    /// <summary>VNI that CloudStack has given; null: the controller chooses one.</summary>
    public Vni? Vni { get; init; }

    /// <summary>Subnet with the gateway's address; null: layer 2.</summary>
    public IpInterface? Gateway { get; init; }

    /// <summary>IPv6 subnet with the gateway's address; null: none.</summary>
    public IpInterface? Gateway6 { get; init; }

    /// <summary>Address inside the network at which guests find their services; null: none.</summary>
    public IpAddr? ServiceAddress { get; init; }

    /// <summary>DNS resolvers.</summary>
    public ValueList<IpAddr> Dns { get; init; } = [];

    /// <summary>DNS suffix; null: none.</summary>
    public string? DnsSuffix { get; init; }

    /// <summary>Public addresses and their ranges; they stay while the network is shut down, since not each is told again.</summary>
    public ValueList<PublicAddress> Addresses { get; init; } = [];

    /// <summary>Static NAT.</summary>
    public ValueList<StaticNat> StaticNats { get; init; } = [];

    /// <summary>Port forwarding.</summary>
    public ValueList<PortForward> Forwards { get; init; } = [];

    /// <summary>Load balancing.</summary>
    public ValueList<Balancer> Balancers { get; init; } = [];

    /// <summary>Rules of an isolated network; null: not said yet, so that nothing passes.</summary>
    public Firewall? Firewall { get; init; }

    /// <summary>Rules of a tier in order; null: not said yet, so that nothing passes.</summary>
    public ValueList<AclItem>? Acl { get; init; }

    /// <summary>Interfaces of virtual machines.</summary>
    public ValueList<Host> Hosts { get; init; } = [];

    /// <summary>Whether the fabric is its gateway; else somebody else is, or it has none.</summary>
    [JsonIgnore]
    public bool IsGateway => Gateway is { } gateway && ServiceAddress == gateway.Address;
}

/// <summary>A public address that stands for an inside one.</summary>
/// <param name="Ip">The public address.</param>
/// <param name="Inside">The inside address.</param>
public sealed record StaticNat(IpAddr Ip, IpAddr Inside);

/// <summary>Ports of a public address that lead to an inside one. It has no number: address, protocol and public ports say which it is.</summary>
/// <param name="Ip">The public address.</param>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="First">First public port.</param>
/// <param name="Last">Last public port.</param>
/// <param name="Inside">The inside address.</param>
/// <param name="InsideFirst">Inside port of the first public one; the others follow.</param>
public sealed record PortForward(IpAddr Ip, string Protocol, int First, int Last, IpAddr Inside, int InsideFirst)
{
    /// <summary>Whether this is the same rule, wherever it leads.</summary>
    public bool Is(PortForward other) => (Ip, Protocol, First, Last) == (other.Ip, other.Protocol, other.First, other.Last);
}

/// <summary>A load balancer.</summary>
/// <param name="Id">CloudStack's number.</param>
/// <param name="Ip">The address that clients use.</param>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Port">The port that clients use.</param>
/// <param name="Algorithm">The controller's word for how it chooses.</param>
/// <param name="Members">Who answers.</param>
public sealed record Balancer(long Id, IpAddr Ip, string Protocol, int Port, string Algorithm, ValueList<Member> Members);

/// <summary>A member of a <see cref="Balancer"/>.</summary>
/// <param name="Ip">Its address.</param>
/// <param name="Port">Its port.</param>
public sealed record Member(IpAddr Ip, int Port);

/// <summary>The rules of an isolated network.</summary>
/// <param name="EgressAllowed">True: what goes out may, except what a rule is about; false: nothing but that may.</param>
/// <param name="Rules">The rules, by their numbers.</param>
public sealed record Firewall(bool EgressAllowed, ValueList<FirewallRule> Rules);

/// <summary>A rule of a <see cref="Firewall"/>.</summary>
/// <param name="Ip">The public address that it opens; null: it is about what goes out.</param>
/// <param name="Match">What it is about.</param>
public sealed record FirewallRule(IpAddr? Ip, Match Match);

/// <summary>An item of a tier's access list.</summary>
/// <param name="Number">Its place.</param>
/// <param name="Permit">Whether what matches may pass.</param>
/// <param name="Egress">Whether it is about what leaves the tier.</param>
/// <param name="Match">What it is about.</param>
public sealed record AclItem(int Number, bool Permit, bool Egress, Match Match);

/// <summary>Packets. What is absent or empty matches everything.</summary>
public sealed record Match
{
    /// <summary><c>tcp</c>, <c>udp</c>, <c>icmp</c> or a number; null: all.</summary>
    public string? Protocol { get; init; }

    /// <summary>First destination port, with tcp and udp.</summary>
    public int? First { get; init; }

    /// <summary>Last destination port.</summary>
    public int? Last { get; init; }

    /// <summary>ICMP type.</summary>
    public int? IcmpType { get; init; }

    /// <summary>ICMP code; only with a type.</summary>
    public int? IcmpCode { get; init; }

    /// <summary>Where they come from.</summary>
    public ValueList<IpPrefix> Sources { get; init; } = [];

    /// <summary>Where they go.</summary>
    public ValueList<IpPrefix> Destinations { get; init; } = [];
}

/// <summary>An interface of a virtual machine.</summary>
public sealed record Host
{
    /// <summary>Its MAC address.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Its IPv4 address; null: none.</summary>
    public IpAddr? Ip { get; init; }

    /// <summary>Its IPv6 address; null: none.</summary>
    public IpAddr? Ip6 { get; init; }

    /// <summary>Gateway of its subnet with the subnet's length; null: not said.</summary>
    public IpInterface? Gateway { get; init; }

    /// <summary>The machine's host name; null: not said.</summary>
    public string? Hostname { get; init; }

    /// <summary>Whether it is the machine's default interface, which alone is told a router.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Between <c>prepare-nic</c> and <c>release-nic</c>.</summary>
    public bool Prepared { get; init; }

    /// <summary>Whether DHCP answers it.</summary>
    public bool Dhcp { get; init; }

    /// <summary>Whether DNS knows its name.</summary>
    public bool DnsName { get; init; }

    /// <summary>Its addresses.</summary>
    [JsonIgnore]
    public IEnumerable<IpAddr> Addresses => new[] { Ip, Ip6 }.OfType<IpAddr>();
}
