using Fabric.Drivers.FrrLinux.Rendering;

namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>Configuration that belongs to the installation of a device and not to Fabric.</summary>
internal static class DayZero
{
    private static readonly string[] Starts =
    [
        "frr version ",
        "frr defaults ",
        "hostname ",
        "domainname ",
        "log ",
        "debug ",
        "service ",
        "password ",
        "enable password ",
        "banner ",
        "agentx",
        "line vty",
        "allow-external-route-update",
        "no ip forwarding",
        "no ipv6 forwarding",
        "ip forwarding",
        "ipv6 forwarding",
        "zebra ",
        "interface " + Names.ManagementPort,
        "vrf mgmt",
    ];

    /// <summary>Whether a line at the top level is one of these. Static routes out of the management port are.</summary>
    public static bool Owns(string text) =>
        Array.Exists(Starts, s => text.StartsWith(s, StringComparison.Ordinal))
        || (text.StartsWith("ip route ", StringComparison.Ordinal) || text.StartsWith("ipv6 route ", StringComparison.Ordinal))
            && text.Split(' ') is { } words && (words.Contains(Names.ManagementPort) || words is [.., "vrf", "mgmt"]);
}
