namespace Fabric.Bgp.Evpn;

/// <summary>The EVPN routes of one UPDATE (announced or withdrawn), by type.</summary>
public sealed class EvpnRouteSet
{
    /// <summary>Type 1.</summary>
    public List<EthernetAutoDiscoveryRoute> AutoDiscovery { get; } = [];

    /// <summary>Type 2.</summary>
    public List<MacIpRoute> MacIp { get; } = [];

    /// <summary>Type 3.</summary>
    public List<MulticastRoute> Multicast { get; } = [];

    /// <summary>Type 4.</summary>
    public List<EthernetSegmentRoute> Segment { get; } = [];

    /// <summary>Type 5.</summary>
    public List<PrefixRoute> Prefix { get; } = [];

    /// <summary>All other types.</summary>
    public List<OpaqueRoute> Opaque { get; } = [];

    /// <summary>How many routes there are.</summary>
    public int Count => AutoDiscovery.Count + MacIp.Count + Multicast.Count + Segment.Count + Prefix.Count + Opaque.Count;
}
