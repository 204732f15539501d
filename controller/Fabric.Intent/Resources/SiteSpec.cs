using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>
/// A fabric with identifiers of its own (a CloudStack zone is a site): the pools that its devices and V-Nets draw from, and how
/// its underlay runs. Everything has a default that fits a new site.
/// </summary>
public sealed record SiteSpec : ResourceSpec
{
    /// <summary>First half of every route target, 1..65535, not the ASN of any device; allocated where absent.</summary>
    public int? FabricNumber { get; init; }

    /// <summary>Management addresses from which controllers speak BGP to the spines.</summary>
    public IReadOnlyList<IpAddr> Controllers { get; init; } = [];

    /// <summary>Loopbacks (/32) of devices come from here.</summary>
    public IpPrefix LoopbackPool { get; init; } = IpPrefix.Parse("10.255.0.0/16");

    /// <summary>IPv6 loopbacks (/128) of devices come from here; absent: devices have none.</summary>
    public IpPrefix? LoopbackPool6 { get; init; }

    /// <summary>ASNs of devices come from here.</summary>
    public NumberRange AsnPool { get; init; } = new(4_200_000_000, 4_200_065_535);

    /// <summary>VNIs of V-Nets that ask for none.</summary>
    public NumberRange VniPool { get; init; } = new(10_000, 99_999);

    /// <summary>VNIs of VPCs (L3VNI).</summary>
    public NumberRange L3VniPool { get; init; } = new(100_000, 199_999);

    /// <summary>VLANs on leaves, for what needs one inside the device only.</summary>
    public NumberRange VlanPool { get; init; } = new(2_000, 4_000);

    /// <summary>The MAC of every anycast gateway.</summary>
    public MacAddress AnycastMac { get; init; } = MacAddress.Parse("02:00:5e:00:01:01");

    /// <summary>How the underlay runs.</summary>
    public UnderlaySpec Underlay { get; init; } = new();

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [];

    /// <inheritdoc/>
    public bool Equals(SiteSpec? other) =>
        other is not null && FabricNumber == other.FabricNumber && Controllers.SequenceEqual(other.Controllers) && LoopbackPool == other.LoopbackPool
        && LoopbackPool6 == other.LoopbackPool6 && AsnPool == other.AsnPool && VniPool == other.VniPool && L3VniPool == other.L3VniPool
        && VlanPool == other.VlanPool && AnycastMac == other.AnycastMac && Underlay == other.Underlay;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(FabricNumber, Controllers.Count, LoopbackPool, AsnPool, VniPool, L3VniPool, Underlay);
}

/// <summary>How the underlay of a site runs: eBGP unnumbered (RFC 8950).</summary>
public sealed record UnderlaySpec
{
    /// <summary>MTU of underlay ports in octets, 1500..9216.</summary>
    public int Mtu { get; init; } = 9_100;

    /// <summary>BFD beside BGP (RFC 5880).</summary>
    public bool Bfd { get; init; } = true;

    /// <summary>BFD transmit and receive interval in milliseconds, 50..10000.</summary>
    public int BfdIntervalMilliseconds { get; init; } = 1_000;

    /// <summary>BFD packets that may be lost, 2..50.</summary>
    public int BfdMultiplier { get; init; } = 3;
}
