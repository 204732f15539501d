using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Evpn;

/// <summary>What identifies a type-4 route; it is the whole route.</summary>
/// <param name="Rd">Route distinguisher.</param>
/// <param name="Esi">Ethernet segment.</param>
/// <param name="Originator">The originating router's address.</param>
public readonly record struct EthernetSegmentKey(RouteDistinguisher Rd, EthernetSegmentId Esi, IpAddr Originator);

/// <summary>An Ethernet segment route: by it the routers of a segment find each other and elect the designated forwarder.</summary>
/// <remarks>RFC 7432 section 7.4.
/// <code>
/// | RD 8 | ESI 10 | IP length 1 (32, 128) | originating router 4/16 |
/// </code></remarks>
/// <param name="Key">What identifies the route.</param>
public readonly record struct EthernetSegmentRoute(EthernetSegmentKey Key) : IEvpnRoute<EthernetSegmentRoute, EthernetSegmentKey>
{
    /// <inheritdoc/>
    public byte RouteType => (byte)EvpnRouteType.EthernetSegment;

    /// <inheritdoc/>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, out EthernetSegmentRoute route, [NotNullWhen(false)] out string? error)
    {
        var reader = new WireReader(value);
        var rd = RouteDistinguisher.FromBits(reader.U64());
        var esi = reader.Esi();
        var ipBits = reader.U8();
        if (ipBits is not (32 or 128))
        {
            reader.Fail("IP length is not 32 or 128");
        }

        route = new(new(rd, esi, reader.Ip(ipBits == 32 ? 4 : 16)));
        error = reader.Error ?? (reader.AtEnd ? null : "octets left over");
        return error is null;
    }

    /// <inheritdoc/>
    public void Encode(ref WireWriter writer)
    {
        writer.U64(Key.Rd.Bits);
        writer.Esi(Key.Esi);
        writer.U8((byte)Key.Originator.BitLength);
        writer.Ip(Key.Originator);
    }
}
