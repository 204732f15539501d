using Fabric.Bgp.Attributes;
using Fabric.Bgp.Rib;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>Who we are, in what we send.</summary>
/// <param name="Asn">Own AS.</param>
/// <param name="RouterId">Own BGP identifier.</param>
/// <param name="ClusterId">Own cluster, as a reflector.</param>
internal sealed record SpeakerIdentity(Asn Asn, IpAddr RouterId, IpAddr ClusterId);

/// <summary>What happens to attributes on the way through the speaker.</summary>
internal static class OutgoingAttributes
{
    private const uint UsualLocalPreference = 100;

    /// <summary>The attributes a peer gets for a route of a sender.</summary>
    public static PathAttributes Of(PathAttributes attributes, RibPeer source, UpdateGroupKey to, SpeakerIdentity self)
    {
        var nextHop = attributes.NextHop ?? to.LocalAddress;
        var unknown = attributes.Unknown.IsEmpty ? attributes.Unknown : PassedOn(attributes.Unknown);
        if (to.Role == PeerRole.RouteServerClient)
        {
            // RFC 7947 section 2.2: path, next hop, MED and communities as they came.
            return new PathAttributes(attributes) { NextHop = nextHop, LocalPref = null, OriginatorId = null, ClusterList = [], Unknown = unknown };
        }

        if (!to.IsInternal)
        {
            return new PathAttributes(attributes)
            {
                // The VTEP stays the next hop of EVPN routes, whoever passes them on.
                NextHop = to.Family == FamilyIndex.Evpn ? nextHop : to.LocalAddress,
                AsPath = Prepend(attributes.AsPath, self.Asn.Value),
                Med = source.IsLocal ? attributes.Med : null,
                LocalPref = null,
                OriginatorId = null,
                ClusterList = [],
                Unknown = unknown,
            };
        }

        var reflected = source is { IsInternal: true, IsLocal: false };
        return new PathAttributes(attributes)
        {
            NextHop = nextHop,
            AsPath = source.IsLocal ? Without(attributes.AsPath, self.Asn.Value) : attributes.AsPath,
            LocalPref = attributes.LocalPref ?? UsualLocalPreference,
            OriginatorId = reflected ? attributes.OriginatorId ?? source.RouterId : attributes.OriginatorId,
            ClusterList = reflected ? [self.ClusterId, .. attributes.ClusterList] : attributes.ClusterList,
            Unknown = unknown,
        };
    }

    private static AsPath Prepend(AsPath path, uint asn) => path.Segments is [{ Kind: AsPathSegmentKind.Sequence, Numbers: { Length: < 255 } numbers } first, ..]
        ? new([first with { Numbers = [asn, .. numbers] }, .. path.Segments.AsSpan()[1..]])
        : new([new AsPathSegment(AsPathSegmentKind.Sequence, [asn]), .. path.Segments]);

    /// <summary>Own routes that are to look longer to external peers: to internal ones the own AS in the path would be a loop.</summary>
    private static AsPath Without(AsPath path, uint asn) => path.Segments is [{ Kind: AsPathSegmentKind.Sequence, Numbers: { } numbers } first, ..] && numbers.Contains(asn)
        ? new([.. numbers.All(n => n == asn) ? (ReadOnlySpan<AsPathSegment>)[] : [first with { Numbers = [.. numbers.Where(n => n != asn)] }], .. path.Segments.AsSpan()[1..]])
        : path;

    /// <summary>RFC 4271 section 5: what is not transitive stays here, the rest goes on as partial.</summary>
    private static System.Collections.Immutable.ImmutableArray<UnknownAttribute> PassedOn(System.Collections.Immutable.ImmutableArray<UnknownAttribute> unknown) =>
        [.. unknown.Where(static u => u.Flags.HasFlag(AttributeFlags.Transitive)).Select(static u => u with { Flags = u.Flags | AttributeFlags.Partial })];
}
