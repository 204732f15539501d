using System.Globalization;
using Fabric.Lab.State;

namespace Fabric.Lab.Tests;

[Trait("Category", "lab")]
[Collection("labs")]
public sealed class NamespaceLabTests
{
    [Fact]
    public void A_lab_comes_up_stays_as_it_is_and_goes_without_a_trace()
    {
        using var lab = new RaisedLab("reference");
        var status = lab.Vehicle.Script("status").Output.Trim().Split('\n');
        Assert.Equal(13, status.Length);
        Assert.All(status, line => Assert.EndsWith(" running", line, StringComparison.Ordinal));

        var pids = lab.Pids();
        Assert.True(pids.Count >= 9 * 5);
        Assert.Contains("is up already", lab.Up(), StringComparison.Ordinal);
        Assert.Equal(pids.Order(), lab.Pids().Order());
        Assert.NotEmpty(lab.Traces(pids));

        lab.Down();
        Assert.Empty(lab.Traces(pids));
    }

    [Fact]
    public void Another_topology_under_a_name_in_use_is_refused()
    {
        using var lab = new RaisedLab();
        Assert.Equal(1, RaisedLab.Command("up", "--name", lab.Name, "--topology", Repository.Topology("reference")));
        Assert.Equal("minimal", lab.Facts.Topology);
    }

    [Fact]
    public void A_lab_that_lost_a_device_is_raised_anew()
    {
        using var lab = new RaisedLab();
        var pid = int.Parse(File.ReadAllText($"{lab.Paths.Box}/devices/leaf1/pid").Trim(), CultureInfo.InvariantCulture);
        Processes.End(pid);
        var said = lab.Up();
        Assert.Contains("half up", said, StringComparison.Ordinal);
        Assert.Equal("leaf1", lab.Must("leaf1", "hostname"));
    }

    [Fact]
    public void A_lab_whose_files_are_gone_is_still_taken_down()
    {
        using var lab = new RaisedLab();
        var pids = lab.Pids();
        Directory.Delete(lab.Paths.Root, recursive: true);
        lab.Down();
        Assert.Empty(lab.Traces(pids));
    }

    [Fact]
    public void Two_labs_stand_side_by_side()
    {
        using var one = new RaisedLab();
        using var two = new RaisedLab();
        Assert.NotEqual(one.Facts.OobPrefix, two.Facts.OobPrefix);
        var pids = one.Pids();
        two.Down();
        Assert.Equal(pids.Order(), one.Pids().Order());
        Assert.Equal("spine1\n", one.Ssh("spine1", "hostname").Output);
    }

    [Fact]
    public void A_device_looks_like_a_switch_over_ssh()
    {
        using var lab = new RaisedLab();
        var result = lab.Ssh("leaf1", "hostname; vtysh -c 'show running-config'; cat /proc/sys/net/ipv4/conf/mgmt0/forwarding; cat /proc/1/comm");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("frr defaults datacenter\nhostname leaf1\n", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("router bgp", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("0\nbash\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("-s 90000000", lab.Must("leaf1", "ps -o args= -C zebra"), StringComparison.Ordinal);
        Assert.NotEqual(0, lab.Run("leaf1", "touch /etc/x").ExitCode);
        Assert.Equal("9216", lab.Must("leaf1", "cat /sys/class/net/swp1/mtu"));
    }

    [Fact]
    public void The_wrong_host_key_and_the_wrong_client_key_are_refused()
    {
        using var lab = new RaisedLab();
        var keys = File.ReadAllLines(lab.Facts.KnownHosts);
        File.WriteAllLines(lab.Facts.KnownHosts, [keys[0].Split(' ')[0] + " " + string.Join(' ', keys[1].Split(' ')[1..])]);
        Assert.Contains("Host key verification failed", lab.Ssh("spine1", "true").Error, StringComparison.Ordinal);
        File.WriteAllLines(lab.Facts.KnownHosts, keys);
        Assert.Equal(0, lab.Ssh("spine1", "true").ExitCode);
        File.WriteAllText($"{lab.Paths.Box}/devices/spine1/etc-ssh/authorized_keys", "");
        Assert.Contains("Permission denied", lab.Ssh("spine1", "true").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_management_network_joins_devices_with_the_controller_and_with_nothing_else()
    {
        using var lab = new RaisedLab();
        using var other = new RaisedLab();
        string Address(RaisedLab l, string device) => l.Facts.Devices.Single(d => d.Name == device).ManagementAddress;
        lab.Must("leaf1", $"ping -c1 -W2 {lab.Facts.ControllerAddress}");
        Assert.NotEqual(0, lab.Run("leaf1", $"ping -c1 -W1 {Address(lab, "spine1")}").ExitCode);

        // Not even with a route of its own does a device get through this host into another lab.
        lab.Must("leaf1", $"ip route add {other.Facts.OobPrefix} via {lab.Facts.ControllerAddress}");
        other.Must("leaf1", $"ip route add {lab.Facts.OobPrefix} via {other.Facts.ControllerAddress}");
        Assert.Equal(0, Shell.Run("ping", ["-c1", "-W2", Address(other, "leaf1")]).ExitCode);
        Assert.NotEqual(0, lab.Run("leaf1", $"ping -c1 -W1 {Address(other, "leaf1")}").ExitCode);
    }

    [Fact]
    public void A_device_without_power_loses_its_state_but_not_its_storage()
    {
        using var lab = new RaisedLab();
        lab.Must("leaf1", "ip link set swp1 up; ip addr add 10.9.9.9/32 dev lo; echo x >/var/lib/fabric/kept; echo x >/run/lost; "
            + "vtysh -c 'conf t' -c 'ip prefix-list KEPT permit any' -c end -c 'write memory'");
        lab.Must("spine1", "ip link set swp1 up; ip link set swp2 up");
        lab.Must("leaf2", "ip link set swp1 up");
        lab.Eventually("spine1", "[[ $(cat /sys/class/net/swp1/carrier) == 1 ]]");
        var pids = lab.Pids();

        lab.Must("device", "stop", "leaf1");
        Assert.NotEqual(0, lab.Ssh("leaf1", "true", patience: 2).ExitCode);
        Assert.NotEqual(0, lab.Run("leaf1", "true").ExitCode);
        lab.Eventually("spine1", "[[ $(cat /sys/class/net/swp1/carrier) == 0 ]]");
        Assert.Equal("1", lab.Must("spine1", "cat /sys/class/net/swp2/carrier"));
        Assert.False(File.Exists($"/run/netns/{lab.Name}-leaf1"));
        Assert.Contains("is up already", lab.Up(), StringComparison.Ordinal); // switched off on purpose

        lab.Must("device", "start", "leaf1");
        Assert.Equal("leaf1\n", lab.SshAgain("leaf1", "hostname").Output);
        Assert.Equal("x", lab.Must("leaf1", "cat /var/lib/fabric/kept; cat /run/lost 2>/dev/null; true"));
        Assert.Contains("KEPT", lab.Must("leaf1", "vtysh -c 'show running-config'"), StringComparison.Ordinal);
        Assert.DoesNotContain("10.9.9.9", lab.Must("leaf1", "ip addr"), StringComparison.Ordinal);
        lab.Must("leaf1", "ip link set swp1 up");
        lab.Eventually("spine1", "[[ $(cat /sys/class/net/swp1/carrier) == 1 ]]");
        Traffic(lab, "leaf1", "swp1", "spine1", "swp1");
        lab.Down();
        Assert.Empty(lab.Traces(pids));
    }

    [Fact]
    public void Two_neighbours_may_be_off_together_and_come_back_in_any_order()
    {
        using var lab = new RaisedLab();
        lab.Must("device", "stop", "leaf1");
        lab.Must("device", "stop", "spine1");
        lab.Must("device", "start", "leaf1");
        lab.Must("device", "start", "spine1");
        lab.Must("leaf1", "ip link set swp1 up");
        lab.Must("spine1", "ip link set swp1 up");
        Traffic(lab, "leaf1", "swp1", "spine1", "swp1");
    }

    [Fact]
    public void A_cut_cable_takes_the_carrier_from_both_ends_until_it_is_mended()
    {
        using var lab = new RaisedLab();
        lab.Must("leaf1", "ip link set swp1 up");
        lab.Must("spine1", "ip link set swp1 up");
        Traffic(lab, "leaf1", "swp1", "spine1", "swp1");
        lab.Must("link", "down", "leaf1:swp1");
        lab.Eventually("leaf1", "[[ $(cat /sys/class/net/swp1/carrier) == 0 ]]");
        lab.Eventually("spine1", "[[ $(cat /sys/class/net/swp1/carrier) == 0 ]]");
        lab.Must("link", "up", "spine1:swp1");
        Traffic(lab, "leaf1", "swp1", "spine1", "swp1");
        Assert.Equal(1, RaisedLab.Command("link", "down", "leaf1:swp77", "--name", lab.Name));
    }

    [Fact]
    public void Management_cable_and_services_fail_and_return_alone()
    {
        using var lab = new RaisedLab();
        lab.Must("oob", "down", "leaf1");
        Assert.NotEqual(0, lab.Ssh("leaf1", "true", patience: 2).ExitCode);
        Assert.Equal(0, lab.Ssh("spine1", "true").ExitCode);
        lab.Must("oob", "up", "leaf1");
        Assert.Equal(0, lab.SshAgain("leaf1", "true").ExitCode);

        lab.Must("service", "stop", "leaf1", "frr");
        Assert.NotEqual(0, lab.Ssh("leaf1", "vtysh -c 'show version'").ExitCode);
        lab.Must("service", "start", "leaf1", "frr");
        Assert.Equal(0, lab.Ssh("leaf1", "vtysh -c 'show version'").ExitCode);

        lab.Must("service", "stop", "leaf1", "sshd");
        Assert.Contains("refused", lab.Ssh("leaf1", "true").Error, StringComparison.Ordinal);
        lab.Must("service", "start", "leaf1", "sshd");
        Assert.Equal(0, lab.Ssh("leaf1", "true").ExitCode);
    }

    [Fact]
    public void The_devices_of_a_guest_are_those_of_the_cloudstack_agent()
    {
        using var lab = new RaisedLab();
        // Without a tunnel address nothing is made, and the message says why.
        var refused = lab.Vehicle.Script("vm", "add", "early", "hypervisor1", "10100", "10.0.1.11/24", "-", "02:00:00:00:00:01");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("lo has no global IPv4 address", refused.Error, StringComparison.Ordinal);
        Assert.Equal("", lab.Must("hypervisor1", "ls /sys/class/net | grep -E 'vxlan|brvx|vnet'; true"));

        lab.Must("hypervisor1", "ip addr add 10.255.2.1/32 dev lo");
        lab.Must("hypervisor2", "ip addr add 10.255.2.2/32 dev lo");
        lab.Must("vm", "add", "a", "--host", "hypervisor1", "--vni", "10100", "--ip", "10.0.1.11/24", "--gateway", "10.0.1.1");
        lab.Must("vm", "add", "b", "--host", "hypervisor1", "--vni", "10200", "--ip", "10.0.1.11/24");
        lab.Must("vm", "add", "c", "--host", "hypervisor1", "--vni", "10100", "--ip", "10.0.1.12/24");
        Assert.Contains("10.0.1.11/24", lab.Must("b", "ip -br addr show eth0"), StringComparison.Ordinal);
        lab.Must("a", "ping -c1 -W2 10.0.1.12");
        Assert.NotEqual(0, lab.Run("b", "ping -c1 -W1 10.0.1.12").ExitCode);
        Assert.Contains("default via 10.0.1.1", lab.Must("a", "ip route"), StringComparison.Ordinal);

        var vxlan = lab.Must("hypervisor1", "ip -d link show vxlan10100");
        Assert.Matches(@"vxlan id 10100 local 10\.255\.2\.1 .*dstport 4789 nolearning", vxlan);
        Assert.DoesNotContain(" group ", vxlan[vxlan.IndexOf("vxlan id", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Contains("mtu 1500", vxlan, StringComparison.Ordinal);
        Assert.Matches("master brvx-10100 .*learning off .*neigh_suppress on", string.Join(' ', lab.Must("hypervisor1", "bridge -d link show dev vxlan10100").Split('\n')));
        Assert.Matches("stp_state 0 .*vlan_filtering 0", lab.Must("hypervisor1", "ip -d link show brvx-10100"));
        Assert.Equal("1\n1", lab.Must("hypervisor1", "cat /proc/sys/net/ipv6/conf/{vxlan10100,brvx-10100}/disable_ipv6"));

        // Only the last guest takes the network with it.
        lab.Must("vm", "remove", "a");
        lab.Must("hypervisor1", "ip link show brvx-10100");
        lab.Must("vm", "move", "c", "--host", "hypervisor2");
        Assert.Equal("brvx-10200\nvnet1\nvxlan10200", lab.Must("hypervisor1", "ls /sys/class/net | grep -E 'vxlan|brvx|vnet'"));
        Assert.Equal("brvx-10100\nvnet0\nvxlan10100", lab.Must("hypervisor2", "ls /sys/class/net | grep -E 'vxlan|brvx|vnet'"));
        Assert.Contains("10.0.1.12/24", lab.Must("c", "ip -br addr show eth0"), StringComparison.Ordinal);
        Assert.Equal(1, RaisedLab.Command("vm", "remove", "nobody", "--name", lab.Name));
        Assert.Equal(1, RaisedLab.Command("vm", "add", "x", "--host", "leaf1", "--vni", "5", "--name", lab.Name));
    }

    [Fact]
    public void Servers_get_the_address_they_were_given_last()
    {
        using var lab = new RaisedLab("reference");
        lab.Must("server", "config", "server1", "--ip", "10.0.1.50/24", "--gateway", "10.0.1.1");
        lab.Must("server", "config", "server1", "--ip", "10.0.2.50/24", "--gateway", "10.0.2.1");
        Assert.DoesNotContain("10.0.1.", lab.Must("server1", "ip addr; ip route"), StringComparison.Ordinal);
        Assert.Contains("default via 10.0.2.1", lab.Must("server1", "ip route"), StringComparison.Ordinal);
        Assert.Equal("1500", lab.Must("server1", "cat /sys/class/net/eth1/mtu"));
    }

    [Theory]
    [InlineData(2, "up", "--topology", "/nonexistent.yaml")]
    [InlineData(2, "up", "--name", "Bad-Name", "--topology", "x")]
    [InlineData(1, "status", "--name", "tnolab")]
    [InlineData(2, "vm", "add", "V M", "--host", "h", "--vni", "1", "--name", "tnolab")]
    [InlineData(2, "vm", "add", "v", "--host", "h", "--vni", "16777216", "--name", "tnolab")]
    [InlineData(2, "vm", "add", "v", "--host", "h", "--vni", "1", "--ip", "10.0.0.1", "--name", "tnolab")]
    [InlineData(2, "vm", "add", "v", "--host", "h", "--vni", "1", "--mac", "01:00:00:00:00:01", "--name", "tnolab")]
    [InlineData(2, "server", "config", "s", "--vlan", "4095", "--name", "tnolab")]
    public void Bad_arguments_have_their_exit_code(int expected, params string[] words) => Assert.Equal(expected, RaisedLab.Command(words));

    [Fact]
    public void The_program_tells_each_fault_of_a_topology_in_a_line_and_ends_with_2()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "site: {name: s, fabricNumber: 1}\ndevices: {a: {role: leaf}, b: {role: wrong}}\nlinks: [\"a:swp1 - c:swp1\"]\n");
            var result = Shell.Run("dotnet", [typeof(LabManager).Assembly.Location, "up", "--topology", file]);
            Assert.Equal(2, result.ExitCode);
            Assert.Equal(2, result.Error.Trim().Split('\n').Length);
            Assert.Contains("unknown role 'wrong'", result.Error, StringComparison.Ordinal);
            Assert.Contains("no device 'c'", result.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Packets_cross_vxlan_between_two_hypervisors_once_the_routers_are_configured()
    {
        using var lab = new RaisedLab();
        HandMadeFabric.Configure(lab);
        lab.Must("vm", "add", "a1", "--host", "hypervisor1", "--vni", "10100", "--ip", "10.0.1.11/24");
        lab.Must("vm", "add", "a2", "--host", "hypervisor2", "--vni", "10100", "--ip", "10.0.1.12/24");
        lab.Must("vm", "add", "b2", "--host", "hypervisor2", "--vni", "10200", "--ip", "10.0.1.13/24");
        lab.Eventually("a1", "ping -c1 -W1 10.0.1.12", 20);
        Assert.NotEqual(0, lab.Run("a1", "ping -c1 -W1 10.0.1.13").ExitCode);
        lab.Must("vm", "move", "a2", "--host", "hypervisor1");
        lab.Eventually("a1", "ping -c1 -W1 10.0.1.12");
    }

    private static void Traffic(RaisedLab lab, string a, string portA, string b, string portB)
    {
        lab.Must(a, $"ip addr replace 10.9.0.1/30 dev {portA}");
        lab.Must(b, $"ip addr replace 10.9.0.2/30 dev {portB}");
        lab.Eventually(a, "ping -c1 -W1 -M do -s 8972 10.9.0.2");
    }
}
