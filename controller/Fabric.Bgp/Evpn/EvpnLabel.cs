using Fabric.Primitives;

namespace Fabric.Bgp.Evpn;

/// <summary>The three octets of an EVPN label field: a VNI with VXLAN (RFC 8365 section 5.1.3), an MPLS label in the upper 20 bits otherwise.</summary>
/// <param name="Raw">The 24 bits.</param>
public readonly record struct EvpnLabel(uint Raw)
{
    /// <summary>The field as VNI; null for 0, which is no VNI.</summary>
    public Vni? Vni => Raw is 0 or > Primitives.Vni.MaxValue ? null : new Vni(Raw);

    /// <summary>A label field that carries the VNI.</summary>
    public static EvpnLabel Of(Vni vni) => new(vni.Value);

    /// <inheritdoc/>
    public override string ToString() => Raw.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
