using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Where a MAC of a bridge domain is.</summary>
/// <param name="Vtep">The VTEP that announced it; null when it is here.</param>
/// <param name="Label">VNI to send with; the VTEP's own for it (RFC 8365 section 5.1.3).</param>
/// <param name="Esi">Its segment; when not zero, <see cref="VtepState.Destinations(Vni, MacEntry)"/> says where to send.</param>
/// <param name="Sequence">Mobility sequence number.</param>
/// <param name="Sticky">It must not move.</param>
/// <param name="DefaultGateway">It is a gateway's.</param>
/// <param name="Duplicate">It is frozen as a duplicate.</param>
public sealed record MacEntry(IpAddr? Vtep, Vni? Label, EthernetSegmentId Esi, uint Sequence, bool Sticky, bool DefaultGateway, bool Duplicate)
{
    /// <summary>Whether the MAC is behind a port of this VTEP.</summary>
    public bool IsLocal => Vtep is null;
}
