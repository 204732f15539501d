using System.Collections.Immutable;
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
            case Capability.ExtendedNextHopCode when capability.AsExtendedNextHops() is { } nextHops:
                WriteFamilies(json, nextHops, static n => n.Family, static (json, n) => json.WriteNumber("next_hop_afi", n.NextHopAfi));
                return true;
            case Capability.GracefulRestartCode when capability.AsGracefulRestart() is { } restart:
                json.WriteBoolean("restarted", restart.Restarting);
                json.WriteBoolean("notification", restart.Notification);
                json.WriteNumber("restart_time", (int)restart.RestartTime.TotalSeconds);
                WriteFamilies(json, restart.Families, static f => f.Family, static (json, f) => json.WriteBoolean("forwarding", f.ForwardingPreserved));
                return true;
            case Capability.AddPathCode when capability.AsAddPath() is { } offers:
                WriteFamilies(
                    json,
                    offers,
                    static o => o.Family,
                    static (json, o) =>
                    {
                        json.WriteBoolean("send", o.Directions.HasFlag(AddPathDirections.Send));
                        json.WriteBoolean("receive", o.Directions.HasFlag(AddPathDirections.Receive));
                    });
                return true;
            case LongLivedGracefulRestartCode when value.Length % 7 == 0:
                WriteLongLived(json, value);
                return true;
            case Capability.FqdnCode when capability.AsFqdn() is { } name:
                json.WriteString("host", name.Host);
                json.WriteString("domain", name.Domain);
                return true;
            default:
                return false;
        }
    }

    private static void WriteFamilies<T>(Utf8JsonWriter json, ImmutableArray<T> rows, Func<T, AddressFamily> family, Action<Utf8JsonWriter, T> more)
    {
        json.WriteStartArray("families");
        foreach (var row in rows)
        {
            json.WriteStartObject();
            json.WriteString("family", family(row).ToString());
            more(json, row);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>RFC 9494 section 3: rows of | AFI 2 | SAFI 1 | flags 1 | stale time 3 |. Shown only.</summary>
    private static void WriteLongLived(Utf8JsonWriter json, ReadOnlySpan<byte> value)
    {
        var reader = new WireReader(value);
        json.WriteStartArray("families");
        while (!reader.AtEnd)
        {
            json.WriteStartObject();
            json.WriteString("family", new AddressFamily(reader.U16(), reader.U8()).ToString());
            json.WriteBoolean("forwarding", (reader.U8() & 0x80) != 0);
            json.WriteNumber("stale_time", reader.U24());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
