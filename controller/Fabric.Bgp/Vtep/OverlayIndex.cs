namespace Fabric.Bgp.Vtep;

/// <summary>What a prefix route points to, RFC 9136 section 3.2.</summary>
public enum OverlayIndex
{
    /// <summary>Nothing: the VTEP itself routes (section 4.4.1).</summary>
    None,

    /// <summary>A gateway's address, found in the VRF's bridge domains (sections 4.1, 4.2, 4.4.2).</summary>
    Gateway,

    /// <summary>A segment, found by its auto-discovery routes (section 4.3).</summary>
    Segment,

    /// <summary>A router's MAC, found in the VRF's bridge domains (section 4.4.3).</summary>
    RouterMac,
}
