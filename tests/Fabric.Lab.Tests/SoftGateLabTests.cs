using System.Globalization;
using Fabric.Lab.Rendering;

namespace Fabric.Lab.Tests;

/// <summary>What the lab gives a SoftGate to work with.</summary>
[Trait("Category", "lab")]
[Collection("labs")]
public sealed class SoftGateLabTests
{
    [Fact]
    public void Frames_that_native_XDP_redirects_reach_the_neighbours_as_they_would_over_wires()
    {
        using var lab = new RaisedLab("reference");
        Cross(lab, "softgate1", "eth1", "eth3");
        // leaf1 is now on upstream1's link: whatever passes between them was redirected, in both directions.
        lab.Must("leaf1", "ip link set swp5 up && ip addr add 100.64.1.1/31 dev swp5");
        lab.Must("leaf1", "ping -c1 -W2 100.64.1.0");
        Received(lab, "100.64.1.0", octets: 5);
        Received(lab, "100.64.1.0", octets: 8872);
        lab.Must("leaf1", "ping -c1 -W2 -M do -s 8872 100.64.1.0");

        // Within VXLAN too: the inner checksum is finished before a frame gets to the SoftGate.
        Tunnel(lab, "leaf1", "swp5", "100.64.1.1", "100.64.1.0", "10.9.0.1/24");
        Tunnel(lab, "upstream1", "swp3", "100.64.1.0", "100.64.1.1", "10.9.0.2/24");
        lab.Must("leaf1", "ping -c1 -W2 10.9.0.2");
        Received(lab, "10.9.0.2", octets: 8500);

        // A TCP stream, which the kernel sends in bursts of 64 KiB where nothing cuts them.
        lab.Must("upstream1", "/usr/sbin/sshd -f /dev/null -p 2222 -h /etc/ssh/ssh_host_ed25519_key -o AuthorizedKeysFile=/etc/ssh/authorized_keys "
            + "-o StrictModes=no -o PidFile=none");
        lab.Eventually("leaf1", "exec 3<>/dev/tcp/100.64.1.0/2222");
        foreach (var address in (string[])["100.64.1.0", "10.9.0.2"])
        {
            var counted = Shell.Run("ip", ["netns", "exec", $"{lab.Name}-leaf1", "bash", "-c",
                $"head -c 8000000 /dev/zero | timeout 30 ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
                + $"-i {lab.Facts.SshKey} -p 2222 root@{address} wc -c"]);
            Assert.True(counted.ExitCode == 0, counted.Error);
            Assert.Equal("8000000", counted.Output.Trim());
        }

        Assert.Equal("0", lab.Must("softgate1", "ethtool -S eth1 | awk '/_xdp_drops:/ { sum += $2 } END { print sum }'"));
    }

    [Fact]
    public void A_SoftGate_whose_power_comes_back_has_cables_like_wires_and_nothing_pinned()
    {
        using var lab = new RaisedLab("reference");
        lab.Must("softgate1", "mkdir /sys/fs/bpf/kept");
        Assert.Equal("", lab.Must("softgate2", "ls -d /sys/fs/bpf/kept 2>/dev/null; true"));
        lab.Must("device", "stop", "softgate1");
        lab.Must("device", "start", "softgate1");
        Assert.Equal("", lab.Must("softgate1", "ls -d /sys/fs/bpf/kept 2>/dev/null; true"));
        Assert.Equal("1\n1", lab.Must("softgate1", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding"));

        Cross(lab, "softgate1", "eth1", "eth3");
        lab.Must("leaf1", "ip link set swp5 up && ip addr add 100.64.1.1/31 dev swp5");
        lab.Must("leaf1", "ping -c1 -W2 -M do -s 8872 100.64.1.0");
        Received(lab, "100.64.1.0", octets: 8872);
    }

    [Fact]
    public void The_router_outside_takes_public_addresses_from_both_SoftGates_until_one_has_no_power()
    {
        using var lab = new RaisedLab("reference");
        lab.Must("internet1", "ping -c1 -W2 203.0.113.1");
        lab.Eventually("internet1", "ping -c1 -W1 2001:db8:113::1"); // once the router has made sure that nobody else has the address
        Announce(lab, "softgate1", 1);
        Announce(lab, "softgate2", 2);
        foreach (var family in (string[])["ip", "ipv6"])
        {
            lab.Eventually("upstream1", $"[[ $(vtysh -c 'show {family} route bgp' | grep -c 'via .* swp[34],') == 2 ]]", 20);
            lab.Eventually("softgate1", $"vtysh -c 'show {family} route bgp' | grep -qE '(0.0.0.0|::)/0 .* eth3,'", 20);
        }

        // Neither what is not public, nor from one SoftGate through the router to the other.
        Assert.Equal("", lab.Must("upstream1", "vtysh -c 'show ip route 198.51.101.0/24 longer-prefixes' -c 'show ipv6 route 2001:db8:101::/48 longer-prefixes' | grep B; true"));
        foreach (var (family, softGate) in (ReadOnlySpan<(string, string)>)[
            ("ipv4", "100.64.1.1"), ("ipv4", "100.64.2.1"), ("ipv6", "2001:db8:64:1::1"), ("ipv6", "2001:db8:64:2::1")])
        {
            // The default route is originated for the neighbour, and not in this list.
            var told = lab.Must("upstream1", $"vtysh -c 'show bgp {family} unicast neighbors {softGate} advertised-routes json'");
            Assert.DoesNotContain("198.51.100.7", told, StringComparison.Ordinal);
            Assert.DoesNotContain("2001:db8:100::7", told, StringComparison.Ordinal);
        }

        lab.Must("internet1", "ping -c1 -W2 198.51.100.7");
        lab.Must("internet1", "ping -c1 -W2 2001:db8:100::7");

        lab.Must("device", "stop", "softgate1");
        // No carrier, no session: within less than the three seconds in which keepalives would be missed.
        foreach (var family in (string[])["ip", "ipv6"])
        {
            lab.Eventually("upstream1", $"vtysh -c 'show {family} route bgp' | grep -q swp4 && ! vtysh -c 'show {family} route bgp' | grep -q swp3", 2);
        }

        lab.Must("internet1", "ping -c1 -W2 198.51.100.7");
        lab.Must("internet1", "ping -c1 -W2 2001:db8:100::7");
    }

    /// <summary>Joins two ports of a device by XDP, in native mode.</summary>
    private static void Cross(RaisedLab lab, string device, string one, string other)
    {
        foreach (var (port, far) in (ReadOnlySpan<(string, string)>)[(one, other), (other, one)])
        {
            // The device's own storage: what is written there from outside is seen inside.
            var index = lab.Must(device, $"ip link set {far} up && cat /sys/class/net/{far}/ifindex");
            Shell.Must("bash", ["-c", $"clang -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -DFAR={index} -DLONGEST={LabRenderer.FabricMtu + 14} "
                + $"-c {Repository.Root}/tests/Fabric.Lab.Tests/Xdp/cross.c -o {lab.Paths.Box}/devices/{device}/var-lib/{port}.o"]);
        }

        foreach (var port in (string[])[one, other])
        {
            lab.Must(device, $"ip link set dev {port} xdpdrv obj /var/lib/{port}.o sec xdp.frags && ip -d link show {port} | grep -q prog/xdp");
        }
    }

    /// <summary>Sends a datagram from leaf1 to upstream1, where no program waits for it, and sees there that it has come with a good checksum.</summary>
    private static void Received(RaisedLab lab, string address, int octets)
    {
        var before = Datagrams(lab);
        lab.Must("leaf1", $"dd if=/dev/zero bs={octets} count=1 status=none >/dev/udp/{address}/9");
        lab.Eventually("upstream1", $"[[ $({Counters}) != '{before.Unwanted} {before.Broken}' ]]");
        Assert.Equal((before.Unwanted + 1, before.Broken), Datagrams(lab));
    }

    private const string Counters = "awk '/^Udp: [0-9]/ { print $3, $8 }' /proc/net/snmp";

    private static (int Unwanted, int Broken) Datagrams(RaisedLab lab)
    {
        var words = lab.Must("upstream1", Counters).Split(' ');
        return (int.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture));
    }

    private static void Tunnel(RaisedLab lab, string node, string port, string local, string remote, string address) => lab.Must(node,
        $"ip link add tunnel type vxlan id 42 local {local} remote {remote} dstport 4789 dev {port} && ip link set tunnel mtu 9100 up && ip addr add {address} dev tunnel");

    /// <summary>FRR on a SoftGate announces an address that is public, and two that are not.</summary>
    private static void Announce(RaisedLab lab, string softGate, int number) => lab.Must(softGate, $"""
        for port in eth1 eth2 eth3; do ip link set $port up; done
        ip addr add 100.64.{number}.1/31 dev eth3
        ip addr add 2001:db8:64:{number}::1/127 dev eth3 nodad
        for address in 198.51.100.7/32 198.51.101.7/32 2001:db8:100::7/128 2001:db8:101::7/128; do ip addr add $address dev lo; done
        vtysh <<'END' >/dev/null
        configure terminal
        router bgp {65100 + number}
        no bgp ebgp-requires-policy
        neighbor 100.64.{number}.0 remote-as 64999
        neighbor 2001:db8:64:{number}:: remote-as 64999
        address-family ipv4 unicast
        redistribute connected
        exit-address-family
        address-family ipv6 unicast
        redistribute connected
        neighbor 2001:db8:64:{number}:: activate
        end
        END
        """);
}
