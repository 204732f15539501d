using Fabric.Lab.Commands;
using Fabric.Lab.Rendering;
using Fabric.Lab.State;
using Fabric.Lab.Topology;

namespace Fabric.Lab.Tests;

public sealed class LabRendererTests
{
    [Theory]
    [InlineData("reference", "lab-oob")]
    [InlineData("minimal", null)]
    public void A_topology_renders_as_recorded(string name, string? oobNamespace)
    {
        // The scripts are files of the project already; what is rendered from the topology is what is recorded.
        var files = Render(name, oobNamespace).Where(f => !f.Path.EndsWith(".sh", StringComparison.Ordinal));
        Golden.Check(name, files.ToDictionary(f => f.Path, f => f.Content, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("reference", false)]
    [InlineData("reference", true)]
    [InlineData("minimal", false)]
    public void The_inventory_of_a_lab_is_as_recorded(string name, bool withSoftGates)
    {
        var topology = TopologyParser.Parse(File.ReadAllText(Repository.Topology(name)), name).Topology!;
        var devices = topology.Routers.Select((d, i) => new DeviceFacts(
            d.Name, TopologyParser.RoleName(d.Role), topology.Managed.Contains(d), $"172.29.3.{11 + i}", $"ssh-ed25519 AAAA{d.Name}/+=")).ToList();
        var facts = new LabFacts("lab", "ns", name, "", "172.29.3.0/24", "lab-oob", "172.29.3.1", "/key", "/known_hosts", devices, []);
        Golden.Check(
            $"inventory-{name}{(withSoftGates ? "-softgates" : "")}",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["inventory.yaml"] = InventoryWriter.Write(facts, topology, withSoftGates) });
    }

    [Fact]
    public void Rendering_twice_gives_the_same_bytes() => Assert.Equal(Render("reference", "lab-oob"), Render("reference", "lab-oob"));

    [Fact]
    public void No_two_ports_share_a_mac_address_or_a_cable_end()
    {
        var environment = Render("reference", "lab-oob").Single(f => f.Path == "lab.env").Content;
        var ports = environment.Split('\n').Where(l => l.StartsWith("PORTS", StringComparison.Ordinal))
            .SelectMany(l => l.Split('"')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(p => p.Split(',')).ToList();
        Assert.Equal(40, ports.Count);
        Assert.Equal(40, ports.Select(p => p[1]).Distinct().Count());
        Assert.Equal(40, ports.Select(p => p[3]).Distinct().Count());
    }

    [Fact]
    public void The_management_port_forwards_nothing_even_after_the_general_setting() =>
        Assert.All(Render("reference", "lab-oob").Where(f => f.Path.EndsWith("day0.sysctl", StringComparison.Ordinal)), f =>
        {
            foreach (var (general, own) in (ReadOnlySpan<(string, string)>)[
                ("net/ipv4/ip_forward", "net/ipv4/conf/mgmt0/forwarding=0"), ("net/ipv6/conf/all/forwarding", "net/ipv6/conf/mgmt0/forwarding=0")])
            {
                Assert.True(f.Content.IndexOf(own, StringComparison.Ordinal) > f.Content.IndexOf(general, StringComparison.Ordinal), f.Path);
            }
        });

    private static IReadOnlyList<Artifact> Render(string name, string? oobNamespace)
    {
        var topology = TopologyParser.Parse(File.ReadAllText(Repository.Topology(name)), name).Topology!;
        return LabRenderer.Render(new LabPlan("lab", topology, "172.29.3", oobNamespace, "/run/fabric-lab/lab/box", "ssh-ed25519 AAAATEST"));
    }
}
