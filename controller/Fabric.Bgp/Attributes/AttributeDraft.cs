using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>Attributes while an UPDATE is being read.</summary>
internal sealed class AttributeDraft
{
    public RouteOrigin? Origin { get; set; }

    public AsPath? AsPath { get; set; }

    public AsPath? As4Path { get; set; }

    public IpAddr? NextHop { get; set; }

    public uint? Med { get; set; }

    public uint? LocalPref { get; set; }

    public bool AtomicAggregate { get; set; }

    public Aggregator? Aggregator { get; set; }

    public Aggregator? As4Aggregator { get; set; }

    public ImmutableArray<uint> Communities { get; set; } = [];

    public IpAddr? OriginatorId { get; set; }

    public ImmutableArray<IpAddr> ClusterList { get; set; } = [];

    public ImmutableArray<ExtendedCommunity> ExtendedCommunities { get; set; } = [];

    public PmsiTunnel? PmsiTunnel { get; set; }

    public ImmutableArray<LargeCommunity> LargeCommunities { get; set; } = [];

    public List<UnknownAttribute>? Unknown { get; set; }

    public PathAttributes Build(IpAddr? nextHop, bool fourOctetAs)
    {
        var (path, aggregator) = (AsPath ?? AsPath.Empty, Aggregator);
        if (!fourOctetAs)
        {
            // RFC 6793 section 4.2.3: an AGGREGATOR that is not AS_TRANS shows that the AS4 attributes are stale.
            var stale = aggregator is { AsNumber: not Wire.OpenMessage.AsTrans };
            if (!stale && As4Path is { } as4Path)
            {
                path = Merge(path, as4Path);
            }

            if (!stale && aggregator is not null && As4Aggregator is { } as4Aggregator)
            {
                aggregator = as4Aggregator;
            }
        }

        return new PathAttributes
        {
            Origin = Origin ?? RouteOrigin.Incomplete,
            AsPath = path,
            NextHop = nextHop,
            Med = Med,
            LocalPref = LocalPref,
            AtomicAggregate = AtomicAggregate,
            Aggregator = aggregator,
            Communities = Communities,
            OriginatorId = OriginatorId,
            ClusterList = ClusterList,
            ExtendedCommunities = ExtendedCommunities,
            PmsiTunnel = PmsiTunnel,
            LargeCommunities = LargeCommunities,
            Unknown = Unknown is null ? [] : [.. Unknown.OrderBy(static u => u.Code)],
        };
    }

    /// <summary>The leading part of AS_PATH that AS4_PATH does not cover, then AS4_PATH.</summary>
    private static AsPath Merge(AsPath path, AsPath as4Path)
    {
        var excess = path.Length - as4Path.Length;
        if (excess < 0)
        {
            return path;
        }

        var segments = ImmutableArray.CreateBuilder<AsPathSegment>();
        foreach (var segment in path.Segments)
        {
            if (excess <= 0)
            {
                break;
            }

            var length = segment.Kind == AsPathSegmentKind.Sequence ? segment.Numbers.Length : segment.Kind == AsPathSegmentKind.Set ? 1 : 0;
            segments.Add(length > excess ? segment with { Numbers = segment.Numbers[..excess] } : segment);
            excess -= length;
        }

        foreach (var segment in as4Path.Segments)
        {
            if (segments is [.., { Kind: AsPathSegmentKind.Sequence } last] && segment.Kind == AsPathSegmentKind.Sequence
                && last.Numbers.Length + segment.Numbers.Length <= 255)
            {
                segments[^1] = last with { Numbers = [.. last.Numbers, .. segment.Numbers] };
            }
            else
            {
                segments.Add(segment);
            }
        }

        return new AsPath(segments.ToImmutable());
    }
}
