using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>A row of the view that can point to a segment.</summary>
/// <param name="Kind">Which table.</param>
/// <param name="Vni">L2VNI of a MAC, L3VNI of the others.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="Prefix">The prefix; a host as /32 or /128.</param>
internal readonly record struct VtepRowKey(VtepTable Kind, Vni Vni, MacAddress Mac, IpPrefix Prefix)
{
    public static VtepRowKey Of(Vni vni, MacAddress mac) => new(VtepTable.Macs, vni, mac, default);

    public static VtepRowKey OfHost(Vni vni, IpAddr ip) => new(VtepTable.Hosts, vni, default, IpPrefix.Host(ip));

    public static VtepRowKey OfPrefix(Vni vni, IpPrefix prefix) => new(VtepTable.Prefixes, vni, default, prefix);
}

/// <summary>The tables of a VTEP.</summary>
internal enum VtepTable : byte
{
    Macs,
    Neighbors,
    Flood,
    Prefixes,
    Hosts,
}
