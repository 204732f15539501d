namespace Fabric.Bgp;

/// <summary>An AFI/SAFI pair, RFC 4760.</summary>
/// <param name="Afi">Address family identifier.</param>
/// <param name="Safi">Subsequent address family identifier.</param>
public readonly record struct AddressFamily(ushort Afi, byte Safi) : IComparable<AddressFamily>
{
    /// <summary>IPv4 unicast, 1/1.</summary>
    public static AddressFamily Ipv4Unicast => new(1, 1);

    /// <summary>IPv6 unicast, 2/1.</summary>
    public static AddressFamily Ipv6Unicast => new(2, 1);

    /// <summary>L2VPN EVPN, 25/70 (RFC 7432).</summary>
    public static AddressFamily L2VpnEvpn => new(25, 70);

    /// <summary>Route target membership, 1/132 (RFC 4684).</summary>
    public static AddressFamily RouteTargetMembership => new(1, 132);

    public static bool operator <(AddressFamily left, AddressFamily right) => left.CompareTo(right) < 0;

    public static bool operator >(AddressFamily left, AddressFamily right) => left.CompareTo(right) > 0;

    public static bool operator <=(AddressFamily left, AddressFamily right) => left.CompareTo(right) <= 0;

    public static bool operator >=(AddressFamily left, AddressFamily right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(AddressFamily other) => ((Afi << 8) | Safi).CompareTo((other.Afi << 8) | other.Safi);

    /// <inheritdoc/>
    public override string ToString() => (Afi, Safi) switch
    {
        (1, 1) => "ipv4-unicast",
        (2, 1) => "ipv6-unicast",
        (25, 70) => "l2vpn-evpn",
        (1, 132) => "route-target-membership",
        _ => $"afi-{Afi}-safi-{Safi}",
    };
}
