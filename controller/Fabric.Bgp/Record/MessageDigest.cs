using System.Globalization;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Record;

/// <summary>What the codec makes of a message, in a line: enough to see that it made the same of it again.</summary>
internal static class MessageDigest
{
    /// <summary>The digest; never throws on what the message holds.</summary>
    public static string Of(ReadOnlySpan<byte> message, SessionContext? context)
    {
        var status = BgpFrame.Read(message, context?.MaxMessageLength ?? BgpFrame.MaxLength, out var type, out var length, out var error);
        if (status != FrameStatus.Complete || length != message.Length)
        {
            return $"bad frame: {error?.ToString() ?? "length"}";
        }

        var body = message[BgpFrame.HeaderLength..];
        return type switch
        {
            BgpMessageType.Open => OpenMessage.TryDecode(body, out var open, out var fault) ? open.ToString() : $"bad OPEN: {fault}",
            BgpMessageType.Notification => NotificationMessage.TryDecode(body, out var notification) ? $"NOTIFICATION {notification}" : "bad NOTIFICATION",
            BgpMessageType.Update when context is not null => Of(UpdateMessage.Decode(body, context)),
            _ => $"{type}, {message.Length} octets",
        };
    }

    /// <summary>The OPEN or NOTIFICATION in a message must be the one of the event; null when it is.</summary>
    public static string? Contradiction(ReadOnlySpan<byte> message, PeerEvent e)
    {
        if (message.Length < BgpFrame.HeaderLength)
        {
            return null;
        }

        var body = message[BgpFrame.HeaderLength..];
        return e switch
        {
            PeerEvent.BgpOpen open when !OpenMessage.TryDecode(body, out var decoded, out _) || !decoded.Equals(open.Message) => "the OPEN in the octets is not the one of the event",
            PeerEvent.NotifMsg notif when !NotificationMessage.TryDecode(body, out var decoded) || decoded != notif.Message => "the NOTIFICATION in the octets is not the one of the event",
            _ => null,
        };
    }

    private static string Of(UpdateMessage update) => string.Create(
        CultureInfo.InvariantCulture,
        $"UPDATE {update.Action}, EVPN {update.EvpnAnnounced.Count} announced {update.EvpnWithdrawn.Count} withdrawn, IPv4 {update.Ipv4Announced.Length} and {update.Ipv4Withdrawn.Length} octets, attributes {update.Attributes?.ExtendedCommunities.Length ?? -1} next hop {update.Attributes?.NextHop}, {string.Join("; ", update.Problems.Select(static p => p.Text))}");
}
