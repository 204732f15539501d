namespace Fabric.Lab.Tests;

[Trait("Category", "lab")]
[Collection("labs")] // one after the other: they share two cores
public sealed class MachineLabTests
{
    [Fact]
    public void The_same_lab_comes_up_in_a_machine_whose_kernel_has_what_leaves_need()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-system-x86_64"), "needs the packages of lab/install-packages.sh vm");
        using var lab = new RaisedLab(vehicle: "vm");
        Assert.Equal("leaf1\n", lab.Ssh("leaf1", "hostname").Output);
        lab.Must("leaf1", "ip link add red type vrf table 1001 && ip link add br0 type bridge vlan_filtering 1 && ip link add link br0 name vlan5 type vlan id 5 "
            + "&& ip link add dummy5 type dummy");
        Assert.NotEqual(0, lab.Run("leaf1", $"ping -c1 -W1 {lab.Facts.Devices.Single(d => d.Name == "spine1").ManagementAddress}").ExitCode);
        Assert.Equal("", lab.Must("spine1", "ls /sys/class/net | grep -E 'red|br0|dummy'; true"));

        HandMadeFabric.Configure(lab);
        lab.Must("vm", "add", "a1", "--host", "hypervisor1", "--vni", "10100", "--ip", "10.0.1.11/24");
        lab.Must("vm", "add", "a2", "--host", "hypervisor2", "--vni", "10100", "--ip", "10.0.1.12/24");
        lab.Eventually("a1", "ping -c1 -W1 10.0.1.12", 60);

        lab.Must("device", "stop", "leaf2");
        lab.Eventually("hypervisor2", "[[ $(cat /sys/class/net/eth1/carrier) == 0 ]]");
        lab.Must("device", "start", "leaf2");
        Assert.Equal("leaf2\n", lab.SshAgain("leaf2", "hostname").Output);

        Assert.Contains("is up already", lab.Up(), StringComparison.Ordinal);
        Assert.NotEmpty(lab.Traces([]));
        lab.Down();
        Assert.Empty(lab.Traces([]));
    }
}
