using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Attributes;

/// <summary>The attributes that routes of one UPDATE share, next hop included. Immutable and compared by content, so that equal sets are kept once.</summary>
public sealed class PathAttributes : IEquatable<PathAttributes>
{
    private int _hash;

    /// <summary>No attributes.</summary>
    public PathAttributes()
    {
    }

    /// <summary>A copy, to be changed by an initializer.</summary>
    public PathAttributes(PathAttributes from)
    {
        ArgumentNullException.ThrowIfNull(from);
        (Origin, AsPath, NextHop, Med, LocalPref) = (from.Origin, from.AsPath, from.NextHop, from.Med, from.LocalPref);
        (AtomicAggregate, Aggregator, Communities, LargeCommunities) = (from.AtomicAggregate, from.Aggregator, from.Communities, from.LargeCommunities);
        (OriginatorId, ClusterList, ExtendedCommunities, PmsiTunnel, Unknown) =
            (from.OriginatorId, from.ClusterList, from.ExtendedCommunities, from.PmsiTunnel, from.Unknown);
    }

    /// <summary>ORIGIN.</summary>
    public RouteOrigin Origin { get; init; }

    /// <summary>AS_PATH, merged with AS4_PATH where that was needed.</summary>
    public AsPath AsPath { get; init; } = AsPath.Empty;

    /// <summary>The next hop, of MP_REACH_NLRI for its families and of NEXT_HOP for IPv4 unicast. With EVPN this is the VTEP.</summary>
    public IpAddr? NextHop { get; init; }

    /// <summary>MULTI_EXIT_DISC.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>ATOMIC_AGGREGATE.</summary>
    public bool AtomicAggregate { get; init; }

    /// <summary>AGGREGATOR.</summary>
    public Aggregator? Aggregator { get; init; }

    /// <summary>COMMUNITIES, RFC 1997.</summary>
    public ImmutableArray<uint> Communities { get; init; } = [];

    /// <summary>ORIGINATOR_ID, RFC 4456.</summary>
    public IpAddr? OriginatorId { get; init; }

    /// <summary>CLUSTER_LIST, RFC 4456.</summary>
    public ImmutableArray<IpAddr> ClusterList { get; init; } = [];

    /// <summary>EXTENDED COMMUNITIES, RFC 4360.</summary>
    public ImmutableArray<ExtendedCommunity> ExtendedCommunities { get; init; } = [];

    /// <summary>PMSI_TUNNEL, RFC 6514.</summary>
    public PmsiTunnel? PmsiTunnel { get; init; }

    /// <summary>LARGE_COMMUNITY, RFC 8092.</summary>
    public ImmutableArray<LargeCommunity> LargeCommunities { get; init; } = [];

    /// <summary>Attributes that are not known here, by code.</summary>
    public ImmutableArray<UnknownAttribute> Unknown { get; init; } = [];

    /// <summary>The route targets among the extended communities.</summary>
    public IEnumerable<RouteTarget> RouteTargets
    {
        get
        {
            foreach (var community in ExtendedCommunities)
            {
                if (community.RouteTarget is { } target)
                {
                    yield return target;
                }
            }
        }
    }

    /// <summary>The router's MAC, if announced.</summary>
    public MacAddress? RouterMac => First(static c => c.RouterMac);

    /// <summary>MAC mobility, if announced.</summary>
    public (bool Sticky, uint Sequence)? MacMobility => First(static c => c.MacMobility);

    /// <summary>The tunnel type of the encapsulation community, if announced.</summary>
    public ushort? TunnelType => First(static c => c.TunnelType);

    /// <summary>Whether the default gateway community is there.</summary>
    public bool IsDefaultGateway => ExtendedCommunities.Any(static c => c.IsDefaultGateway);

    /// <inheritdoc/>
    public bool Equals(PathAttributes? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && Origin == other.Origin
            && NextHop == other.NextHop
            && Med == other.Med
            && LocalPref == other.LocalPref
            && AtomicAggregate == other.AtomicAggregate
            && Aggregator == other.Aggregator
            && OriginatorId == other.OriginatorId
            && PmsiTunnel == other.PmsiTunnel
            && ExtendedCommunities.AsSpan().SequenceEqual(other.ExtendedCommunities.AsSpan())
            && Communities.AsSpan().SequenceEqual(other.Communities.AsSpan())
            && LargeCommunities.AsSpan().SequenceEqual(other.LargeCommunities.AsSpan())
            && ClusterList.AsSpan().SequenceEqual(other.ClusterList.AsSpan())
            && Unknown.AsSpan().SequenceEqual(other.Unknown.AsSpan())
            && AsPath.Equals(other.AsPath));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PathAttributes);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (_hash == 0)
        {
            var hash = default(HashCode);
            hash.Add(AsPath);
            hash.Add(NextHop);
            hash.Add(PmsiTunnel);
            hash.Add(Med);
            hash.Add(LocalPref);
            foreach (var community in ExtendedCommunities)
            {
                hash.Add(community.Bits);
            }

            foreach (var community in Communities)
            {
                hash.Add(community);
            }

            _hash = hash.ToHashCode() | 1;
        }

        return _hash;
    }

    private T? First<T>(Func<ExtendedCommunity, T?> pick)
        where T : struct
    {
        foreach (var community in ExtendedCommunities)
        {
            if (pick(community) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
