using System.Net;
using Fabric.Bgp;
using Fabric.Bgp.Fsm;
using Fabric.Controller.RouteReflector.Metrics;
using Fabric.Hosting;

namespace Fabric.Controller.Tests.RouteReflector;

/// <summary>The text that Prometheus scrapes.</summary>
public sealed class MetricsTests
{
    private static readonly ReflectorSample Sample = new(
        65000,
        "10.0.0.1",
        [new(AddressFamily.L2VpnEvpn, 10, 20)],
        3,
        [
            new("10.0.0.2", 65000, "rack \"1\"\\\n", "eth1", PeerPhase.Established, TimeSpan.FromSeconds(90.5), 2, 1, [new("update", 7), new("message", 9)], [new("update", 8)], [new(AddressFamily.L2VpnEvpn, 5, 4, 6)]),
            new("fd00::2", 0, "", "", PeerPhase.Idle, TimeSpan.Zero, 0, 0, [new("update", 0)], [], []),
        ]);

    [Fact]
    public void Peers_and_routes_are_there_by_the_usual_names()
    {
        var lines = ReflectorMetrics.Write(Sample).Split('\n');
        foreach (var line in new[]
        {
            "bgp_router_info{router_id=\"10.0.0.1\",asn=\"65000\"} 1",
            "bgp_peers{state=\"established\"} 1",
            "bgp_table_routes{family=\"l2vpn-evpn\"} 10",
            "bgp_table_attribute_sets 3",
            "bgp_peer_state{peer=\"10.0.0.2\"} 5",
            "bgp_peer_state{peer=\"fd00::2\"} 0",
            "bgp_peer_uptime_seconds{peer=\"10.0.0.2\"} 90.5",
            "bgp_peer_flaps_total{peer=\"10.0.0.2\"} 1",
            "bgp_received_update_total{peer=\"10.0.0.2\"} 7",
            "bgp_sent_update_total{peer=\"10.0.0.2\"} 8",
            "bgp_routes_received{peer=\"10.0.0.2\",family=\"l2vpn-evpn\"} 5",
            "bgp_routes_accepted{peer=\"10.0.0.2\",family=\"l2vpn-evpn\"} 4",
            "bgp_routes_advertised{peer=\"10.0.0.2\",family=\"l2vpn-evpn\"} 6",
        })
        {
            Assert.Contains(line, lines);
        }
    }

    [Fact]
    public void Label_values_are_escaped() => Assert.Contains(
        "bgp_peer_info{peer=\"10.0.0.2\",asn=\"65000\",group=\"rack \\\"1\\\"\\\\\\n\",interface=\"eth1\"} 1\n", ReflectorMetrics.Write(Sample), StringComparison.Ordinal);

    [Fact]
    public void Each_metric_has_help_and_type_once_before_all_its_samples()
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        string? open = null;
        foreach (var line in ReflectorMetrics.Write(Sample).TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                open = line.Split(' ')[2];
                Assert.True(done.Add(open), open);
            }
            else
            {
                Assert.Equal(open, line.StartsWith("# TYPE ", StringComparison.Ordinal) ? line.Split(' ')[2] : line.Split('{', ' ')[0]);
            }
        }

        Assert.DoesNotContain("bgp_sent_message_total", done);
    }

    [Fact]
    public void A_metric_cannot_be_written_twice()
    {
        var text = new PrometheusText();
        text.Add("m", "gauge", "a\\b\nc", [([], double.PositiveInfinity)]);
        Assert.Equal("# HELP m a\\\\b\\nc\n# TYPE m gauge\nm +Inf\n", text.ToString());
        Assert.Throws<ArgumentException>(() => text.Add("m", "gauge", "again", []));
    }

    [Fact]
    public async Task They_are_served_at_metrics_and_nowhere_else()
    {
        await using var endpoint = await MetricsEndpoint.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), _ => Task.FromResult(ReflectorMetrics.Write(Sample)));
        using var http = new HttpClient { BaseAddress = endpoint.Address };
        using var answer = await http.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal(PrometheusText.ContentType, answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(ReflectorMetrics.Write(Sample), await answer.Content.ReadAsStringAsync());
        using var other = await http.GetAsync(new Uri("/", UriKind.Relative));
        using var posted = await http.PostAsync(new Uri("/metrics", UriKind.Relative), null);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (other.StatusCode, posted.StatusCode));
    }
}
