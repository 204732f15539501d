using System.Collections.Immutable;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>Reads a value into the draft; calls <see cref="WireReader.Fail"/> when it is malformed. Octets left over are a failure too.</summary>
internal delegate void AttributeDecoder(ref WireReader value, AttributeDraft draft, SessionContext context);

/// <summary>Writes the value when the attribute is there; false when it is not.</summary>
internal delegate bool AttributeEncoder(ref WireWriter writer, PathAttributes attributes, SessionContext context);

/// <summary>One known attribute.</summary>
/// <param name="Code">Type code.</param>
/// <param name="Name">Name as in its RFC.</param>
/// <param name="Flags">Optional and transitive bit it must have.</param>
/// <param name="OnError">What a malformed value costs (RFC 7606 section 7).</param>
/// <param name="InternalOnly">Dropped without a word when an external peer sends it.</param>
/// <param name="Decode">Reads the value.</param>
/// <param name="Encode">Writes the value.</param>
internal sealed record AttributeRow(
    byte Code,
    string Name,
    AttributeFlags Flags,
    ErrorAction OnError,
    bool InternalOnly,
    AttributeDecoder Decode,
    AttributeEncoder Encode);

/// <summary>All known attributes but MP_REACH_NLRI and MP_UNREACH_NLRI, which carry routes and belong to <see cref="UpdateMessage"/>.</summary>
internal static class AttributeTable
{
    public const byte NextHopCode = 3;
    public const byte MpReachCode = 14;
    public const byte MpUnreachCode = 15;
    public const byte As4PathCode = 17;
    public const byte As4AggregatorCode = 18;

    private const AttributeFlags WellKnown = AttributeFlags.Transitive;
    private const AttributeFlags OptionalTransitive = AttributeFlags.Optional | AttributeFlags.Transitive;
    private const AttributeFlags OptionalNonTransitive = AttributeFlags.Optional;

    public static readonly ImmutableArray<AttributeRow> Rows =
    [
        new(1, "ORIGIN", WellKnown, ErrorAction.TreatAsWithdraw, false, DecodeOrigin, EncodeOrigin),
        new(2, "AS_PATH", WellKnown, ErrorAction.TreatAsWithdraw, false, DecodeAsPath, EncodeAsPath),
        new(NextHopCode, "NEXT_HOP", WellKnown, ErrorAction.TreatAsWithdraw, false, DecodeNextHop, static (ref _, _, _) => false),
        new(4, "MULTI_EXIT_DISC", OptionalNonTransitive, ErrorAction.TreatAsWithdraw, false, DecodeMed, EncodeMed),
        new(5, "LOCAL_PREF", WellKnown, ErrorAction.TreatAsWithdraw, true, DecodeLocalPref, EncodeLocalPref),
        new(6, "ATOMIC_AGGREGATE", WellKnown, ErrorAction.DiscardAttribute, false, DecodeAtomic, static (ref _, a, _) => a.AtomicAggregate),
        new(7, "AGGREGATOR", OptionalTransitive, ErrorAction.DiscardAttribute, false, DecodeAggregator, EncodeAggregator),
        new(8, "COMMUNITIES", OptionalTransitive, ErrorAction.TreatAsWithdraw, false, DecodeCommunities, EncodeCommunities),
        new(9, "ORIGINATOR_ID", OptionalNonTransitive, ErrorAction.TreatAsWithdraw, true, DecodeOriginatorId, EncodeOriginatorId),
        new(10, "CLUSTER_LIST", OptionalNonTransitive, ErrorAction.TreatAsWithdraw, true, DecodeClusterList, EncodeClusterList),
        new(16, "EXTENDED_COMMUNITIES", OptionalTransitive, ErrorAction.TreatAsWithdraw, false, DecodeExtended, EncodeExtended),
        new(As4PathCode, "AS4_PATH", OptionalTransitive, ErrorAction.DiscardAttribute, false, DecodeAs4Path, EncodeAs4Path),
        new(As4AggregatorCode, "AS4_AGGREGATOR", OptionalTransitive, ErrorAction.DiscardAttribute, false, DecodeAs4Aggregator, EncodeAs4Aggregator),
        new(22, "PMSI_TUNNEL", OptionalTransitive, ErrorAction.TreatAsWithdraw, false, DecodePmsi, EncodePmsi),
        new(32, "LARGE_COMMUNITY", OptionalTransitive, ErrorAction.TreatAsWithdraw, false, DecodeLarge, EncodeLarge),
    ];

    private static readonly AttributeRow?[] ByCode = Index();

    public static AttributeRow? Find(byte code) => ByCode[code];

    private static AttributeRow?[] Index()
    {
        var index = new AttributeRow?[256];
        foreach (var row in Rows)
        {
            index[row.Code] = row;
        }

        return index;
    }

    // RFC 4271 section 5.1.1
    private static void DecodeOrigin(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var origin = value.U8();
        if (origin > (byte)RouteOrigin.Incomplete)
        {
            value.Fail("unknown origin");
        }

        draft.Origin = (RouteOrigin)origin;
    }

    private static bool EncodeOrigin(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        writer.U8((byte)attributes.Origin);
        return true;
    }

    // RFC 4271 section 5.1.2, RFC 6793, RFC 7607 for AS 0; RFC 5065 section 5 for confederation segments from outside
    private static void DecodeAsPath(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var path = ReadPath(ref value, context.FourOctetAs);
        if (!context.IsInternal && path.Segments.Any(static s => s.Kind is AsPathSegmentKind.ConfederationSequence or AsPathSegmentKind.ConfederationSet))
        {
            value.Fail("confederation segment from an external peer");
        }

        draft.AsPath = path;
    }

    private static bool EncodeAsPath(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        WritePath(ref writer, attributes.AsPath, context.FourOctetAs);
        return true;
    }

    private static void DecodeAs4Path(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        if (value.AtEnd)
        {
            value.Fail("empty"); // RFC 6793 section 6
        }

        var path = ReadPath(ref value, fourOctets: true);

        // RFC 6793 section 4.1: a speaker with four-octet ASNs must not use it from one of its kind; section 6: confederation segments are dropped.
        draft.As4Path = context.FourOctetAs || value.Failed
            ? null
            : new AsPath([.. path.Segments.Where(static s => s.Kind is AsPathSegmentKind.Set or AsPathSegmentKind.Sequence)]);
    }

    private static bool EncodeAs4Path(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        if (context.FourOctetAs || !attributes.AsPath.Segments.Any(static s => s.Numbers.Any(static n => n > ushort.MaxValue)))
        {
            return false;
        }

        WritePath(ref writer, attributes.AsPath, fourOctets: true);
        return true;
    }

    private static AsPath ReadPath(ref WireReader value, bool fourOctets)
    {
        if (value.AtEnd)
        {
            return AsPath.Empty;
        }

        var segments = ImmutableArray.CreateBuilder<AsPathSegment>(1);
        while (!value.AtEnd)
        {
            var kind = value.U8();
            int count = value.U8();
            if (kind is < 1 or > 4 || count == 0 || count * (fourOctets ? 4 : 2) > value.Remaining)
            {
                value.Fail("malformed AS path segment");
                break;
            }

            var numbers = new uint[count];
            for (var i = 0; i < count; i++)
            {
                numbers[i] = fourOctets ? value.U32() : value.U16();
                if (numbers[i] == 0)
                {
                    value.Fail("AS 0 in the path");
                }
            }

            segments.Add(new AsPathSegment((AsPathSegmentKind)kind, System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(numbers)));
        }

        return new AsPath(segments.ToImmutable());
    }

    private static void WritePath(ref WireWriter writer, AsPath path, bool fourOctets)
    {
        foreach (var segment in path.Segments)
        {
            for (var from = 0; from < segment.Numbers.Length; from += 255)
            {
                var part = segment.Numbers.AsSpan()[from..Math.Min(from + 255, segment.Numbers.Length)];
                writer.U8((byte)segment.Kind);
                writer.U8((byte)part.Length);
                foreach (var number in part)
                {
                    if (fourOctets)
                    {
                        writer.U32(number);
                    }
                    else
                    {
                        writer.U16(number > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)number);
                    }
                }
            }
        }
    }

    // RFC 4271 section 5.1.3
    private static void DecodeNextHop(ref WireReader value, AttributeDraft draft, SessionContext context) => draft.NextHop = value.Ip(4);

    private static void DecodeMed(ref WireReader value, AttributeDraft draft, SessionContext context) => draft.Med = value.U32();

    private static bool EncodeMed(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        writer.U32(attributes.Med ?? 0);
        return attributes.Med is not null;
    }

    private static void DecodeLocalPref(ref WireReader value, AttributeDraft draft, SessionContext context) => draft.LocalPref = value.U32();

    private static bool EncodeLocalPref(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        writer.U32(attributes.LocalPref ?? 0);
        return attributes.LocalPref is not null && context.IsInternal;
    }

    private static void DecodeAtomic(ref WireReader value, AttributeDraft draft, SessionContext context) => draft.AtomicAggregate = value.AtEnd;

    private static void DecodeAggregator(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var aggregator = ReadAggregator(ref value, context.FourOctetAs);
        draft.Aggregator = value.Failed || !value.AtEnd ? null : aggregator;
    }

    private static bool EncodeAggregator(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        if (attributes.Aggregator is not { } aggregator)
        {
            return false;
        }

        if (context.FourOctetAs)
        {
            writer.U32(aggregator.AsNumber);
        }
        else
        {
            writer.U16(aggregator.AsNumber > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)aggregator.AsNumber);
        }

        writer.Ip(aggregator.Identifier);
        return true;
    }

    private static void DecodeAs4Aggregator(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var aggregator = ReadAggregator(ref value, fourOctets: true);
        draft.As4Aggregator = context.FourOctetAs || value.Failed || !value.AtEnd ? null : aggregator;
    }

    private static bool EncodeAs4Aggregator(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        if (context.FourOctetAs || attributes.Aggregator is not { AsNumber: > ushort.MaxValue } aggregator)
        {
            return false;
        }

        writer.U32(aggregator.AsNumber);
        writer.Ip(aggregator.Identifier);
        return true;
    }

    private static Aggregator ReadAggregator(ref WireReader value, bool fourOctets)
    {
        var aggregator = new Aggregator(fourOctets ? value.U32() : value.U16(), value.Ip(4));
        if (aggregator.AsNumber == 0)
        {
            value.Fail("AS 0"); // RFC 7607 section 2
        }

        return aggregator;
    }

    // RFC 1997; RFC 7606 section 7.8: a non-zero multiple of 4
    private static void DecodeCommunities(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var numbers = new uint[Count(ref value, 4)];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = value.U32();
        }

        draft.Communities = [.. numbers];
    }

    private static bool EncodeCommunities(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        foreach (var community in attributes.Communities)
        {
            writer.U32(community);
        }

        return !attributes.Communities.IsEmpty;
    }

    // RFC 4456 section 8, RFC 7606 sections 7.9 and 7.10
    private static void DecodeOriginatorId(ref WireReader value, AttributeDraft draft, SessionContext context) => draft.OriginatorId = value.Ip(4);

    private static bool EncodeOriginatorId(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        writer.Ip(attributes.OriginatorId ?? default);
        return attributes.OriginatorId is not null && context.IsInternal;
    }

    private static void DecodeClusterList(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var clusters = new IpAddr[Count(ref value, 4)];
        for (var i = 0; i < clusters.Length; i++)
        {
            clusters[i] = value.Ip(4);
        }

        draft.ClusterList = [.. clusters];
    }

    private static bool EncodeClusterList(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        foreach (var cluster in attributes.ClusterList)
        {
            writer.Ip(cluster);
        }

        return !attributes.ClusterList.IsEmpty && context.IsInternal;
    }

    // RFC 4360; RFC 7606 section 7.14
    private static void DecodeExtended(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var communities = new ExtendedCommunity[Count(ref value, 8)];
        for (var i = 0; i < communities.Length; i++)
        {
            communities[i] = new(value.U64());
        }

        draft.ExtendedCommunities = System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(communities);
    }

    private static bool EncodeExtended(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        foreach (var community in attributes.ExtendedCommunities)
        {
            writer.U64(community.Bits);
        }

        return !attributes.ExtendedCommunities.IsEmpty;
    }

    // RFC 6514 section 5
    private static void DecodePmsi(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var (flags, type, label) = (value.U8(), value.U8(), new EvpnLabel(value.U24()));
        var identifier = new Octets(value.TakeRest());
        if (type == PmsiTunnel.IngressReplication && identifier.Length is not (4 or 16))
        {
            value.Fail("no address in an ingress replication tunnel");
        }

        draft.PmsiTunnel = new(flags, type, label, identifier);
    }

    private static bool EncodePmsi(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        if (attributes.PmsiTunnel is not { } tunnel)
        {
            return false;
        }

        writer.U8(tunnel.Flags);
        writer.U8(tunnel.TunnelType);
        writer.U24(tunnel.Label.Raw);
        writer.Bytes(tunnel.Identifier.Span);
        return true;
    }

    // RFC 8092 section 6: a non-zero multiple of 12
    private static void DecodeLarge(ref WireReader value, AttributeDraft draft, SessionContext context)
    {
        var communities = new LargeCommunity[Count(ref value, 12)];
        for (var i = 0; i < communities.Length; i++)
        {
            communities[i] = new(value.U32(), value.U32(), value.U32());
        }

        draft.LargeCommunities = [.. communities];
    }

    private static bool EncodeLarge(ref WireWriter writer, PathAttributes attributes, SessionContext context)
    {
        foreach (var community in attributes.LargeCommunities)
        {
            writer.U32(community.Administrator);
            writer.U32(community.Data1);
            writer.U32(community.Data2);
        }

        return !attributes.LargeCommunities.IsEmpty;
    }

    private static int Count(ref WireReader value, int size)
    {
        var (count, rest) = Math.DivRem(value.Remaining, size);
        if (count == 0 || rest != 0)
        {
            value.Fail($"length is not a non-zero multiple of {size}");
            return 0;
        }

        return count;
    }
}
