using System.Text;
using System.Text.Json;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Display;

/// <summary>Writes the capabilities of an OPEN as JSON. A value that does not fit its code is shown as octets.</summary>
internal static class CapabilityJson
{
    private const byte RoleCode = 9;
    private const byte LongLivedGracefulRestartCode = 71;

    public static void Write(Utf8JsonWriter json, Capability capability)
    {
        json.WriteStartObject();
        json.WriteNumber("code", capability.Code);
        json.WriteString("name", Name(capability.Code));
        if (!TryWriteValue(json, capability))
        {
            json.WriteString("octets", capability.Value.ToString());
        }

        json.WriteEndObject();
    }

    /// <summary>The rows of an add-path capability; none when its length is wrong.</summary>
    public static List<(AddressFamily Family, AddPathMode Mode)> AddPathRows(Octets value)
    {
        var rows = new List<(AddressFamily, AddPathMode)>();
        var reader = new WireReader(value.Span);
        while (!reader.AtEnd)
        {
            rows.Add((Family(ref reader), (AddPathMode)reader.U8()));
        }

        return reader.Failed ? [] : rows;
    }

    private static string Name(byte code) => code switch
    {
        Capability.MultiprotocolCode => "multiprotocol",
        Capability.RouteRefreshCode => "route_refresh",
        Capability.ExtendedNextHopCode => "extended_next_hop",
        Capability.ExtendedMessageCode => "extended_message",
        RoleCode => "role",
        Capability.GracefulRestartCode => "graceful_restart",
        Capability.FourOctetAsCode => "four_octet_as",
        Capability.AddPathCode => "add_path",
        Capability.EnhancedRouteRefreshCode => "enhanced_route_refresh",
        LongLivedGracefulRestartCode => "long_lived_graceful_restart",
        Capability.FqdnCode => "fqdn",
        _ => "unknown",
    };

    private static bool TryWriteValue(Utf8JsonWriter json, Capability capability)
    {
        var value = capability.Value.Span;
        var reader = new WireReader(value);
        switch (capability.Code)
        {
            case Capability.MultiprotocolCode when capability.Family is { } family:
                json.WriteString("family", family.ToString());
                return true;
            case Capability.FourOctetAsCode when capability.AsNumber is { } number:
                json.WriteNumber("as_number", number);
                return true;
            case Capability.RouteRefreshCode or Capability.ExtendedMessageCode or Capability.EnhancedRouteRefreshCode:
                return value.IsEmpty;
            case RoleCode when value.Length == 1:
                json.WriteNumber("role", value[0]);
                return true;
            case Capability.ExtendedNextHopCode when value.Length % 6 == 0:
                json.WriteStartArray("families");
                while (!reader.AtEnd)
                {
                    json.WriteStartObject();
                    json.WriteString("family", new AddressFamily(reader.U16(), (byte)reader.U16()).ToString());
                    json.WriteNumber("next_hop_afi", reader.U16());
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                return true;
            case Capability.GracefulRestartCode when value.Length >= 2 && value.Length % 4 == 2:
                WriteGracefulRestart(json, ref reader);
                return true;
            case Capability.AddPathCode when value.Length % 4 == 0:
                json.WriteStartArray("families");
                foreach (var (family, mode) in AddPathRows(capability.Value))
                {
                    json.WriteStartObject();
                    json.WriteString("family", family.ToString());
                    json.WriteBoolean("send", mode.HasFlag(AddPathMode.Send));
                    json.WriteBoolean("receive", mode.HasFlag(AddPathMode.Receive));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                return true;
            case LongLivedGracefulRestartCode when value.Length % 7 == 0:
                json.WriteStartArray("families");
                while (!reader.AtEnd)
                {
                    json.WriteStartObject();
                    json.WriteString("family", Family(ref reader).ToString());
                    json.WriteBoolean("forwarding", (reader.U8() & 0x80) != 0);
                    json.WriteNumber("stale_time", reader.U24());
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                return true;
            case Capability.FqdnCode:
                var host = reader.Take(reader.U8());
                var domain = reader.Take(reader.U8());
                if (reader.Failed || !reader.AtEnd)
                {
                    return false;
                }

                json.WriteString("host", Encoding.UTF8.GetString(host));
                json.WriteString("domain", Encoding.UTF8.GetString(domain));
                return true;
            default:
                return false;
        }
    }

    /// <summary>RFC 4724 section 3, RFC 8538 section 2: | flags 4 bits, restart time 12 bits | rows of AFI 2, SAFI 1, flags 1 |.</summary>
    private static void WriteGracefulRestart(Utf8JsonWriter json, ref WireReader reader)
    {
        int first = reader.U16();
        json.WriteBoolean("restarted", (first & 0x8000) != 0);
        json.WriteBoolean("notification", (first & 0x4000) != 0);
        json.WriteNumber("restart_time", first & 0xfff);
        json.WriteStartArray("families");
        while (!reader.AtEnd)
        {
            json.WriteStartObject();
            json.WriteString("family", Family(ref reader).ToString());
            json.WriteBoolean("forwarding", (reader.U8() & 0x80) != 0);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static AddressFamily Family(ref WireReader reader) => new(reader.U16(), reader.U8());
}
