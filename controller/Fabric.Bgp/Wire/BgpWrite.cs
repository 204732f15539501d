namespace Fabric.Bgp.Wire;

/// <summary>Whole messages into a caller's span.</summary>
public static class BgpWrite
{
    /// <summary>A KEEPALIVE: nothing but the header.</summary>
    public static void Keepalive(ref WireWriter writer)
    {
        var start = writer.Position;
        BgpFrame.Begin(ref writer, BgpMessageType.Keepalive);
        BgpFrame.End(ref writer, start);
    }

    /// <summary>A NOTIFICATION.</summary>
    public static void Notification(ref WireWriter writer, NotificationMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var start = writer.Position;
        BgpFrame.Begin(ref writer, BgpMessageType.Notification);
        writer.U8(message.Code);
        writer.U8(message.Subcode);
        writer.Bytes(message.Data.Span);
        BgpFrame.End(ref writer, start);
    }

    /// <summary>A ROUTE-REFRESH, RFC 2918 section 3 and RFC 7313: | AFI 2 | subtype 1 | SAFI 1 |.</summary>
    public static void RouteRefresh(ref WireWriter writer, AddressFamily family, byte subtype = 0)
    {
        var start = writer.Position;
        BgpFrame.Begin(ref writer, BgpMessageType.RouteRefresh);
        writer.U16(family.Afi);
        writer.U8(subtype);
        writer.U8(family.Safi);
        BgpFrame.End(ref writer, start);
    }

    /// <summary>An End-of-RIB marker, RFC 4724 section 2.</summary>
    public static void EndOfRib(ref WireWriter writer, AddressFamily family)
    {
        var start = writer.Position;
        BgpFrame.Begin(ref writer, BgpMessageType.Update);
        writer.U16(0);
        if (family == AddressFamily.Ipv4Unicast)
        {
            writer.U16(0);
        }
        else
        {
            writer.U16(6);
            writer.U8(0x80);
            writer.U8(15);
            writer.U8(3);
            writer.U16(family.Afi);
            writer.U8(family.Safi);
        }

        BgpFrame.End(ref writer, start);
    }
}
