using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Evpn;

/// <summary>What identifies a type-5 route: RD, tag and prefix.</summary>
/// <param name="Rd">Route distinguisher.</param>
/// <param name="Tag">Ethernet tag.</param>
/// <param name="Prefix">The prefix; host bits on the wire are irrelevant and dropped.</param>
public readonly record struct PrefixKey(RouteDistinguisher Rd, uint Tag, IpPrefix Prefix);

/// <summary>An IP prefix route.</summary>
/// <remarks>RFC 9136 section 3.1; the total length says whether it is IPv4 or IPv6.
/// <code>
/// | RD 8 | ESI 10 | tag 4 | prefix length 1 | prefix 4/16 | gateway 4/16 | label 3 |
/// </code></remarks>
/// <param name="Key">What identifies the route.</param>
/// <param name="Esi">Ethernet segment as overlay index, or zero.</param>
/// <param name="Gateway">Gateway address as overlay index, or unspecified.</param>
/// <param name="Label">L3VNI.</param>
public readonly record struct PrefixRoute(PrefixKey Key, EthernetSegmentId Esi, IpAddr Gateway, EvpnLabel Label) : IEvpnRoute<PrefixRoute, PrefixKey>
{
    private const int V4Length = 34;
    private const int V6Length = 58;

    /// <inheritdoc/>
    public byte RouteType => (byte)EvpnRouteType.Prefix;

    /// <inheritdoc/>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, out PrefixRoute route, [NotNullWhen(false)] out string? error)
    {
        route = default;
        if (value.Length is not (V4Length or V6Length))
        {
            error = "length is not 34 or 58";
            return false;
        }

        var octets = value.Length == V4Length ? 4 : 16;
        var reader = new WireReader(value);
        var rd = RouteDistinguisher.FromBits(reader.U64());
        var esi = reader.Esi();
        var tag = reader.U32();
        int prefixLength = reader.U8();
        var address = reader.Ip(octets);
        var gateway = reader.Ip(octets);
        var label = new EvpnLabel(reader.U24());
        if (prefixLength > address.BitLength)
        {
            error = "prefix length too large";
            return false;
        }

        route = new(new(rd, tag, IpPrefix.Of(address, prefixLength)), esi, gateway, label);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public void Encode(ref WireWriter writer)
    {
        writer.U64(Key.Rd.Bits);
        writer.Esi(Esi);
        writer.U32(Key.Tag);
        writer.U8((byte)Key.Prefix.Length);
        writer.Ip(Key.Prefix.Address);
        if (Gateway.Family == Key.Prefix.Family)
        {
            writer.Ip(Gateway);
        }
        else
        {
            writer.Ip(IpAddr.FromNumber(Key.Prefix.Family, 0));
        }

        writer.U24(Label.Raw);
    }
}
