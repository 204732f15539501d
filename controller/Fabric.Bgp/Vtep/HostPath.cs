using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Where a host of a VRF is, by symmetric routing (RFC 9135 section 5).</summary>
/// <param name="Vtep">The VTEP.</param>
/// <param name="Label">L3VNI to send with.</param>
/// <param name="RouterMac">The VTEP's router's MAC.</param>
/// <param name="Esi">The host's segment.</param>
public sealed record HostPath(IpAddr Vtep, Vni Label, MacAddress? RouterMac, EthernetSegmentId Esi);
