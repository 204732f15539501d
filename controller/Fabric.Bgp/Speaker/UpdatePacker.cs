using System.Buffers.Binary;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Speaker;

/// <summary>Packs routes that share attributes into as few UPDATE messages as they fit. Belongs to the engine.</summary>
/// <remarks>Octets of routes are copied as they are; only the attributes are encoded, once a message.</remarks>
internal sealed class UpdatePacker(RouteTable table)
{
    private const int PathIdLength = 4;

    private readonly byte[] _attributes = new byte[BgpFrame.MaxExtendedLength];

    /// <summary>Called with each block that holds messages; the callee shares what it keeps.</summary>
    public delegate void Sink(OutputBlock block, int start, int length);

    /// <summary>Announces paths that go out with the same attributes.</summary>
    public void Announce(UpdateGroup group, PathAttributes attributes, List<int> paths, ref OutputBlock block, Sink sink)
    {
        var family = group.Key.Family;
        var plainIpv4 = family == FamilyIndex.Ipv4 && attributes.NextHop is { IsV4: true };
        var writer = new WireWriter(_attributes);
        UpdateEncoder.EncodeAttributes(ref writer, attributes, plainIpv4 ? attributes.NextHop : null, group.Context);
        if (writer.Failed)
        {
            return; // cannot be: what came in a message fits into one
        }

        var shared = writer.Written;
        var nextHop = attributes.NextHop ?? default;
        var reachHeader = plainIpv4 ? 0 : 4 + 5 + nextHop.ByteLength;
        var room = group.Context.MaxMessageLength - BgpFrame.HeaderLength - 4 - shared.Length - reachHeader;
        for (var from = 0; from < paths.Count;)
        {
            var to = Fit(paths, from, room, group.Key.AddPath, out var octets);
            if (to == from)
            {
                from++; // its attributes leave no room for it in a message of this session
                continue;
            }

            var length = BgpFrame.HeaderLength + 4 + shared.Length + (plainIpv4 ? octets : ReachLength(octets, nextHop.ByteLength));
            var start = Begin(ref block, length);
            var message = new WireWriter(block.Octets.AsSpan(start, length));
            BgpFrame.Begin(ref message, BgpMessageType.Update);
            message.U16(0);
            message.U16((ushort)(length - BgpFrame.HeaderLength - 4 - (plainIpv4 ? octets : 0)));
            if (!plainIpv4)
            {
                var value = 5 + nextHop.ByteLength + octets;
                BeginAttribute(ref message, AttributeTable.MpReachCode, value);
                message.U16(family.Family().Afi);
                message.U8(family.Family().Safi);
                message.U8((byte)nextHop.ByteLength);
                message.Ip(nextHop);
                message.U8(0);
                Copy(paths, from, to, group.Key.AddPath, message.Reserve(octets));
                message.Bytes(shared);
            }
            else
            {
                message.Bytes(shared);
                Copy(paths, from, to, group.Key.AddPath, message.Reserve(octets));
            }

            BgpFrame.End(ref message, 0);
            block.Length = start + length;
            sink(block, start, length);
            from = to;
        }
    }

    /// <summary>Withdraws routes, of which a path each is given.</summary>
    public void Withdraw(UpdateGroup group, List<int> paths, ref OutputBlock block, Sink sink)
    {
        var family = group.Key.Family;
        var plainIpv4 = family == FamilyIndex.Ipv4;
        var room = group.Context.MaxMessageLength - BgpFrame.HeaderLength - 4 - (plainIpv4 ? 0 : 4 + 3);
        for (var from = 0; from < paths.Count;)
        {
            var to = Fit(paths, from, room, group.Key.AddPath, out var octets);
            var header = 3 + octets > 255 ? 4 : 3;
            var length = BgpFrame.HeaderLength + 4 + (plainIpv4 ? octets : header + 3 + octets);
            var start = Begin(ref block, length);
            var message = new WireWriter(block.Octets.AsSpan(start, length));
            BgpFrame.Begin(ref message, BgpMessageType.Update);
            if (plainIpv4)
            {
                message.U16((ushort)octets);
                Copy(paths, from, to, group.Key.AddPath, message.Reserve(octets));
                message.U16(0);
            }
            else
            {
                message.U16(0);
                message.U16((ushort)(header + 3 + octets));
                BeginAttribute(ref message, AttributeTable.MpUnreachCode, 3 + octets);
                message.U16(family.Family().Afi);
                message.U8(family.Family().Safi);
                Copy(paths, from, to, group.Key.AddPath, message.Reserve(octets));
            }

            BgpFrame.End(ref message, 0);
            block.Length = start + length;
            sink(block, start, length);
            from = to;
        }
    }

    private static int ReachLength(int octets, int nextHop) => (5 + nextHop + octets > 255 ? 4 : 3) + 5 + nextHop + octets;

    private static void BeginAttribute(ref WireWriter writer, byte code, int length)
    {
        writer.U8((byte)(AttributeFlags.Optional | (length > 255 ? AttributeFlags.ExtendedLength : AttributeFlags.None)));
        writer.U8(code);
        if (length > 255)
        {
            writer.U16((ushort)length);
        }
        else
        {
            writer.U8((byte)length);
        }
    }

    private static int Begin(ref OutputBlock block, int length)
    {
        if (OutputBlock.Size - block.Length < length)
        {
            block.Release();
            block = OutputBlock.Rent();
        }

        return block.Length;
    }

    private int Fit(List<int> paths, int from, int room, bool addPath, out int octets)
    {
        octets = 0;
        var to = from;
        for (; to < paths.Count; to++)
        {
            var length = table.Path(paths[to]).NlriLength + (addPath ? PathIdLength : 0);
            if (octets + length > room)
            {
                break;
            }

            octets += length;
        }

        return to;
    }

    private void Copy(List<int> paths, int from, int to, bool addPath, Span<byte> into)
    {
        for (var i = from; i < to; i++)
        {
            if (addPath)
            {
                // The place of a path in the table tells it from the others of its route as long as it lives.
                BinaryPrimitives.WriteUInt32BigEndian(into, (uint)paths[i]);
                into = into[PathIdLength..];
            }

            var nlri = table.Nlri(table.Path(paths[i]));
            nlri.CopyTo(into);
            into = into[nlri.Length..];
        }
    }
}
