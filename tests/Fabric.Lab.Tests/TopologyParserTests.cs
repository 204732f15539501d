using Fabric.Lab.Topology;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Lab.Tests;

public sealed class TopologyParserTests
{
    private const string Good = """
        name: t
        site: {name: s, fabricNumber: 7}
        devices:
          leaf1: {role: leaf, asn: 4200000001}
          spine1: {role: spine}
          server1: {role: server}
        links:
          - leaf1:swp1 - spine1:swp1
          - leaf1:swp2 - server1:eth1
        """;

    private const string WithSoftGate = """
        site: {name: s, fabricNumber: 7}
        devices:
          up1: {role: external, asn: 65000, ADDRESSES}
          sg1: {role: softgate}
        links:
          - sg1:eth3 - up1:swp1
        """;

    [Fact]
    public void A_good_file_becomes_a_topology_in_the_order_of_the_file()
    {
        var result = TopologyParser.Parse(Good, "t.yaml");
        Assert.Empty(result.Errors);
        var topology = result.Topology!;
        Assert.Equal("t", topology.Name);
        Assert.Equal(new LabSite("s", 7), topology.Site);
        Assert.Equal(
            [new("leaf1", DeviceRole.Leaf, 4200000001), new("spine1", DeviceRole.Spine, null), new("server1", DeviceRole.Server, null)],
            topology.Devices);
        Assert.Equal(["leaf1:swp1 - spine1:swp1", "leaf1:swp2 - server1:eth1"], topology.Links.Select(l => l.ToString()));
        Assert.Equal(["leaf1", "spine1"], topology.Managed.Select(d => d.Name));
    }

    [Theory]
    [InlineData("reference", 13, 20)]
    [InlineData("minimal", 5, 4)]
    public void The_topologies_of_the_project_are_good(string name, int devices, int links)
    {
        var result = TopologyParser.Parse(File.ReadAllText(Repository.Topology(name)), name);
        Assert.Empty(result.Errors);
        Assert.Equal(devices, result.Topology!.Devices.Count);
        Assert.Equal(links, result.Topology.Links.Count);
    }

    [Theory]
    [InlineData("name: t", "nam: t", "t.yaml:1: unknown key 'nam' (known: name, site, devices, links)")]
    [InlineData("fabricNumber: 7", "fabricNumber: 70000", "t.yaml:2: fabricNumber '70000' is not a number from 1 to 65535")]
    [InlineData("fabricNumber: 7", "fabricNo: 7", "t.yaml:2: unknown key 'fabricNo' in site (known: name, fabricNumber)")]
    [InlineData("site: {name: s, fabricNumber: 7}\n", "", "t.yaml:1: no 'site'")]
    [InlineData("{role: spine}", "{role: spline}", "t.yaml:5: device spine1: unknown role 'spline' (known: spine, leaf, hypervisor, softgate, external, server)")]
    [InlineData("{role: spine}", "{role: spine, as: 5}", "t.yaml:5: device spine1: unknown key 'as' (known: role, asn, addresses, accepts)")]
    [InlineData("{role: spine}", "{role: spine, asn: 4294967296}", "t.yaml:5: asn '4294967296' is not a number from 1 to 4294967295")]
    [InlineData("{role: spine}", "{role: spine, asn: -1}", "t.yaml:5: asn '-1' is not a number from 1 to 4294967295")]
    [InlineData("{role: spine}", "{}", "t.yaml:5: device spine1: no 'role'")]
    [InlineData("{role: spine}", "{role: external}", "t.yaml:5: device spine1: an external router needs an 'asn'")]
    [InlineData("{role: spine}", "{role: spine, addresses: {swp1: [10.0.0.1/24]}}", "t.yaml:5: device spine1: only external routers and servers have 'addresses' from the start")]
    [InlineData("{role: spine}", "{role: spine, accepts: [10.0.0.0/24]}", "t.yaml:5: device spine1: only an external router has 'accepts'")]
    [InlineData("{role: spine}", "{role: external, asn: 1, accepts: [10.0.0.1/24]}", "t.yaml:5: accepts of spine1: '10.0.0.1/24' is not a network such as 198.51.100.0/24")]
    [InlineData("{role: server}", "{role: server, addresses: {eth1: [10.0.0.1]}}", "t.yaml:6: server1:eth1: '10.0.0.1' is not an address with a prefix length such as 203.0.113.1/24")]
    [InlineData("{role: server}", "{role: server, addresses: {eth1: [10.1/24]}}", "t.yaml:6: server1:eth1: '10.1/24' is not an address with a prefix length such as 203.0.113.1/24")]
    [InlineData("{role: server}", "{role: server, addresses: {eth1: [fe80::1%1/64]}}", "t.yaml:6: server1:eth1: 'fe80::1%1/64' is not an address with a prefix length such as 203.0.113.1/24")]
    [InlineData("{role: server}", "{role: server, addresses: {eth1: [10.0.0.1/33]}}", "t.yaml:6: server1:eth1: '10.0.0.1/33' is not an address with a prefix length such as 203.0.113.1/24")]
    [InlineData("{role: server}", "{role: server, addresses: {eth1: []}}", "t.yaml:6: server1:eth1 must be a list of 1 to 16 addresses")]
    [InlineData("{role: server}", "{role: server, addresses: {eth2: [10.0.0.1/24]}}", "t.yaml:1: port server1:eth2 has addresses and no link")]
    [InlineData("{role: spine}", "[role]", "t.yaml:5: device spine1 must be a mapping")]
    [InlineData("server1: {role", "averylongservername: {role", "t.yaml:6: device name 'averylongservername' has 19 characters; 15 is the limit", true)]
    [InlineData("server1: {role", "Server_1: {role", "t.yaml:6: device name 'Server_1' must begin with a letter and hold only a-z, 0-9 and '-'", true)]
    [InlineData("server1: {role", "oob: {role", "t.yaml:6: device name 'oob' is used by the lab itself", true)]
    [InlineData("server1: {role", "vm-1: {role", "t.yaml:6: device name 'vm-1' is used by the lab itself", true)]
    [InlineData("spine1:swp1", "spine2:swp1", "t.yaml:8: link 1: no device 'spine2'")]
    [InlineData("leaf1:swp2", "leaf1:swp1", "t.yaml:9: link 2: port leaf1:swp1 is used already by link 1")]
    [InlineData("server1:eth1", "leaf1:eth1", "t.yaml:9: link 2: joins leaf1 with itself")]
    [InlineData("server1:eth1", "server1:aninterfacenamethatistoolong", "t.yaml:9: link 2: interface name 'aninterfacenamethatistoolong' has 28 characters; 15 is the limit")]
    [InlineData("server1:eth1", "server1:e/1", "t.yaml:9: link 2: interface name 'e/1' must begin with a letter and hold only a-z, A-Z, 0-9, '_', '-' and '.'")]
    [InlineData("server1:eth1", "server1:mgmt0", "t.yaml:9: link 2: interface name 'mgmt0' is used by the lab itself")]
    [InlineData("server1:eth1", "server1:vxlan5", "t.yaml:9: link 2: interface name 'vxlan5' is used by the lab itself")]
    [InlineData("leaf1:swp2 - server1:eth1", "leaf1:swp2 server1:eth1", "t.yaml:9: link 2: 'leaf1:swp2 server1:eth1' is not of the form 'device:port - device:port'")]
    [InlineData("leaf1:swp2 - server1:eth1", "{a: b}", "t.yaml:9: link 2: '' is not of the form 'device:port - device:port'")]
    public void A_fault_is_told_in_one_line_with_its_place(string good, string bad, string expected, bool alsoDangling = false)
    {
        var text = Good.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(Good, text);
        var result = TopologyParser.Parse(text, "t.yaml");
        Assert.Null(result.Topology);
        Assert.Equal(expected, result.Errors[0]);
        Assert.Equal(alsoDangling ? 2 : 1, result.Errors.Count);
        Assert.All(result.Errors, e => Assert.DoesNotContain('\n', e));
    }

    [Theory]
    [InlineData("", "t.yaml:1: port up1:swp1 faces a SoftGate: it needs addresses, each with /31 or /127")]
    [InlineData(", addresses: {swp1: [10.0.0.0/31, 10.0.1.1/24]}", "t.yaml:1: port up1:swp1 faces a SoftGate: it needs addresses, each with /31 or /127")]
    [InlineData(", addresses: {swp1: [10.0.0.0/31, \"2001:db8::1/127\"]}", null)]
    public void A_port_towards_a_SoftGate_has_numbered_links_only(string addresses, string? expected)
    {
        var result = TopologyParser.Parse(WithSoftGate.Replace(", ADDRESSES", addresses, StringComparison.Ordinal), "t.yaml");
        Assert.Equal(expected is null ? [] : [expected], result.Errors);
        if (expected is null)
        {
            var upstream = Assert.Single(result.Topology!.Upstreams);
            Assert.Equal(("sg1:eth3", "up1:swp1"), (upstream.SoftGate.ToString(), upstream.Router.ToString()));
            Assert.Equal(["10.0.0.1/31", "2001:db8::/127"], upstream.Addresses.Select(a => a.Partner.ToString()));
        }
    }

    [Fact]
    public void A_third_SoftGate_is_refused() =>
        Assert.Equal(
            ["t.yaml:1: 3 SoftGates; 2 is the limit of a site"],
            TopologyParser.Parse(
                WithSoftGate.Replace(", ADDRESSES", ", addresses: {swp1: [10.0.0.0/31]}", StringComparison.Ordinal)
                    .Replace("links:", "  sg2: {role: softgate}\n  sg3: {role: softgate}\nlinks:", StringComparison.Ordinal), "t.yaml").Errors);

    [Fact]
    public void A_device_named_twice_is_refused()
    {
        var result = TopologyParser.Parse(Good.Replace("spine1: {", "leaf1: {", StringComparison.Ordinal), "t.yaml");
        Assert.Contains("leaf1", Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.StartsWith("t.yaml:5:", result.Errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_of_a_file_are_told_at_once()
    {
        var text = Good.Replace("{role: spine}", "{role: x}", StringComparison.Ordinal).Replace("server1:eth1", "server1:lo", StringComparison.Ordinal);
        var result = TopologyParser.Parse(text, "t.yaml");
        Assert.Equal(2, result.Errors.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a")]
    [InlineData("a: b: c")]
    [InlineData("name: \"\\u0007\"")]
    [InlineData("a: &x 1\nb: *x")]
    public void Text_that_is_no_topology_is_refused(string text) => Assert.NotEmpty(TopologyParser.Parse(text, "t.yaml").Errors);

    [Fact]
    public void Deep_nesting_is_refused_before_it_can_hurt() =>
        Assert.Equal(["t.yaml:1: nested too deeply"], TopologyParser.Parse(new string('[', 100_000), "t.yaml").Errors);

    [Fact]
    public void Mutilated_files_never_throw() =>
        Prop.ForAll(
            Gen.Choose(0, Good.Length - 1).Two().Select(cut => Good.Remove(cut.Item1, Math.Min(cut.Item2, Good.Length - cut.Item1))).ToArbitrary(),
            text => TopologyParser.Parse(text, "t.yaml") is { } r && (r.Topology is null) == (r.Errors.Count > 0)).QuickCheckThrowOnFailure();
}
