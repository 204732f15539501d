using System.Collections.Immutable;
using Fabric.Bgp.Fsm;
using Fabric.Hosting;

namespace Fabric.Controller.RouteReflector.Metrics;

/// <summary>The metrics of a reflector, by the conventions of GoBGP (names, states by number) and frr_exporter (labels, units).</summary>
public static class ReflectorMetrics
{
    /// <summary>All metrics as text.</summary>
    public static string Write(ReflectorSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        var text = new PrometheusText();
        text.Add("bgp_router_info", "gauge", "The speaker itself; always 1.", [([("router_id", sample.RouterId), ("asn", $"{sample.Asn}")], 1)]);
        text.Add(
            "bgp_peers", "gauge", "Peers known, by state of the session.",
            sample.Peers.GroupBy(p => p.Phase).OrderBy(g => g.Key).Select(g => (new[] { ("state", StateName(g.Key)) }, (double)g.Count())));
        OfFamilies(text, sample, "bgp_table_routes", "Routes in the table, each counted once.", r => r.Routes);
        OfFamilies(text, sample, "bgp_table_paths", "Paths in the table, of all peers.", r => r.Paths);
        text.Add("bgp_table_attribute_sets", "gauge", "Different attribute sets in the table.", [([], sample.AttributeSets)]);

        OfPeers(text, sample, "bgp_peer_info", "gauge", "The peer itself; always 1.", p => [([("asn", $"{p.Asn}"), ("group", p.Group), ("interface", p.Interface)], 1)]);
        OfPeers(text, sample, "bgp_peer_state", "gauge", "State of the session: 0 idle, 1 connect, 2 active, 3 opensent, 4 openconfirm, 5 established.", p => [([], (int)p.Phase)]);
        OfPeers(text, sample, "bgp_peer_up", "gauge", "Whether the session is established.", p => [([], p.Phase == PeerPhase.Established ? 1 : 0)]);
        OfPeers(text, sample, "bgp_peer_uptime_seconds", "gauge", "How long the session is established; 0 when it is not.", p => [([], p.Uptime.TotalSeconds)]);
        OfPeers(text, sample, "bgp_peer_established_total", "counter", "How often the session was established.", p => [([], p.Established)]);
        OfPeers(text, sample, "bgp_peer_flaps_total", "counter", "How often an established session ended.", p => [([], p.Flaps)]);
        OfMessages(text, sample, "received", p => p.MessagesReceived);
        OfMessages(text, sample, "sent", p => p.MessagesSent);
        OfRoutes(text, sample, "bgp_routes_received", "Routes that the peer has announced, refused ones included.", r => r.Received);
        OfRoutes(text, sample, "bgp_routes_accepted", "Routes of the peer that the import policy let pass.", r => r.Accepted);
        OfRoutes(text, sample, "bgp_routes_advertised", "Routes announced to the peer.", r => r.Advertised);
        return text.ToString();
    }

    private static void OfFamilies(PrometheusText text, ReflectorSample sample, string name, string help, Func<TableRoutes, long> value) =>
        text.Add(name, "gauge", help, sample.Routes.Select(r => (new[] { ("family", r.Family.ToString()) }, (double)value(r))));

    private static void OfPeers(
        PrometheusText text, ReflectorSample sample, string name, string type, string help, Func<PeerSample, ((string, string)[] Labels, double Value)[]> values) =>
        text.Add(name, type, help, sample.Peers.SelectMany(p => values(p).Select(v => (((string, string)[])[("peer", p.Peer), .. v.Labels], v.Value))));

    private static void OfRoutes(PrometheusText text, ReflectorSample sample, string name, string help, Func<FamilyRoutes, long> value) =>
        OfPeers(text, sample, name, "gauge", help, p => [.. p.Routes.Select(r => (new[] { ("family", r.Family.ToString()) }, (double)value(r)))]);

    private static void OfMessages(PrometheusText text, ReflectorSample sample, string direction, Func<PeerSample, ImmutableArray<MessageCount>> counts)
    {
        foreach (var type in sample.Peers.SelectMany(p => counts(p)).Select(c => c.Type).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            OfPeers(
                text, sample, $"bgp_{direction}_{type}_total", "counter", $"{(type == "message" ? "Messages" : $"{type.ToUpperInvariant()} messages")} {direction}.",
                p => [.. counts(p).Where(c => c.Type == type).Select(c => (Array.Empty<(string, string)>(), (double)c.Count))]);
        }
    }

    private static string StateName(PeerPhase phase) => phase.ToString().ToLowerInvariant();
}
