using System.Buffers;
using System.Text.Json;
using Fabric.Bgp.Display;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Fuzz;

/// <summary>What must hold for any octets whatever. Not for several threads.</summary>
public sealed class CodecCheck
{
    private static readonly DecodeContext[] Displays =
    [
        DecodeContext.Unknown with { Families = DecodeContext.KnownFamilies },
        DecodeContext.Unknown with { Families = DecodeContext.KnownFamilies, IsInternal = false, ExtendedMessage = true },
        DecodeContext.Unknown with { Families = DecodeContext.KnownFamilies, FourOctetAs = false },
        DecodeContext.Unknown with { Families = DecodeContext.KnownFamilies, AddPath = DecodeContext.KnownFamilies },
        DecodeContext.Unknown,
    ];

    private static readonly SessionContext[] Sessions =
    [
        .. Displays.Select(static d => new SessionContext(d.FourOctetAs, d.IsInternal, d.Families ?? DecodeContext.KnownFamilies, d.MaxMessageLength)
        {
            AddPathReceive = d.AddPath,
        }),
    ];

    private readonly byte[] _room = new byte[2 * BgpFrame.MaxExtendedLength];
    private readonly ArrayBufferWriter<byte> _json = new(64 * 1024);

    /// <summary>How many contexts there are.</summary>
    public static int Contexts => Sessions.Length;

    /// <summary>Looks at a message in one context.</summary>
    /// <param name="message">Any octets.</param>
    /// <param name="context">Which context, from 0.</param>
    /// <param name="show">Whether to make JSON of it too.</param>
    /// <returns>What does not hold; null when all does.</returns>
    public string? Violation(ReadOnlySpan<byte> message, int context, bool show)
    {
        var session = Sessions[context];
        var status = BgpFrame.Read(message, session.MaxMessageLength, out var type, out var length, out var error);
        if ((status == FrameStatus.Bad) != (error is not null))
        {
            return "a bad frame and its notification do not go together";
        }

        if (status == FrameStatus.Complete && (length < BgpFrame.HeaderLength || length > message.Length))
        {
            return $"a complete message of {length} octets";
        }

        // What stands behind the header is decoded as every type, also when the frame is bad.
        var body = message[Math.Min(BgpFrame.HeaderLength, message.Length)..(status == FrameStatus.Complete ? length : message.Length)];
        return Open(body) ?? Notification(body) ?? Update(body, session) ?? (show ? Json(message, status, type, length, context) : null);
    }

    private string? Open(ReadOnlySpan<byte> body)
    {
        if (OpenMessage.TryDecode(body, out var open, out var error) != (error is null))
        {
            return "an OPEN is refused without a notification";
        }

        if (open is null)
        {
            return null;
        }

        _ = open.Families;
        var writer = new WireWriter(_room);
        open.Encode(ref writer);
        return writer.Failed || OpenMessage.TryDecode(writer.Written[BgpFrame.HeaderLength..], out var again, out _) && open.Equals(again)
            ? null
            : "an OPEN is not the same again";
    }

    private static string? Notification(ReadOnlySpan<byte> body)
    {
        var good = NotificationMessage.TryDecode(body, out var message);
        _ = message.ShutdownText;
        return good == body.Length >= 2 ? null : "a NOTIFICATION of a wrong length";
    }

    private string? Update(ReadOnlySpan<byte> body, SessionContext session)
    {
        var update = UpdateMessage.Decode(body, session);
        if ((update.Action == ErrorAction.None) != update.Problems.IsEmpty)
        {
            return $"class {update.Action} with {update.Problems.Length} problems";
        }

        if ((update.Action == ErrorAction.ResetSession) != (update.Reset is not null))
        {
            return "a reset without a notification, or the other way round";
        }

        if (update.Action < ErrorAction.ResetSession && update.EvpnAnnounced.Count > 0 && update.Attributes is null)
        {
            return "routes without attributes";
        }

        var again = UpdateMessage.Decode(body, session);
        if (again.Action != update.Action || !again.Problems.AsSpan().SequenceEqual(update.Problems.AsSpan()))
        {
            return $"first {update.Action}, then {again.Action}";
        }

        // Path identifiers are no part of a decoded message.
        return update.Action == ErrorAction.None && session.AddPathReceive.IsEmpty ? RoundTrip(update, session) : null;
    }

    private string? RoundTrip(UpdateMessage update, SessionContext session)
    {
        var writer = new WireWriter(_room);
        update.Encode(ref writer, session);
        if (writer.Failed || writer.Position > BgpFrame.MaxExtendedLength)
        {
            return null;
        }

        var again = UpdateMessage.Decode(writer.Written[BgpFrame.HeaderLength..], session);
        if (!again.Problems.IsEmpty)
        {
            return $"written anew it is malformed: {again.Problems[0].Text}";
        }

        // Attributes without routes are not kept; AS4_PATH is merged into AS_PATH.
        var announces = update.EvpnAnnounced.Count > 0 || update.OtherAnnounced is not null;
        if (announces && session.FourOctetAs && !update.Attributes!.Equals(again.Attributes))
        {
            return "attributes are not the same again";
        }

        return Same(update.EvpnAnnounced, again.EvpnAnnounced)
            && Same(update.EvpnWithdrawn, again.EvpnWithdrawn)
            && update.Ipv4Announced == again.Ipv4Announced
            && update.Ipv4Withdrawn == again.Ipv4Withdrawn
            && update.Ipv4NextHop == again.Ipv4NextHop
            && update.OtherAnnounced == again.OtherAnnounced
            && update.OtherWithdrawn == again.OtherWithdrawn
            ? null
            : "routes are not the same again";
    }

    private string? Json(ReadOnlySpan<byte> message, FrameStatus status, BgpMessageType type, int length, int context)
    {
        _json.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_json);
        json.WriteStartObject();
        var wellFormed = BgpJson.WriteFields(json, message, Displays[context]);
        json.WriteEndObject();
        json.Flush();
        if (wellFormed && (status != FrameStatus.Complete || length != message.Length))
        {
            return "a broken frame is shown as well-formed";
        }

        if (status == FrameStatus.Complete && length == message.Length && type == BgpMessageType.Update && Displays[context].Families is not null)
        {
            var action = UpdateMessage.Decode(message[BgpFrame.HeaderLength..], Sessions[context]).Action;
            return wellFormed == (action == ErrorAction.None) ? null : "shown and decoded do not agree";
        }

        return null;
    }

    private static bool Same(EvpnRouteSet a, EvpnRouteSet b) =>
        a.AutoDiscovery.SequenceEqual(b.AutoDiscovery) && a.MacIp.SequenceEqual(b.MacIp) && a.Multicast.SequenceEqual(b.Multicast)
        && a.Segment.SequenceEqual(b.Segment) && a.Prefix.SequenceEqual(b.Prefix) && a.Opaque.SequenceEqual(b.Opaque);
}
