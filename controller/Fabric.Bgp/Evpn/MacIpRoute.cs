using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Evpn;

/// <summary>What identifies a type-2 route: RD, tag, MAC and IP. ESI and labels are not part of it.</summary>
/// <param name="Rd">Route distinguisher.</param>
/// <param name="Tag">Ethernet tag; 0 with VLAN-based service.</param>
/// <param name="Mac">The MAC address.</param>
/// <param name="Ip">The IP address, when the route has one.</param>
public readonly record struct MacIpKey(RouteDistinguisher Rd, uint Tag, MacAddress Mac, IpAddr? Ip);

/// <summary>A MAC/IP advertisement route.</summary>
/// <remarks>RFC 7432 section 7.2, RFC 9135 for the second label.
/// <code>
/// | RD 8 | ESI 10 | tag 4 | MAC length 1 (48) | MAC 6 | IP length 1 (0, 32, 128) | IP 0/4/16 | label 3 | label 0/3 |
/// </code></remarks>
/// <param name="Key">What identifies the route.</param>
/// <param name="Esi">Ethernet segment.</param>
/// <param name="Label1">L2VNI.</param>
/// <param name="Label2">L3VNI with symmetric IRB, when there is one.</param>
public readonly record struct MacIpRoute(MacIpKey Key, EthernetSegmentId Esi, EvpnLabel Label1, EvpnLabel? Label2) : IEvpnRoute<MacIpRoute, MacIpKey>
{
    /// <inheritdoc/>
    public byte RouteType => (byte)EvpnRouteType.MacIp;

    /// <summary>Whether lengths fit each other, as in every well-formed route; <see cref="TryDecode"/> says what does not.</summary>
    internal static bool HasUsualLayout(ReadOnlySpan<byte> value)
    {
        const int MacBitsAt = 22;
        const int IpBitsAt = 29;
        if (value.Length < 33 || value[MacBitsAt] != 48 || value[IpBitsAt] is not (0 or 32 or 128))
        {
            return false;
        }

        var labels = value.Length - IpBitsAt - 1 - (value[IpBitsAt] / 8);
        return labels is 3 or 6;
    }

    /// <inheritdoc/>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, out MacIpRoute route, [NotNullWhen(false)] out string? error)
    {
        var reader = new WireReader(value);
        var rd = RouteDistinguisher.FromBits(reader.U64());
        var esi = reader.Esi();
        var tag = reader.U32();
        if (reader.U8() != 48)
        {
            reader.Fail("MAC length is not 48");
        }

        var mac = reader.Mac();
        var ipBits = reader.U8();
        if (ipBits is not (0 or 32 or 128))
        {
            reader.Fail("IP length is not 0, 32 or 128");
        }

        IpAddr? ip = ipBits == 0 ? null : reader.Ip(ipBits / 8);
        var label1 = new EvpnLabel(reader.U24());
        EvpnLabel? label2 = reader.AtEnd ? null : new EvpnLabel(reader.U24());
        route = new(new(rd, tag, mac, ip), esi, label1, label2);
        error = reader.Error ?? (reader.AtEnd ? null : "octets left over");
        return error is null;
    }

    /// <inheritdoc/>
    public void Encode(ref WireWriter writer)
    {
        writer.U64(Key.Rd.Bits);
        writer.Esi(Esi);
        writer.U32(Key.Tag);
        writer.U8(48);
        writer.Mac(Key.Mac);
        if (Key.Ip is { } ip)
        {
            writer.U8((byte)ip.BitLength);
            writer.Ip(ip);
        }
        else
        {
            writer.U8(0);
        }

        writer.U24(Label1.Raw);
        if (Label2 is { } label2)
        {
            writer.U24(label2.Raw);
        }
    }
}
