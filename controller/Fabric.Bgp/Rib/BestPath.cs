using Fabric.Primitives;

namespace Fabric.Bgp.Rib;

/// <summary>Which rule put one path before another.</summary>
public enum BestPathRule
{
    /// <summary>There is no other.</summary>
    OnlyPath,

    /// <summary>Injected here.</summary>
    Local,

    /// <summary>The other is of a session that ended (RFC 4724 keeps it as long as there is nothing better).</summary>
    NotStale,

    /// <summary>Higher local preference.</summary>
    LocalPreference,

    /// <summary>Shorter AS path.</summary>
    AsPathLength,

    /// <summary>Lower origin.</summary>
    Origin,

    /// <summary>Lower MED from the same neighbouring AS.</summary>
    Med,

    /// <summary>From an external peer rather than an internal one.</summary>
    External,

    /// <summary>Lower BGP identifier of the originator.</summary>
    RouterId,

    /// <summary>Shorter cluster list (RFC 4456 section 9).</summary>
    ClusterListLength,

    /// <summary>Lower address of the peer.</summary>
    PeerAddress,

    /// <summary>Lower path identifier.</summary>
    PathId,
}

/// <summary>The order of paths to one destination.</summary>
/// <remarks>RFC 4271 section 9.1.2.2 without interior cost: every next hop counts as reachable and equally far, as the underlay is not this speaker's affair.</remarks>
internal static class BestPath
{
    private const uint UsualLocalPreference = 100;

    /// <summary>Below zero when the first is better; the rule is the one that decided.</summary>
    public static int Compare(in Candidate one, in Candidate other, out BestPathRule rule)
    {
        var (a, b) = (one.Set.Attributes, other.Set.Attributes);
        rule = BestPathRule.Local;
        if (one.Peer.IsLocal != other.Peer.IsLocal)
        {
            return one.Peer.IsLocal ? -1 : 1;
        }

        rule = BestPathRule.NotStale;
        if (one.IsStale != other.IsStale)
        {
            return one.IsStale ? 1 : -1;
        }

        rule = BestPathRule.LocalPreference;
        var order = (b.LocalPref ?? UsualLocalPreference).CompareTo(a.LocalPref ?? UsualLocalPreference);
        if (order != 0)
        {
            return order;
        }

        rule = BestPathRule.AsPathLength;
        order = one.Set.PathLength.CompareTo(other.Set.PathLength);
        if (order != 0)
        {
            return order;
        }

        rule = BestPathRule.Origin;
        order = ((byte)a.Origin).CompareTo((byte)b.Origin);
        if (order != 0)
        {
            return order;
        }

        rule = BestPathRule.Med;
        if (a.AsPath.First == b.AsPath.First)
        {
            order = (a.Med ?? 0).CompareTo(b.Med ?? 0);
            if (order != 0)
            {
                return order;
            }
        }

        rule = BestPathRule.External;
        if (one.Peer.IsInternal != other.Peer.IsInternal)
        {
            return one.Peer.IsInternal ? 1 : -1;
        }

        rule = BestPathRule.RouterId;
        order = (a.OriginatorId ?? one.Peer.RouterId).CompareTo(b.OriginatorId ?? other.Peer.RouterId);
        if (order != 0)
        {
            return order;
        }

        rule = BestPathRule.ClusterListLength;
        order = a.ClusterList.Length.CompareTo(b.ClusterList.Length);
        if (order != 0)
        {
            return order;
        }

        rule = BestPathRule.PeerAddress;
        order = one.Peer.Address.CompareTo(other.Peer.Address);
        if (order != 0)
        {
            return order;
        }

        rule = BestPathRule.PathId;
        return one.PathId.CompareTo(other.PathId);
    }

    /// <summary>A path with what the choice looks at.</summary>
    internal readonly record struct Candidate(AttributeSet Set, RibPeer Peer, bool IsStale, uint PathId);
}
