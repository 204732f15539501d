using System.Text;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>A session to the speaker in FRR's words.</summary>
internal static class FrrConfiguration
{
    public static string Of(DaemonSetup setup)
    {
        var speaker = $" neighbor {setup.Speaker}";
        var text = new StringBuilder($"router bgp {setup.Asn}\n bgp router-id {setup.RouterId}\n no bgp ebgp-requires-policy\n");
        text.Append(" no bgp default ipv4-unicast\n no bgp network import-check\n no bgp enforce-first-as\n");
        if (setup.RestartTime is { } restart)
        {
            text.Append($" bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n bgp graceful-restart restart-time {restart}\n");
        }

        text.Append($"{speaker} remote-as {setup.SpeakerAsn}\n{speaker} port {Frr.Port}\n{speaker} update-source {setup.Address}\n");
        text.Append($"{speaker} timers 3 9\n{speaker} timers connect 1\n{speaker} advertisement-interval 0\n");
        text.Append(setup.IsInternal ? "" : $"{speaker} ebgp-multihop 255\n");
        text.Append(setup.Password is null ? "" : $"{speaker} password {setup.Password}\n");
        text.Append(setup.Listens ? $"{speaker} passive\n" : "");
        text.Append(setup.Lines);
        foreach (var family in setup.Families)
        {
            text.Append($" address-family {(family == "evpn" ? "l2vpn evpn" : $"{family} unicast")}\n {speaker} activate\n");
            if (family == "evpn")
            {
                text.Append(setup.IsInternal ? "" : $" {speaker} attribute-unchanged next-hop\n");
                text.Append(setup.Zebra is null ? "" : "  advertise-all-vni\n");
            }
            else
            {
                text.Append($" {speaker} route-map own-{family} out\n");
                foreach (var (prefix, _) in setup.NetworksOf(family))
                {
                    text.Append($"  network {prefix}\n");
                }
            }

            text.Append(" exit-address-family\n");
        }

        text.Append("exit\n");
        foreach (var family in setup.Families.Where(static f => f != "evpn"))
        {
            foreach (var (_, nextHop) in setup.NetworksOf(family).Take(1))
            {
                text.Append($"route-map own-{family} permit 10\n set {(family == "ipv4" ? "ip next-hop" : "ipv6 next-hop global")} {nextHop}\nexit\n");
            }

            text.Append($"route-map own-{family} permit 20\nexit\n");
        }

        return text.ToString();
    }

    private static IEnumerable<(string Prefix, string NextHop)> NetworksOf(this DaemonSetup setup, string family) =>
        setup.Networks.Where(n => n.Prefix.Contains(':', StringComparison.Ordinal) == (family == "ipv6"));
}
