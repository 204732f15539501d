using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Evpn;

/// <summary>What identifies a type-1 route: RD, Ethernet segment and tag. The label is not part of it.</summary>
/// <param name="Rd">Route distinguisher.</param>
/// <param name="Esi">Ethernet segment.</param>
/// <param name="Tag">Ethernet tag; <see cref="EthernetAutoDiscoveryRoute.WholeSegment"/> for the route per segment.</param>
public readonly record struct EthernetAutoDiscoveryKey(RouteDistinguisher Rd, EthernetSegmentId Esi, uint Tag);

/// <summary>An Ethernet auto-discovery route: who is attached to a segment, per segment or per EVPN instance.</summary>
/// <remarks>RFC 7432 section 7.1.
/// <code>
/// | RD 8 | ESI 10 | tag 4 | label 3 |
/// </code></remarks>
/// <param name="Key">What identifies the route.</param>
/// <param name="Label">Label or VNI of the EVPN instance; 0 in the route per segment.</param>
public readonly record struct EthernetAutoDiscoveryRoute(EthernetAutoDiscoveryKey Key, EvpnLabel Label)
    : IEvpnRoute<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>
{
    /// <summary>MAX-ET, the tag of the route that speaks for the whole segment (RFC 7432 section 8.2.1).</summary>
    public const uint WholeSegment = uint.MaxValue;

    /// <inheritdoc/>
    public byte RouteType => (byte)EvpnRouteType.EthernetAutoDiscovery;

    /// <summary>Whether the route speaks for the whole segment, not for one EVPN instance.</summary>
    public bool IsPerSegment => Key.Tag == WholeSegment;

    /// <inheritdoc/>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, out EthernetAutoDiscoveryRoute route, [NotNullWhen(false)] out string? error)
    {
        var reader = new WireReader(value);
        route = new(new(RouteDistinguisher.FromBits(reader.U64()), reader.Esi(), reader.U32()), new EvpnLabel(reader.U24()));
        error = reader.Error ?? (reader.AtEnd ? null : "octets left over");
        return error is null;
    }

    /// <inheritdoc/>
    public void Encode(ref WireWriter writer)
    {
        writer.U64(Key.Rd.Bits);
        writer.Esi(Key.Esi);
        writer.U32(Key.Tag);
        writer.U24(Label.Raw);
    }
}
