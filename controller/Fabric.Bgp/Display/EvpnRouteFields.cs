using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Display;

/// <summary>The fields of an EVPN route by name, for types 1 to 11. Pure; types 6 to 11 are decoded for display only and carried as octets.</summary>
/// <remarks>RFC 7432 section 7, RFC 9136 section 3.1, RFC 9251 section 9, RFC 9572 section 3.
/// <code>
/// type 6:  | RD 8 | tag 4 | source | group | originator | flags 1 |
/// type 7:  | RD 8 | ESI 10 | tag 4 | source | group | originator | flags 1 |
/// type 8:  | RD 8 | ESI 10 | tag 4 | source | group | originator | reserved 4 | maximum response time 1 | flags 1 |
/// type 9:  | RD 8 | tag 4 | region 8 |
/// type 10: | RD 8 | tag 4 | source | group | originator |
/// type 11: | route key: a whole route with type and length | originator |
/// source, group, originator: | bits 1 (0, 32, 128; never 0 for the originator) | address 0/4/16 |
/// </code></remarks>
public static class EvpnRouteFields
{
    /// <summary>A name for the route type; "unknown" for those without one.</summary>
    public static string TypeName(byte type) => (EvpnRouteType)type switch
    {
        EvpnRouteType.EthernetAutoDiscovery => "ethernet_auto_discovery",
        EvpnRouteType.MacIp => "mac_ip",
        EvpnRouteType.Multicast => "inclusive_multicast",
        EvpnRouteType.EthernetSegment => "ethernet_segment",
        EvpnRouteType.Prefix => "ip_prefix",
        EvpnRouteType.SelectiveMulticast => "selective_multicast",
        EvpnRouteType.MembershipReportSync => "membership_report_sync",
        EvpnRouteType.LeaveSync => "leave_sync",
        EvpnRouteType.PerRegionInclusivePmsi => "per_region_inclusive_pmsi",
        EvpnRouteType.SelectivePmsi => "selective_pmsi",
        EvpnRouteType.Leaf => "leaf",
        _ => "unknown",
    };

    /// <summary>Whether the type has fields that are known here.</summary>
    public static bool IsKnown(byte type) => type is >= 1 and <= 11;

    /// <summary>Reads the value behind type and length; never throws.</summary>
    /// <param name="type">The route type octet.</param>
    /// <param name="value">Exactly the octets the length field declares.</param>
    /// <param name="fields">Takes the fields; what it has after an error means nothing.</param>
    /// <param name="error">Why it was refused; a type that is not known is refused too.</param>
    public static bool TryDecode(byte type, ReadOnlySpan<byte> value, ICollection<NamedField> fields, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(fields);
        switch ((EvpnRouteType)type)
        {
            case EvpnRouteType.EthernetAutoDiscovery:
                return EthernetAutoDiscoveryRoute.TryDecode(type, value, out var discovery, out error) && Add(discovery, fields);
            case EvpnRouteType.MacIp:
                return MacIpRoute.TryDecode(type, value, out var macIp, out error) && Add(macIp, fields);
            case EvpnRouteType.Multicast:
                return MulticastRoute.TryDecode(type, value, out var multicast, out error) && Add(multicast, fields);
            case EvpnRouteType.EthernetSegment:
                return EthernetSegmentRoute.TryDecode(type, value, out var segment, out error) && Add(segment, fields);
            case EvpnRouteType.Prefix:
                return PrefixRoute.TryDecode(type, value, out var prefix, out error) && Add(prefix, fields);
            default:
                var reader = new WireReader(value);
                ReadCarried(type, ref reader, fields);
                error = reader.Error ?? (reader.AtEnd ? null : "octets left over");
                return error is null;
        }
    }

    private static bool Add(EthernetAutoDiscoveryRoute route, ICollection<NamedField> fields)
    {
        fields.Add(NamedField.Of("rd", route.Key.Rd));
        fields.Add(NamedField.Of("esi", route.Key.Esi));
        fields.Add(NamedField.Of("ethernet_tag", route.Key.Tag));
        fields.Add(NamedField.Of("label", route.Label.Raw));
        return true;
    }

    private static bool Add(MacIpRoute route, ICollection<NamedField> fields)
    {
        fields.Add(NamedField.Of("rd", route.Key.Rd));
        fields.Add(NamedField.Of("esi", route.Esi));
        fields.Add(NamedField.Of("ethernet_tag", route.Key.Tag));
        fields.Add(NamedField.Of("mac", route.Key.Mac));
        if (route.Key.Ip is { } ip)
        {
            fields.Add(NamedField.Of("ip", ip));
        }

        fields.Add(NamedField.Of("label", route.Label1.Raw));
        if (route.Label2 is { } label2)
        {
            fields.Add(NamedField.Of("label2", label2.Raw));
        }

        return true;
    }

    private static bool Add(MulticastRoute route, ICollection<NamedField> fields)
    {
        fields.Add(NamedField.Of("rd", route.Key.Rd));
        fields.Add(NamedField.Of("ethernet_tag", route.Key.Tag));
        fields.Add(NamedField.Of("originator", route.Key.Originator));
        return true;
    }

    private static bool Add(EthernetSegmentRoute route, ICollection<NamedField> fields)
    {
        fields.Add(NamedField.Of("rd", route.Key.Rd));
        fields.Add(NamedField.Of("esi", route.Key.Esi));
        fields.Add(NamedField.Of("originator", route.Key.Originator));
        return true;
    }

    private static bool Add(PrefixRoute route, ICollection<NamedField> fields)
    {
        fields.Add(NamedField.Of("rd", route.Key.Rd));
        fields.Add(NamedField.Of("esi", route.Esi));
        fields.Add(NamedField.Of("ethernet_tag", route.Key.Tag));
        fields.Add(NamedField.Of("prefix", route.Key.Prefix));
        fields.Add(NamedField.Of("gateway", route.Gateway));
        fields.Add(NamedField.Of("label", route.Label.Raw));
        return true;
    }

    private static void ReadCarried(byte type, ref WireReader reader, ICollection<NamedField> fields)
    {
        var kind = (EvpnRouteType)type;
        if (!IsKnown(type))
        {
            reader.Fail("unknown route type");
            return;
        }

        if (kind == EvpnRouteType.Leaf)
        {
            var (keyType, keyLength) = (reader.U8(), reader.U8());
            var key = reader.Take(keyLength);
            fields.Add(NamedField.Of("route_key_type", keyType));
            fields.Add(NamedField.Of("route_key", Convert.ToHexStringLower(key)));
            Address(ref reader, fields, "originator", mayBeAbsent: false);
            return;
        }

        fields.Add(NamedField.Of("rd", RouteDistinguisher.FromBits(reader.U64())));
        if (kind is EvpnRouteType.MembershipReportSync or EvpnRouteType.LeaveSync)
        {
            fields.Add(NamedField.Of("esi", reader.Esi()));
        }

        fields.Add(NamedField.Of("ethernet_tag", reader.U32()));
        if (kind == EvpnRouteType.PerRegionInclusivePmsi)
        {
            fields.Add(NamedField.Of("region", new Attributes.ExtendedCommunity(reader.U64()).ToString()));
            return;
        }

        Address(ref reader, fields, "source", mayBeAbsent: true);
        Address(ref reader, fields, "group", mayBeAbsent: true);
        Address(ref reader, fields, "originator", mayBeAbsent: false);
        if (kind == EvpnRouteType.LeaveSync)
        {
            reader.Take(4);
            fields.Add(NamedField.Of("maximum_response_time", reader.U8()));
        }

        if (kind != EvpnRouteType.SelectivePmsi)
        {
            fields.Add(NamedField.Of("flags", reader.U8()));
        }
    }

    /// <summary>An address behind its length in bits; "*" when the length is 0, which stands for any.</summary>
    private static void Address(ref WireReader reader, ICollection<NamedField> fields, string name, bool mayBeAbsent)
    {
        var bits = reader.U8();
        if (bits == 0 && mayBeAbsent)
        {
            fields.Add(NamedField.Of(name, "*"));
        }
        else if (bits is 32 or 128)
        {
            fields.Add(NamedField.Of(name, reader.Ip(bits / 8)));
        }
        else
        {
            reader.Fail($"{name} length is not {(mayBeAbsent ? "0, " : "")}32 or 128");
        }
    }
}
