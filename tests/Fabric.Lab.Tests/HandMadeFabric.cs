using System.Text;

namespace Fabric.Lab.Tests;

/// <summary>An underlay and EVPN for the minimal topology, configured by hand over SSH: proof that the lab carries a fabric.</summary>
internal static class HandMadeFabric
{
    private static readonly (string Device, int Asn, string Loopback, string[] Ports, bool Vtep)[] Plan =
    [
        ("spine1", 65001, "10.255.0.1", ["swp1", "swp2"], false),
        ("leaf1", 65011, "10.255.1.1", ["swp1", "swp3"], true),
        ("leaf2", 65012, "10.255.1.2", ["swp1", "swp3"], true),
        ("hypervisor1", 65021, "10.255.2.1", ["eth1"], true),
        ("hypervisor2", 65022, "10.255.2.2", ["eth1"], true),
    ];

    public static void Configure(RaisedLab lab) => Parallel.ForEach(Plan, d =>
    {
        var text = new StringBuilder("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1\n");
        text.Append($"ip addr add {d.Loopback}/32 dev lo\n");
        foreach (var port in d.Ports)
        {
            text.Append($"ip link set {port} up\n");
        }

        text.Append($"""
            vtysh <<'END' >/dev/null
            configure terminal
            router bgp {d.Asn}
            bgp router-id {d.Loopback}
            no bgp ebgp-requires-policy
            no bgp default ipv4-unicast
            neighbor FAB peer-group
            neighbor FAB remote-as external
            neighbor FAB timers 1 3
            neighbor FAB timers connect 1
            {string.Join('\n', d.Ports.Select(p => $"neighbor {p} interface peer-group FAB"))}
            address-family ipv4 unicast
            network {d.Loopback}/32
            neighbor FAB activate
            exit-address-family
            address-family l2vpn evpn
            neighbor FAB activate
            {(d.Vtep ? "advertise-all-vni\nautort rfc8365-compatible" : "")}
            exit-address-family
            end
            END
            """);
        var result = lab.Ssh(d.Device, text.ToString());
        Assert.True(result.ExitCode == 0, d.Device + ": " + result.Error + result.Output);
    });
}
