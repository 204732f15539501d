using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Bgp;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Unicast;
using Fabric.Bgp.Wire;
using Fabric.Controller.Contracts;
using Fabric.Controller.RouteReflector;
using Fabric.Primitives;

namespace Fabric.Controller.Glass;

/// <summary>What a speaker shows, as the API writes it.</summary>
internal static class GlassDocuments
{
    /// <summary>A finding of the linter.</summary>
    public static BgpFindingDocument Of(LintFinding finding) => new(
        finding.Code.Text(), finding.Severity == LintSeverity.Error ? "error" : "warning", finding.Subject, finding.Evidence, finding.FirstSeen);

    /// <summary>A neighbor.</summary>
    public static BgpNeighborDocument Of(string? site, PeerStatus peer) => new()
    {
        Site = site,
        Address = peer.Config.Address.ToString(),
        Description = peer.Config.Description,
        Interface = peer.Config.Interface,
        RemoteAsn = peer.RemoteAsn?.Value,
        Role = Name(peer.Config.Role),
        State = peer.Phase.ToString(),
        Since = peer.Since,
        RouterId = peer.RemoteRouterId?.ToString(),
        LocalEndpoint = peer.LocalEndpoint,
        HoldTime = (int?)peer.HoldTime?.TotalSeconds,
        Families = [.. peer.Families.Select(static f => f.ToString())],
        Routes = [.. peer.RoutesReceived.Where(static r => r.Routes > 0).Select(static r => new BgpFamilyCount(r.Family.ToString(), r.Routes))],
        Established = peer.EstablishedCount,
        MessagesReceived = peer.MessagesReceived,
        UpdatesReceived = peer.UpdatesReceived,
        MalformedUpdates = peer.MalformedUpdates,
        MessagesSent = peer.MessagesSent,
        LastError = peer.LastError,
        LastErrorAt = peer.LastErrorAt,
    };

    /// <summary>A path.</summary>
    public static BgpRouteDocument Of(RouteView route) => Fields(route, new BgpRouteDocument
    {
        Family = route.Family.ToString(),
        Name = route.Name,
        From = route.From?.ToString(),
        PathId = route.PathId == 0 ? null : route.PathId,
        Best = route.IsBest,
        Stale = route.IsStale,
        Verdict = Name(route.Verdict),
        Pending = route.IsPending ? true : null,
        Attributes = Of(route.Attributes),
        Received = route.Received is { } received ? Of(received) : null,
        ReceivedAt = route.ReceivedAt,
    });

    /// <summary>Attributes.</summary>
    public static BgpAttributes Of(PathAttributes attributes) => new()
    {
        Origin = Name(attributes.Origin),
        AsPath = attributes.AsPath.ToString(),
        NextHop = attributes.NextHop?.ToString(),
        Med = attributes.Med,
        LocalPreference = attributes.LocalPref,
        AtomicAggregate = attributes.AtomicAggregate ? true : null,
        Aggregator = attributes.Aggregator is { } aggregator ? new(aggregator.AsNumber, aggregator.Identifier.ToString()) : null,
        Communities = Texts(attributes.Communities, StandardCommunity.Text),
        ExtendedCommunities = Texts(attributes.ExtendedCommunities, static c => c.ToString()),
        LargeCommunities = Texts(attributes.LargeCommunities, static c => c.ToString()),
        OriginatorId = attributes.OriginatorId?.ToString(),
        ClusterList = Texts(attributes.ClusterList, static c => c.ToString()),
        PmsiTunnel = attributes.PmsiTunnel is { } tunnel ? new(tunnel.TunnelType, tunnel.Label.Raw, tunnel.Identifier.ToString(), tunnel.Flags) : null,
        Unknown = attributes.Unknown.IsEmpty ? null : [.. attributes.Unknown.Select(static u => new BgpUnknownAttribute(u.Code, (int)u.Flags, u.Value.ToString()))],
    };

    /// <summary>An explanation.</summary>
    public static BgpRouteExplanation Of(RouteExplanation route) => new(
        route.Family.ToString(),
        route.Name,
        [.. route.Paths.Select(static p => new BgpPathExplanation(Of(p.Path), p.LostBy is { } rule ? Name(rule) : null, p.Reason))],
        [.. route.Peers.Select(static p => new BgpPeerExplanation(p.Peer.ToString(), Name(p.Verdict), p.Reason, p.Attributes is { } a ? Of(a) : null))]);

    /// <summary>An event.</summary>
    public static BgpEventDocument Of(NumberedEvent e) => new(
        e.Sequence, e.Event.Time, e.Event.Peer.IsUnspecified ? null : e.Event.Peer.ToString(), Name(e.Event.Kind), e.Event.Text);

    /// <summary>A change of a best path.</summary>
    public static BgpRouteChange Of(RouteChange change) => new(change.IsWithdrawn, Of(change.Route));

    private static BgpRouteDocument Fields(RouteView route, BgpRouteDocument document)
    {
        var nlri = route.Nlri.Span;
        if (route.Family == AddressFamily.L2VpnEvpn)
        {
            return EvpnFields(nlri[0], nlri[2..], route, document with { Type = nlri[0] });
        }

        var reader = new WireReader(nlri);
        return (route.Family == AddressFamily.Ipv4Unicast || route.Family == AddressFamily.Ipv6Unicast)
            && UnicastRoute.TryDecode(ref reader, route.Family == AddressFamily.Ipv4Unicast ? IpFamily.V4 : IpFamily.V6, addPath: false, out var unicast, out _)
                ? document with { Prefix = unicast.Prefix.ToString() }
                : document;
    }

    private static BgpRouteDocument EvpnFields(byte type, ReadOnlySpan<byte> value, RouteView route, BgpRouteDocument document) => (EvpnRouteType)type switch
    {
        EvpnRouteType.EthernetAutoDiscovery when EthernetAutoDiscoveryRoute.TryDecode(type, value, out var r, out _) =>
            document with { Rd = r.Key.Rd.ToString(), Esi = Text(r.Key.Esi), Vni = r.Label.Vni?.Value },
        EvpnRouteType.MacIp when MacIpRoute.TryDecode(type, value, out var r, out _) => document with
        {
            Rd = r.Key.Rd.ToString(),
            Mac = r.Key.Mac.ToString(),
            Ip = r.Key.Ip?.ToString(),
            Esi = Text(r.Esi),
            Vni = r.Label1.Vni?.Value,
            L3Vni = r.Label2?.Vni?.Value,
        },
        EvpnRouteType.Multicast when MulticastRoute.TryDecode(type, value, out var r, out _) =>
            document with { Rd = r.Key.Rd.ToString(), Ip = r.Key.Originator.ToString(), Vni = route.Attributes.PmsiTunnel?.Label.Vni?.Value },
        EvpnRouteType.EthernetSegment when EthernetSegmentRoute.TryDecode(type, value, out var r, out _) =>
            document with { Rd = r.Key.Rd.ToString(), Ip = r.Key.Originator.ToString(), Esi = Text(r.Key.Esi) },
        EvpnRouteType.Prefix when PrefixRoute.TryDecode(type, value, out var r, out _) => document with
        {
            Rd = r.Key.Rd.ToString(),
            Prefix = r.Key.Prefix.ToString(),
            Esi = Text(r.Esi),
            Vni = r.Label.Vni?.Value,
            GatewayIp = r.Gateway.IsUnspecified ? null : r.Gateway.ToString(),
        },
        _ => document,
    };

    private static string? Text(EthernetSegmentId esi) => esi.IsZero ? null : esi.ToString();

    private static ImmutableArray<string>? Texts<T>(ImmutableArray<T> values, Func<T, string> text) => values.IsEmpty ? null : [.. values.Select(text)];

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
