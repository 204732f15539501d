using System.Text.Json;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Display;

/// <summary>One BGP message as the fields of one JSON object. Field names are stable; docs/bgp.md lists them.</summary>
public static class BgpJson
{
    /// <summary>Writes the fields of a message into the object that the caller has begun. Never throws on what the message holds.</summary>
    /// <param name="json">Where the fields go.</param>
    /// <param name="message">The whole message, header included, and nothing behind it.</param>
    /// <param name="context">What is known of the session.</param>
    /// <returns>Whether the message was well-formed.</returns>
    public static bool WriteFields(Utf8JsonWriter json, ReadOnlySpan<byte> message, DecodeContext context)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(context);
        var status = BgpFrame.Read(message, context.MaxMessageLength, out var type, out var length, out var error);
        if (status != FrameStatus.Complete || length != message.Length)
        {
            var text = error?.ToString() ?? $"the header says {length} octets, there are {message.Length}";
            json.WriteString("type", message.Length >= BgpFrame.HeaderLength && error is not { Subcode: BgpError.NotSynchronized } ? TypeName(type) : "unknown");
            json.WriteNumber("length", message.Length);
            json.WriteString("octets", Convert.ToHexStringLower(message));
            WriteErrors(json, [new(ErrorAction.ResetSession, text)]);
            WriteReset(json, error ?? new(BgpError.Header, BgpError.BadLength));
            return false;
        }

        json.WriteString("type", TypeName(type));
        json.WriteNumber("length", length);
        var body = message[BgpFrame.HeaderLength..];
        return type switch
        {
            BgpMessageType.Open => WriteOpen(json, body),
            BgpMessageType.Update => UpdateJson.Write(json, body, context),
            BgpMessageType.Notification => WriteNotification(json, body),
            BgpMessageType.RouteRefresh => WriteRouteRefresh(json, body),
            _ => true,
        };
    }

    /// <summary>The name of what a problem costs, by RFC 7606 section 2.</summary>
    public static string ClassName(ErrorAction action) => action switch
    {
        ErrorAction.DiscardAttribute => "discard-attribute",
        ErrorAction.TreatAsWithdraw => "treat-as-withdraw",
        ErrorAction.DisableFamily => "disable-family",
        ErrorAction.ResetSession => "session-reset",
        _ => "none",
    };

    internal static void WriteErrors(Utf8JsonWriter json, IReadOnlyList<UpdateProblem> problems)
    {
        if (problems.Count == 0)
        {
            return;
        }

        json.WriteString("error_class", ClassName(problems.Max(static p => p.Action)));
        json.WriteStartArray("errors");
        foreach (var problem in problems)
        {
            json.WriteStartObject();
            json.WriteString("class", ClassName(problem.Action));
            json.WriteString("text", problem.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>What a receiver would answer.</summary>
    internal static void WriteReset(Utf8JsonWriter json, NotificationMessage answer)
    {
        json.WriteStartObject("answer");
        WriteNotificationFields(json, answer);
        json.WriteEndObject();
    }

    private static string TypeName(BgpMessageType type) => type switch
    {
        BgpMessageType.Open => "open",
        BgpMessageType.Update => "update",
        BgpMessageType.Notification => "notification",
        BgpMessageType.Keepalive => "keepalive",
        BgpMessageType.RouteRefresh => "route-refresh",
        _ => "unknown",
    };

    private static bool WriteOpen(Utf8JsonWriter json, ReadOnlySpan<byte> body)
    {
        if (!OpenMessage.TryDecode(body, out var open, out var error))
        {
            json.WriteString("octets", Convert.ToHexStringLower(body));
            WriteErrors(json, [new(ErrorAction.ResetSession, error.ToString())]);
            WriteReset(json, error);
            return false;
        }

        json.WriteNumber("version", open.Version);
        json.WriteNumber("as_number", open.AsNumber);
        json.WriteNumber("my_as", open.MyAs);
        json.WriteNumber("hold_time", open.HoldTime);
        json.WriteString("identifier", open.Identifier.ToString());
        json.WriteStartArray("capabilities");
        foreach (var capability in open.Capabilities)
        {
            CapabilityJson.Write(json, capability);
        }

        json.WriteEndArray();
        return true;
    }

    private static bool WriteNotification(Utf8JsonWriter json, ReadOnlySpan<byte> body)
    {
        NotificationMessage.TryDecode(body, out var message);
        WriteNotificationFields(json, message);
        return true;
    }

    private static void WriteNotificationFields(Utf8JsonWriter json, NotificationMessage message)
    {
        json.WriteNumber("code", message.Code);
        json.WriteNumber("subcode", message.Subcode);
        json.WriteString("text", BgpError.Name(message.Code, message.Subcode));
        if (message.ShutdownText is { } shutdown)
        {
            json.WriteString("communication", shutdown);
        }
        else if (message.Data.Length > 0)
        {
            json.WriteString("data", message.Data.ToString());
        }
    }

    /// <summary>RFC 2918 section 3, RFC 7313 section 3.2: | AFI 2 | subtype 1 | SAFI 1 |; RFC 5291 lets filter entries follow.</summary>
    private static bool WriteRouteRefresh(Utf8JsonWriter json, ReadOnlySpan<byte> body)
    {
        var reader = new WireReader(body);
        var afi = reader.U16();
        var subtype = (RouteRefreshSubtype)reader.U8();
        json.WriteString("family", new AddressFamily(afi, reader.U8()).ToString());
        json.WriteNumber("subtype", (byte)subtype);
        json.WriteString("name", subtype switch
        {
            RouteRefreshSubtype.Request => "request",
            RouteRefreshSubtype.Begin => "begin",
            RouteRefreshSubtype.End => "end",
            _ => "unknown",
        });
        var filters = reader.TakeRest();
        if (filters.IsEmpty)
        {
            return true;
        }

        json.WriteString("octets", Convert.ToHexStringLower(filters));
        if (subtype is not (RouteRefreshSubtype.Begin or RouteRefreshSubtype.End))
        {
            return true;
        }

        // RFC 7313 section 5: the length of a marker is fixed.
        var answer = new NotificationMessage(BgpError.RouteRefresh, 1);
        WriteErrors(json, [new(ErrorAction.ResetSession, answer.ToString())]);
        WriteReset(json, answer);
        return false;
    }
}
