using System.Buffers.Binary;

namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>Writes the few messages that a load needs. Apart from the product's codec on purpose: it is a witness.</summary>
public static class MessageWriter
{
    /// <summary>Octets of the header.</summary>
    public const int HeaderLength = 19;

    /// <summary>Longest message without RFC 8654.</summary>
    public const int MaxLength = 4096;

    /// <summary>Seconds without a message after which a session is dead.</summary>
    public const ushort HoldSeconds = 180;

    /// <summary>OPEN with EVPN, route refresh, four-octet AS and, if wanted, route-target membership.</summary>
    public static byte[] Open(uint identifier, bool routeTargets)
    {
        List<byte> capabilities = [1, 4, 0, 25, 0, 70, 2, 0, 65, 4, 0, 0, RouteSet.Asn >> 8, RouteSet.Asn & 255];
        if (routeTargets)
        {
            capabilities.AddRange([1, 4, 0, 1, 0, 132]);
        }

        var message = new byte[HeaderLength + 12 + capabilities.Count];
        var body = message.AsSpan(HeaderLength);
        body[0] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(body[1..], RouteSet.Asn);
        BinaryPrimitives.WriteUInt16BigEndian(body[3..], HoldSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(body[5..], identifier);
        body[9] = (byte)(2 + capabilities.Count);
        body[10] = 2;
        body[11] = (byte)capabilities.Count;
        capabilities.ToArray().CopyTo(body[12..]);
        Header(message, MessageType.Open);
        return message;
    }

    /// <summary>KEEPALIVE.</summary>
    public static byte[] Keepalive()
    {
        var message = new byte[HeaderLength];
        Header(message, MessageType.Keepalive);
        return message;
    }

    /// <summary>The VNIs whose route targets a client wants, and the end of that list.</summary>
    /// <remarks>RFC 4684 section 4: prefix length 96 bits, origin AS, route target.</remarks>
    public static byte[] Membership(IReadOnlyCollection<int> vnis, uint nextHop)
    {
        var nlri = 13 * vnis.Count;
        var buffer = new byte[MaxLength];
        var writer = new SpanWriter(buffer.AsSpan(HeaderLength + 4));
        writer.Attribute(0x40, 1, [0]);
        writer.Attribute(0x40, 2, []);
        writer.Attribute(0x40, 5, [0, 0, 0, 100]);
        writer.Bytes([0x90, 14, (byte)((9 + nlri) >> 8), (byte)(9 + nlri), 0, 1, 132, 4]);
        writer.U32(nextHop);
        writer.U8(0);
        foreach (var vni in vnis)
        {
            writer.U8(96);
            writer.U32(RouteSet.Asn);
            RouteSet.RouteTarget(writer.Take(8), vni);
        }

        BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(HeaderLength + 2), (ushort)writer.Position);
        var membership = buffer.AsSpan(0, HeaderLength + 4 + writer.Position).ToArray();
        Header(membership, MessageType.Update);
        byte[] end = new byte[HeaderLength + 10];
        new byte[] { 0, 0, 0, 6, 0x80, 15, 3, 0, 1, 132 }.CopyTo(end, HeaderLength);
        Header(end, MessageType.Update);
        return [.. membership, .. end];
    }

    /// <summary>An UPDATE with routes that share their attributes.</summary>
    /// <param name="to">Where to write, at least <see cref="MaxLength"/> octets.</param>
    /// <param name="set">What the routes are.</param>
    /// <param name="first">The first route.</param>
    /// <param name="nlri">The routes as octets.</param>
    /// <param name="generation">How often all routes were announced before.</param>
    /// <param name="sequence">MAC mobility sequence number, or none.</param>
    /// <param name="reflection">What a reflector has added, or none.</param>
    /// <returns>Octets written.</returns>
    public static int Update(
        Span<byte> to, RouteSet set, int first, ReadOnlySpan<byte> nlri, uint generation, uint? sequence, ReflectionMarks? reflection = null)
    {
        var writer = new SpanWriter(to[(HeaderLength + 4)..]);
        var length = 9 + nlri.Length;
        writer.Bytes([0x90, 14, (byte)(length >> 8), (byte)length, 0, 25, 70, 4]);
        writer.U32(set.NextHop(first));
        writer.U8(0);
        writer.Bytes(nlri);
        writer.Attribute(0x40, 1, [0]);
        writer.Attribute(0x40, 2, []);

        // FRR gives routes without MED one of zero; with it they are the same for everybody.
        writer.Attribute(0x80, 4, [0, 0, 0, 0]);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, RouteSet.LocalPreference(generation));
        writer.Attribute(0x40, 5, number);
        if (set.OwnAttributes)
        {
            BinaryPrimitives.WriteUInt32BigEndian(number, set.Community(first));
            writer.Attribute(0xC0, 8, number);
        }

        if (reflection is { } marks)
        {
            BinaryPrimitives.WriteUInt32BigEndian(number, marks.Originator);
            writer.Attribute(0x80, 9, number);
            BinaryPrimitives.WriteUInt32BigEndian(number, marks.Cluster);
            writer.Attribute(0x80, 10, number);
        }

        Span<byte> communities = stackalloc byte[RouteSet.MovedCommunitiesLength];
        writer.Attribute(0xC0, 16, set.WriteCommunities(communities, first, sequence));
        to[HeaderLength] = 0;
        to[HeaderLength + 1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(to[(HeaderLength + 2)..], (ushort)writer.Position);
        var total = HeaderLength + 4 + writer.Position;
        Header(to[..total], MessageType.Update);
        return total;
    }

    private static void Header(Span<byte> message, MessageType type)
    {
        message[..16].Fill(255);
        BinaryPrimitives.WriteUInt16BigEndian(message[16..], (ushort)message.Length);
        message[18] = (byte)type;
    }

    private ref struct SpanWriter(Span<byte> to)
    {
        private readonly Span<byte> _to = to;

        public int Position { get; private set; }

        public Span<byte> Take(int count)
        {
            Position += count;
            return _to.Slice(Position - count, count);
        }

        public void U8(byte value) => Take(1)[0] = value;

        public void U32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

        public void Bytes(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

        public void Attribute(byte flags, byte code, scoped ReadOnlySpan<byte> value)
        {
            Bytes([flags, code, (byte)value.Length]);
            Bytes(value);
        }
    }
}
