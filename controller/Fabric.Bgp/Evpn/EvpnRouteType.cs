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

    /// <summary>Selective multicast Ethernet tag, RFC 9251 section 9.1.</summary>
    SelectiveMulticast = 6,

    /// <summary>Multicast membership report synch, RFC 9251 section 9.2.</summary>
    MembershipReportSync = 7,

    /// <summary>Multicast leave synch, RFC 9251 section 9.3.</summary>
    LeaveSync = 8,

    /// <summary>Per-region inclusive PMSI auto-discovery, RFC 9572 section 3.1.</summary>
    PerRegionInclusivePmsi = 9,

    /// <summary>Selective PMSI auto-discovery, RFC 9572 section 3.2.</summary>
    SelectivePmsi = 10,

    /// <summary>Leaf auto-discovery, RFC 9572 section 3.3.</summary>
    Leaf = 11,
}
