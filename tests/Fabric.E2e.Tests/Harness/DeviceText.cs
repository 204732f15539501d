using System.Text.RegularExpressions;

namespace Fabric.E2e.Tests.Harness;

/// <summary>Everything that can be seen of a device's configuration, as text to compare.</summary>
internal static partial class DeviceText
{
    private const string Script = """
        echo '## frr'; vtysh -c 'show running-config'
        echo '## links'; ip -d -o link
        echo '## addresses'; ip -o address
        echo '## rules'; { ip rule; ip -6 rule; } | grep -v l3mdev-table
        echo '## routes by hand'; ip route show table all proto static; ip -6 route show table all proto static
        echo '## vlans'; bridge vlan | awk 'NR > 1 { if ($1 !~ /^[0-9]/) { device = $1; $1 = "" } print device, $0 }'
        echo '## forwarding entries by hand'; bridge fdb show | grep -E 'permanent|static' | grep -v 'extern_learn\|^33:33:' || true
        echo '## ports'; bridge -d link
        echo '## sysctl'; cd /proc/sys/net; grep -s . ipv4/ip_forward ipv4/fib_multipath_hash_policy ipv6/fib_multipath_hash_policy \
          ipv4/conf/*/{forwarding,rp_filter,arp_ignore,arp_announce,arp_accept,proxy_arp} \
          ipv6/conf/*/{forwarding,accept_ra,disable_ipv6,addr_gen_mode,proxy_ndp}
        echo '## nft'; nft list ruleset 2>/dev/null || true
        """;

    /// <summary>The text of one device.</summary>
    public static async Task<string> OfAsync(Lab lab, string device) => Normal(await lab.ShellAsync(device, Script));

    /// <summary>The texts of all managed devices.</summary>
    public static Task<Dictionary<string, string>> OfAllAsync(Lab lab) => lab.OnAllAsync(d => OfAsync(lab, d));

    /// <summary>Waits until devices look as they did.</summary>
    public static Task AgainAsync(Lab lab, IReadOnlyDictionary<string, string> before, string what, double within = 20) => Eventually.Fine(
        what,
        async () => Difference(before, await lab.OnAllAsync(d => OfAsync(lab, d), before.Keys)),
        within);

    /// <summary>The lines in which two sets of texts differ; null when in none.</summary>
    public static string? Difference(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after)
    {
        var lines = new List<string>();
        foreach (var (device, old) in before)
        {
            var was = old.Split('\n');
            var now = after[device].Split('\n');
            if (old != after[device])
            {
                lines.AddRange(was.Except(now, StringComparer.Ordinal).Select(l => $"{device} - {l}"));
                lines.AddRange(now.Except(was, StringComparer.Ordinal).Select(l => $"{device} + {l}"));
                if (lines.Count == 0)
                {
                    lines.Add($"{device}: the same lines in another order or number");
                }
            }
        }

        return lines.Count == 0 ? null : string.Join('\n', lines.Take(40));
    }

    // The kernel makes the rule for VRFs with the first of them, and leaves it there.
    // Numbers that count or age, the index of a device, a hardware address that the kernel has chosen, and the order in which it
    // lists things say nothing about configuration.
    private static string Normal(string text) => string.Join('\n', text.Split("## ").Select(section => section.StartsWith("frr", StringComparison.Ordinal)
        ? section
        : string.Join('\n', section.Split('\n').Select(Line).Order(StringComparer.Ordinal))));

    private static string Line(string line) => UnusedPort().Replace(
        ChosenMac().Replace(IfIndex().Replace(Counters().Replace(line, ""), ""), "${before}(chosen)${after}"), "${before}(unused)");

    [GeneratedRegex(@"\b(valid_lft|preferred_lft|hello_timer|tcn_timer|topology_change_timer|gc_timer|message_age_timer|forward_delay_timer|hold_timer|bridge_id|designated_bridge|designated_root|designated_port|port_id|port_no|root_port|numtxqueues|group_fwd_mask) +\S+ ?| +\d+(\.\d+)?sec| tentative", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Counters();

    [GeneratedRegex(@"(?<before>^(vni|vrf-)\d+:.* link/ether )[0-9a-f:]{17}|^[0-9a-f:]{17}(?<after> dev vni)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ChosenMac();

    // A port that is given back is shut down and gets the usual MTU; what it had before anybody used it is not known.
    [GeneratedRegex(@"(?<before>^\S+ <BROADCAST,MULTICAST>) mtu \d+ qdisc \w+", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex UnusedPort();

    [GeneratedRegex(@"^\d+: |(?<=@)if\d+", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex IfIndex();
}
