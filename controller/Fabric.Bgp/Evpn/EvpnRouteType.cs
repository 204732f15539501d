namespace Fabric.Bgp.Evpn;

/// <summary>EVPN route types by number.</summary>
public enum EvpnRouteType : byte
{
    /// <summary>Ethernet auto-discovery, RFC 7432 section 7.1.</summary>
    EthernetAutoDiscovery = 1,

    /// <summary>MAC/IP advertisement, RFC 7432 section 7.2.</summary>
    MacIp = 2,

    /// <summary>Inclusive multicast Ethernet tag, RFC 7432 section 7.3.</summary>
    Multicast = 3,

    /// <summary>Ethernet segment, RFC 7432 section 7.4.</summary>
    EthernetSegment = 4,

    /// <summary>IP prefix, RFC 9136 section 3.</summary>
    Prefix = 5,
}
