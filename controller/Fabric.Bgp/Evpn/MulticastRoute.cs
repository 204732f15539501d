using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Evpn;

/// <summary>What identifies a type-3 route; it is the whole route.</summary>
/// <param name="Rd">Route distinguisher.</param>
/// <param name="Tag">Ethernet tag; 0 with VLAN-based service.</param>
/// <param name="Originator">The originating router's address.</param>
public readonly record struct MulticastKey(RouteDistinguisher Rd, uint Tag, IpAddr Originator);

/// <summary>An inclusive multicast Ethernet tag route: who wants flooded frames of a VNI. The VNI is in the PMSI tunnel attribute.</summary>
/// <remarks>RFC 7432 section 7.3.
/// <code>
/// | RD 8 | tag 4 | IP length 1 (32, 128) | originating router 4/16 |
/// </code></remarks>
/// <param name="Key">What identifies the route.</param>
public readonly record struct MulticastRoute(MulticastKey Key) : IEvpnRoute<MulticastRoute, MulticastKey>
{
    /// <inheritdoc/>
    public byte RouteType => (byte)EvpnRouteType.Multicast;

    /// <inheritdoc/>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, out MulticastRoute route, [NotNullWhen(false)] out string? error)
    {
        var reader = new WireReader(value);
        var rd = RouteDistinguisher.FromBits(reader.U64());
        var tag = reader.U32();
        var ipBits = reader.U8();
        if (ipBits is not (32 or 128))
        {
            reader.Fail("IP length is not 32 or 128");
        }

        var originator = reader.Ip(ipBits == 32 ? 4 : 16);
        route = new(new(rd, tag, originator));
        error = reader.Error ?? (reader.AtEnd ? null : "octets left over");
        return error is null;
    }

    /// <inheritdoc/>
    public void Encode(ref WireWriter writer)
    {
        writer.U64(Key.Rd.Bits);
        writer.U32(Key.Tag);
        writer.U8((byte)Key.Originator.BitLength);
        writer.Ip(Key.Originator);
    }
}
