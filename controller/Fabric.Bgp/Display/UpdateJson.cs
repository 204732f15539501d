using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.RtMembership;
using Fabric.Bgp.Unicast;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Display;

/// <summary>Writes an UPDATE as JSON: what can be read of it, in wire order, and what <see cref="UpdateMessage.Decode"/> says is wrong with it.</summary>
internal static class UpdateJson
{
    public static bool Write(Utf8JsonWriter json, ReadOnlySpan<byte> body, DecodeContext context)
    {
        var reader = new WireReader(body);
        var withdrawn = reader.Take(reader.U16());
        var attributes = reader.Take(reader.U16());
        var announced = reader.TakeRest();
        var reach = Find(attributes, AttributeTable.MpReachCode);
        var unreach = Find(attributes, AttributeTable.MpUnreachCode);
        var session = context.ToSession(FamilyOf(reach), FamilyOf(unreach));
        if (reader.Failed)
        {
            json.WriteString("octets", Convert.ToHexStringLower(body));
        }
        else
        {
            WriteWithdrawn(json, withdrawn, unreach, session);
            WriteAttributes(json, attributes, session);
            WriteAnnounced(json, announced, reach, session);
        }

        var update = UpdateMessage.Decode(body, session);
        if (update.EndOfRib is { } family)
        {
            json.WriteString("end_of_rib", family.ToString());
        }

        BgpJson.WriteErrors(json, update.Problems);
        if (update.BrokenFamily is { } broken)
        {
            json.WriteString("disabled_family", broken.ToString());
        }

        if (update.Reset is { } reset)
        {
            BgpJson.WriteReset(json, reset);
        }

        return update.Problems.IsEmpty;
    }

    /// <summary>The next attribute of the field; false at its end or when it is cut.</summary>
    private static bool Next(ref WireReader field, out AttributeFlags flags, out byte code, out ReadOnlySpan<byte> value)
    {
        flags = (AttributeFlags)field.U8();
        code = field.U8();
        value = field.Take(flags.HasFlag(AttributeFlags.ExtendedLength) ? field.U16() : field.U8());
        return !field.Failed;
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> attributes, byte wanted)
    {
        var field = new WireReader(attributes);
        while (Next(ref field, out _, out var code, out var value))
        {
            if (code == wanted)
            {
                return attributes.Slice(attributes.Length - field.Remaining - value.Length, value.Length);
            }
        }

        return default;
    }

    private static AddressFamily FamilyOf(ReadOnlySpan<byte> value)
    {
        var reader = new WireReader(value);
        return new(reader.U16(), reader.U8());
    }

    private static void WriteAttributes(Utf8JsonWriter json, ReadOnlySpan<byte> attributes, SessionContext session)
    {
        json.WriteStartArray("attributes");
        var field = new WireReader(attributes);
        var left = attributes;
        while (Next(ref field, out var flags, out var code, out var value))
        {
            left = attributes[^field.Remaining..];
            json.WriteStartObject();
            json.WriteNumber("code", code);
            json.WriteString("name", AttributeName(code));
            json.WriteStartArray("flags");
            foreach (var (flag, name) in (ReadOnlySpan<(AttributeFlags, string)>)
                [(AttributeFlags.Optional, "optional"), (AttributeFlags.Transitive, "transitive"), (AttributeFlags.Partial, "partial")])
            {
                if (flags.HasFlag(flag))
                {
                    json.WriteStringValue(name);
                }
            }

            json.WriteEndArray();
            if (!TryWriteValue(json, code, value, session))
            {
                json.WriteString("octets", Convert.ToHexStringLower(value));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (!left.IsEmpty)
        {
            json.WriteString("attributes_rest", Convert.ToHexStringLower(left));
        }
    }

    private static string AttributeName(byte code) => code switch
    {
        AttributeTable.MpReachCode => "mp_reach_nlri",
        AttributeTable.MpUnreachCode => "mp_unreach_nlri",
        23 => "tunnel_encapsulation",
        Ipv6ExtendedCommunity.AttributeCode => "ipv6_extended_communities",
        26 => "aigp",
        29 => "bgp_ls",
        33 => "bgpsec_path",
        35 => "only_to_customer",
        40 => "prefix_sid",
        128 => "attr_set",
        _ => AttributeTable.Find(code)?.Name.ToLowerInvariant() ?? "unknown",
    };

    private static bool TryWriteValue(Utf8JsonWriter json, byte code, ReadOnlySpan<byte> value, SessionContext session)
    {
        if (code is AttributeTable.MpReachCode or AttributeTable.MpUnreachCode && value.Length >= 3)
        {
            json.WriteString("value", FamilyOf(value).ToString());
            return true;
        }

        if (code == Ipv6ExtendedCommunity.AttributeCode && value.Length > 0 && value.Length % Ipv6ExtendedCommunity.Length == 0)
        {
            var communities = new WireReader(value);
            json.WriteStartArray("value");
            while (!communities.AtEnd)
            {
                json.WriteStringValue(new Ipv6ExtendedCommunity(communities.U16(), communities.Ip(16), communities.U16()).ToString());
            }

            json.WriteEndArray();
            return true;
        }

        if (AttributeTable.Find(code) is not { } row)
        {
            return false;
        }

        // AS4_PATH and AS4_AGGREGATOR mean nothing between four-octet speakers, and are shown all the same.
        var draft = new AttributeDraft();
        var reader = new WireReader(value);
        row.Decode(ref reader, draft, code is AttributeTable.As4PathCode or AttributeTable.As4AggregatorCode ? session with { FourOctetAs = false } : session);
        if (reader.Failed || !reader.AtEnd)
        {
            return false;
        }

        json.WritePropertyName("value");
        WriteDecoded(json, draft);
        return true;
    }

    /// <summary>The one attribute that is in the draft.</summary>
    private static void WriteDecoded(Utf8JsonWriter json, AttributeDraft draft)
    {
        if (draft.Origin is { } origin)
        {
            json.WriteStringValue(origin switch { RouteOrigin.Igp => "igp", RouteOrigin.Egp => "egp", _ => "incomplete" });
        }
        else if ((draft.AsPath ?? draft.As4Path) is { } path)
        {
            json.WriteStringValue(path.ToString());
        }
        else if ((draft.NextHop ?? draft.OriginatorId) is { } address)
        {
            json.WriteStringValue(address.ToString());
        }
        else if ((draft.Med ?? draft.LocalPref) is { } number)
        {
            json.WriteNumberValue(number);
        }
        else if ((draft.Aggregator ?? draft.As4Aggregator) is { } aggregator)
        {
            json.WriteStartObject();
            json.WriteNumber("as_number", aggregator.AsNumber);
            json.WriteString("identifier", aggregator.Identifier.ToString());
            json.WriteEndObject();
        }
        else if (draft.PmsiTunnel is { } tunnel)
        {
            WriteTunnel(json, tunnel);
        }
        else if (draft.AtomicAggregate)
        {
            json.WriteBooleanValue(true);
        }
        else
        {
            WriteTexts(
                json,
                draft.Communities.Select(StandardCommunity.Text)
                    .Concat(draft.ClusterList.Select(static c => c.ToString()))
                    .Concat(draft.ExtendedCommunities.Select(static c => c.ToString()))
                    .Concat(draft.LargeCommunities.Select(static c => c.ToString())));
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, IEnumerable<string> texts)
    {
        json.WriteStartArray();
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteTunnel(Utf8JsonWriter json, PmsiTunnel tunnel)
    {
        json.WriteStartObject();
        json.WriteNumber("flags", tunnel.Flags);
        json.WriteNumber("tunnel_type", tunnel.TunnelType);
        json.WriteString("tunnel", tunnel.TunnelType switch
        {
            0 => "none",
            1 => "rsvp-te-p2mp",
            2 => "mldp-p2mp",
            3 => "pim-ssm",
            4 => "pim-sm",
            5 => "bidir-pim",
            PmsiTunnel.IngressReplication => "ingress-replication",
            7 => "mldp-mp2mp",
            _ => "unknown",
        });
        json.WriteNumber("label", tunnel.Label.Raw);
        if (tunnel.TunnelType == PmsiTunnel.IngressReplication && tunnel.Endpoint is { } endpoint)
        {
            json.WriteString("endpoint", endpoint.ToString());
        }
        else if (tunnel.Identifier.Length > 0)
        {
            json.WriteString("identifier", tunnel.Identifier.ToString());
        }

        json.WriteEndObject();
    }

    private static void WriteWithdrawn(Utf8JsonWriter json, ReadOnlySpan<byte> ipv4, ReadOnlySpan<byte> unreach, SessionContext session)
    {
        json.WriteStartArray("withdrawn");
        if (!ipv4.IsEmpty)
        {
            json.WriteStartObject();
            WriteRoutes(json, AddressFamily.Ipv4Unicast, ipv4, session);
            json.WriteEndObject();
        }

        if (unreach.Length > 3)
        {
            json.WriteStartObject();
            WriteRoutes(json, FamilyOf(unreach), unreach[3..], session);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAnnounced(Utf8JsonWriter json, ReadOnlySpan<byte> ipv4, ReadOnlySpan<byte> reach, SessionContext session)
    {
        json.WriteStartArray("announced");
        if (!ipv4.IsEmpty)
        {
            json.WriteStartObject();
            WriteRoutes(json, AddressFamily.Ipv4Unicast, ipv4, session);
            json.WriteEndObject();
        }

        var reader = new WireReader(reach);
        var family = new AddressFamily(reader.U16(), reader.U8());
        var nextHop = reader.Take(reader.U8());
        reader.U8();
        var routes = reader.TakeRest();
        if (!reader.Failed)
        {
            json.WriteStartObject();
            switch (nextHop.Length)
            {
                case 4 or 16:
                    json.WriteString("next_hop", IpAddr.FromBytes(nextHop).ToString());
                    break;
                case 32:
                    json.WriteString("next_hop", IpAddr.FromBytes(nextHop[..16]).ToString());
                    json.WriteString("next_hop_link_local", IpAddr.FromBytes(nextHop[16..]).ToString());
                    break;
                default:
                    json.WriteString("next_hop_octets", Convert.ToHexStringLower(nextHop));
                    break;
            }

            WriteRoutes(json, family, routes, session);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRoutes(Utf8JsonWriter json, AddressFamily family, ReadOnlySpan<byte> field, SessionContext session)
    {
        json.WriteString("family", family.ToString());
        if (!DecodeContext.KnownFamilies.Contains(family))
        {
            json.WriteString("octets", Convert.ToHexStringLower(field));
            return;
        }

        var addPath = session.AddPathReceive.Contains(family);
        var fields = new List<NamedField>(12);
        var walker = new NlriWalker(family, field, addPath);
        var left = field;
        json.WriteStartArray("routes");
        while (walker.Next(out var route, out var pathId, out _))
        {
            left = field[^walker.RestLength..];
            json.WriteStartObject();
            if (addPath)
            {
                json.WriteNumber("path_id", pathId);
            }

            if (family == AddressFamily.L2VpnEvpn)
            {
                json.WriteNumber("route_type", route[0]);
                json.WriteString("name", EvpnRouteFields.TypeName(route[0]));
            }

            fields.Clear();
            if (TryDecode(family, route, fields, out var error))
            {
                WriteFields(json, fields);
            }
            else
            {
                json.WriteString("octets", Convert.ToHexStringLower(route));
                json.WriteString("error", error);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (!left.IsEmpty)
        {
            json.WriteString("octets", Convert.ToHexStringLower(left));
        }
    }

    private static bool TryDecode(AddressFamily family, ReadOnlySpan<byte> route, List<NamedField> fields, [NotNullWhen(false)] out string? error)
    {
        var reader = new WireReader(route);
        if (family == AddressFamily.L2VpnEvpn)
        {
            var (type, length) = (reader.U8(), reader.U8());
            if (!EvpnRouteFields.IsKnown(type))
            {
                fields.Add(NamedField.Of("octets", Convert.ToHexStringLower(reader.Take(length))));
                error = null;
                return true;
            }

            return EvpnRouteFields.TryDecode(type, reader.Take(length), fields, out error);
        }

        if (family == AddressFamily.RouteTargetMembership)
        {
            if (!RtMembershipRoute.TryDecode(ref reader, addPath: false, out var membership, out error))
            {
                return false;
            }

            fields.Add(NamedField.Of("prefix_length", membership.Length));
            if (!membership.IsDefault)
            {
                fields.Add(NamedField.Of("origin_as", membership.OriginAs));
                fields.Add(NamedField.Of("route_target", membership.Target?.ToString() ?? $"0x{membership.TargetBits:x16}"));
            }

            return true;
        }

        if (!UnicastRoute.TryDecode(ref reader, family == AddressFamily.Ipv4Unicast ? IpFamily.V4 : IpFamily.V6, addPath: false, out var unicast, out error))
        {
            return false;
        }

        fields.Add(NamedField.Of("prefix", unicast.Prefix));
        return true;
    }

    private static void WriteFields(Utf8JsonWriter json, List<NamedField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Text is { } text)
            {
                json.WriteString(field.Name, text);
            }
            else
            {
                json.WriteNumber(field.Name, field.Number);
            }
        }
    }
}
