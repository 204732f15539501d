using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>What a NAT rule does.</summary>
public enum NatType
{
    /// <summary>Inside addresses leave with few public ones.</summary>
    Snat,

    /// <summary>One inside and one public address, both ways (elastic IP).</summary>
    Static,

    /// <summary>Ports of a public address lead to an inside address.</summary>
    Dnat,

    /// <summary>An IPv6 prefix stands for another one of the same length, both ways, without state (NPTv6, RFC 6296).</summary>
    Nptv6,
}

/// <summary>Address translation of a VPC in its site's SoftGates.</summary>
public sealed record NatRuleSpec : ResourceSpec
{
    /// <summary>The VPC.</summary>
    public required string Vpc { get; init; }

    /// <summary>What it does.</summary>
    public required NatType Type { get; init; }

    /// <summary>snat, nptv6: the inside addresses; of several rules the longest match counts.</summary>
    public IpPrefix? Inside { get; init; }

    /// <summary>static, dnat: the inside address.</summary>
    public IpAddr? InsideAddress { get; init; }

    /// <summary>Public addresses: one, or for snat up to 256, all of one family. They lie in an IpamSubnet of a system VPC.</summary>
    public ValueList<IpAddr> Public { get; init; } = [];

    /// <summary>nptv6: the public prefix.</summary>
    public IpPrefix? PublicPrefix { get; init; }

    /// <summary>dnat: <c>tcp</c>, <c>udp</c>, <c>icmp</c> or the number of a protocol; <c>all</c> or absent: all of them.</summary>
    public string? Protocol { get; init; }

    /// <summary>dnat with tcp or udp: public ports.</summary>
    public PortRange? Ports { get; init; }

    /// <summary>dnat with ports: the inside port of the first public one, the others follow; absent: ports stay.</summary>
    public ushort? InsidePort { get; init; }

    /// <summary>snat: most blocks of 64 ports that an inside host gets for each protocol, 1..32.</summary>
    public int BlocksPerHost { get; init; } = 16;

    /// <summary>False: kept and not in force.</summary>
    public bool Enabled { get; init; } = true;

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/vpc", new(ResourceKind.Vpc, Vpc))];
}
