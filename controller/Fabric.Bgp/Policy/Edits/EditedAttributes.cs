using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Policy.Edits;

/// <summary>An attribute set while a statement edits it: no object is made before something has changed.</summary>
internal struct EditedAttributes(PathAttributes original, NextHopRule nextHopRule)
{
    private readonly PathAttributes _original = original;

    public NextHopRule NextHopRule { get; set; } = nextHopRule;

    public uint? LocalPref { get; set; } = original.LocalPref;

    public uint? Med { get; set; } = original.Med;

    public IpAddr? NextHop { get; set; } = original.NextHop;

    public AsPath AsPath { get; set; } = original.AsPath;

    public ImmutableArray<uint> Communities { get; set; } = original.Communities;

    public ImmutableArray<ExtendedCommunity> ExtendedCommunities { get; set; } = original.ExtendedCommunities;

    public ImmutableArray<LargeCommunity> LargeCommunities { get; set; } = original.LargeCommunities;

    /// <summary>The attributes as they are now; the original where nothing differs. Edits that change nothing leave the very same lists.</summary>
    public readonly PathAttributes Build() =>
        LocalPref == _original.LocalPref
        && Med == _original.Med
        && NextHop == _original.NextHop
        && ReferenceEquals(AsPath, _original.AsPath)
        && Communities == _original.Communities
        && ExtendedCommunities == _original.ExtendedCommunities
        && LargeCommunities == _original.LargeCommunities
            ? _original
            : new PathAttributes
            {
                LocalPref = LocalPref,
                Med = Med,
                NextHop = NextHop,
                AsPath = AsPath,
                Communities = Communities,
                ExtendedCommunities = ExtendedCommunities,
                LargeCommunities = LargeCommunities,
                Origin = _original.Origin,
                AtomicAggregate = _original.AtomicAggregate,
                Aggregator = _original.Aggregator,
                OriginatorId = _original.OriginatorId,
                ClusterList = _original.ClusterList,
                PmsiTunnel = _original.PmsiTunnel,
                Unknown = _original.Unknown,
            };
}
