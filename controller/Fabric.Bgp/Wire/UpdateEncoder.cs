using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>Writes UPDATE messages. MP_REACH_NLRI goes first (RFC 7606 section 5.1), the rest by code.</summary>
internal static class UpdateEncoder
{
    public static void Encode(ref WireWriter writer, UpdateMessage update, SessionContext context)
    {
        var start = writer.Position;
        BgpFrame.Begin(ref writer, BgpMessageType.Update);
        writer.U16((ushort)update.Ipv4Withdrawn.Length);
        writer.Bytes(update.Ipv4Withdrawn.Span);
        var lengthAt = writer.Position;
        writer.U16(0);

        if (update.EvpnAnnounced.Count > 0)
        {
            var at = Begin(ref writer, AttributeFlags.Optional, AttributeTable.MpReachCode);
            Family(ref writer, AddressFamily.L2VpnEvpn);
            var nextHop = update.Attributes?.NextHop ?? default;
            writer.U8((byte)nextHop.ByteLength);
            writer.Ip(nextHop);
            writer.U8(0);
            EvpnNlri.Encode(ref writer, update.EvpnAnnounced);
            End(ref writer, at);
        }
        else if (update.OtherAnnounced is { } other)
        {
            var at = Begin(ref writer, AttributeFlags.Optional, AttributeTable.MpReachCode);
            Family(ref writer, other.Family);
            writer.U8((byte)other.NextHop.Length);
            writer.Bytes(other.NextHop.Span);
            writer.U8(0);
            writer.Bytes(other.Routes.Span);
            End(ref writer, at);
        }

        if (update.EvpnWithdrawn.Count > 0 || (update.EndOfRib is { } family && family != AddressFamily.Ipv4Unicast) || update.OtherWithdrawn is not null)
        {
            var at = Begin(ref writer, AttributeFlags.Optional, AttributeTable.MpUnreachCode);
            Family(ref writer, update.EndOfRib ?? update.OtherWithdrawn?.Family ?? AddressFamily.L2VpnEvpn);
            writer.Bytes((update.OtherWithdrawn?.Routes ?? default).Span);
            EvpnNlri.Encode(ref writer, update.EvpnWithdrawn);
            End(ref writer, at);
        }

        if (update.Attributes is { } attributes)
        {
            EncodeAttributes(ref writer, attributes, update.Ipv4NextHop, context);
        }

        writer.PatchU16(lengthAt, writer.Position - lengthAt - 2);
        writer.Bytes(update.Ipv4Announced.Span);
        BgpFrame.End(ref writer, start);
    }

    /// <summary>Writes all attributes but MP_REACH_NLRI and MP_UNREACH_NLRI, by code.</summary>
    public static void EncodeAttributes(ref WireWriter writer, PathAttributes attributes, IpAddr? ipv4NextHop, SessionContext context)
    {
        foreach (var row in AttributeTable.Rows)
        {
            var failedBefore = writer.Failed;
            var at = Begin(ref writer, row.Flags, row.Code);
            if (row.Code == AttributeTable.NextHopCode && ipv4NextHop is { } nextHop)
            {
                writer.Ip(nextHop);
                End(ref writer, at);
            }
            else if (row.Encode(ref writer, attributes, context))
            {
                End(ref writer, at);
            }
            else if (!failedBefore)
            {
                writer.Rewind(at);
            }
        }

        foreach (var unknown in attributes.Unknown)
        {
            var at = Begin(ref writer, unknown.Flags, unknown.Code);
            writer.Bytes(unknown.Value.Span);
            End(ref writer, at);
        }
    }

    private static void Family(ref WireWriter writer, AddressFamily family)
    {
        writer.U16(family.Afi);
        writer.U8(family.Safi);
    }

    private static int Begin(ref WireWriter writer, AttributeFlags flags, byte code)
    {
        var at = writer.Position;
        writer.U8((byte)(flags & ~AttributeFlags.ExtendedLength));
        writer.U8(code);
        writer.U8(0);
        return at;
    }

    /// <summary>Fills in the length; a value beyond 255 octets moves by one for the second length octet.</summary>
    private static void End(ref WireWriter writer, int at)
    {
        var length = writer.Position - at - 3;
        if (length <= 255)
        {
            writer.PatchU8(at + 2, length);
            return;
        }

        writer.Insert(at + 2);
        if (!writer.Failed)
        {
            writer.PatchU8(at, writer.Written[at] | (byte)AttributeFlags.ExtendedLength);
            writer.PatchU16(at + 2, length);
        }
    }
}
