using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>One of the equal ways to a prefix of a VRF.</summary>
/// <param name="Kind">What the fields mean.</param>
/// <param name="Vtep">The VTEP that announced it.</param>
/// <param name="Label">L3VNI to send with, with <see cref="OverlayIndex.None"/>.</param>
/// <param name="RouterMac">The router's MAC, if announced.</param>
/// <param name="Gateway">The gateway's address, with <see cref="OverlayIndex.Gateway"/>.</param>
/// <param name="Esi">The segment, with <see cref="OverlayIndex.Segment"/>.</param>
public sealed record PrefixPath(OverlayIndex Kind, IpAddr Vtep, Vni? Label, MacAddress? RouterMac, IpAddr? Gateway, EthernetSegmentId Esi);
