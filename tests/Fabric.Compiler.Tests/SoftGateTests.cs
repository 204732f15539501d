using System.Text.Json;
using Fabric.Compiler;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.TestKit.Files;
using Fabric.TestKit.Intent;

namespace Fabric.Compiler.Tests;

/// <summary>What SoftGates are told, and what switches do for them.</summary>
public sealed class SoftGateTests
{
    private static TestFabric Small() => new TestFabric().Spines(2).Leaves(2).Hypervisors(1).SoftGates();

    private static TestFabric Full()
    {
        var fabric = Small().Vpc("public").Change<VpcSpec>(ResourceKind.Vpc, "public", static v => v with { System = true })
            .Apply(ResourceKind.IpamAllocation, "range", new IpamAllocationSpec { Vpc = "public", Prefix = IpPrefix.Parse("198.51.100.0/24") })
            .Apply(ResourceKind.IpamAllocation, "range6", new IpamAllocationSpec { Vpc = "public", Prefix = IpPrefix.Parse("2001:db8:f00::/48") })
            .Vpc("red").Vpc("blue");
        Apply(fabric, ResourceKind.AclList, "web-in", """
            {"tenant": "acme", "rules": [
              {"number": 20, "action": "deny", "protocol": "icmp", "icmpType": 8, "log": true}, {"number": 30, "action": "permit", "protocol": "icmp"},
              {"number": 40, "action": "permit", "protocol": "icmp", "icmpType": 3, "icmpCode": 4},
              {"number": 10, "action": "permit", "protocol": "tcp", "sources": ["0.0.0.0/0", "::/0"], "ports": [{"first": 80, "last": 80}, {"first": 443, "last": 449}]}]}
            """);
        Apply(fabric, ResourceKind.AclList, "unused", """{"tenant": "acme"}""");
        Apply(fabric, ResourceKind.AclList, "outside", """{"tenant": "acme", "default": "permit"}""");
        Apply(fabric, ResourceKind.Vpc, "red", """{"tenant": "acme", "antiSpoof": true, "sessionQuota": 1000, "bandwidthLimit": 1000000, "routedIpv6": false}""");
        Apply(fabric, ResourceKind.VNet, "web", """
            {"site": "dc1", "vpc": "red", "vni": 5001, "gateways": ["10.0.1.1/24", "2001:db8:1::1/64"], "attachments": [{"hypervisors": true}], "ingressAccessList": "web-in",
             "awaitRules": true, "knownHosts": [{"mac": "02:00:00:00:00:01", "address": "10.0.1.5"}], "mtu": 8000}
            """);
        Apply(fabric, ResourceKind.VNet, "db", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.2.1/24"], "attachments": [{"port": {"device": "leaf1", "port": "srv1"}}], "awaitRules": true}""");
        Apply(fabric, ResourceKind.VNet, "plain", """{"site": "dc1", "vpc": "blue", "gateways": ["10.0.1.1/24"], "attachments": [{"port": {"device": "leaf1", "port": "srv2"}}]}""");
        Apply(fabric, ResourceKind.NatRule, "out", """{"vpc": "red", "type": "snat", "inside": "10.0.0.0/16", "public": ["198.51.100.1", "198.51.100.2"], "blocksPerHost": 8}""");
        Apply(fabric, ResourceKind.NatRule, "elastic", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.9", "public": ["198.51.100.9"]}""");
        Apply(fabric, ResourceKind.NatRule, "ssh", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.9", "public": ["198.51.100.1"], "protocol": "tcp", "ports": {"first": 22, "last": 29}, "insidePort": 2200}""");
        Apply(fabric, ResourceKind.NatRule, "prefix", """{"vpc": "red", "type": "nptv6", "inside": "2001:db8:1::/64", "publicPrefix": "2001:db8:f00:1::/64"}""");
        Apply(fabric, ResourceKind.NatRule, "off", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.10", "public": ["198.51.100.10"], "enabled": false}""");
        Apply(fabric, ResourceKind.LoadBalancer, "www", """
            {"vpc": "red", "address": "198.51.100.1", "protocol": "tcp", "ports": {"first": 80, "last": 80}, "algorithm": "leastConnections", "sources": ["203.0.113.0/24"],
             "healthCheck": {"type": "http", "path": "/ready", "intervalSeconds": 5}, "backends": [{"address": "10.0.1.21", "port": 8080}, {"address": "10.0.1.22", "weight": 0}]}
            """);
        Apply(fabric, ResourceKind.LoadBalancer, "inner", """{"vpc": "red", "address": "10.0.1.100", "internal": true, "protocol": "udp", "ports": {"first": 53, "last": 53}}""");
        Apply(fabric, ResourceKind.StaticRoute, "office", """{"vpc": "red", "prefix": "172.20.0.0/16", "nextHop": "10.0.1.50"}""");
        Apply(fabric, ResourceKind.PublicAddress, "limit", """{"vpc": "red", "prefix": "198.51.100.9/32", "bandwidthLimit": 500000, "accessList": "outside"}""");
        Apply(fabric, ResourceKind.PublicAddress, "routed", """{"vpc": "red", "prefix": "198.51.100.64/28", "routed": true}""");
        return fabric;
    }

    [Fact]
    public void A_pair_without_tenants() => Golden.Verify("softgates.txt", StateText.Of(Small().Snapshot.CompileAll(null)));

    [Fact]
    public void Everything_that_a_SoftGate_is_told() => Golden.Verify("softgate-state.json", Text(Full().Snapshot, "softgate1"));

    [Fact]
    public void Both_are_told_the_same_but_for_themselves()
    {
        var snapshot = Full().Snapshot;
        var (one, two) = (Compile(snapshot, "softgate1"), Compile(snapshot, "softgate2"));
        Assert.Equal((one.Vpcs, one.VNets, one.Nat, one.Balancers, one.AccessLists, one.PublicAddresses), (two.Vpcs, two.VNets, two.Nat, two.Balancers, two.AccessLists, two.PublicAddresses));
        Assert.Equal((one.Node.Name, one.Node.Loopback, one.Node.ServiceVtep), (two.Partner!.Name, two.Partner.Loopback, two.Partner.ServiceVtep));
        Assert.Equal((two.Node.Name, two.Node.Loopback, two.Node.ServiceVtep), (one.Partner!.Name, one.Partner.Loopback, one.Partner.ServiceVtep));
        Assert.Equal((one.Node.RouterMac, one.Node.GatewayMac), (two.Node.RouterMac, two.Node.GatewayMac));
        Assert.Equal(6, new[] { one.Node.Loopback, two.Node.Loopback, one.Node.ServiceVtep, two.Node.ServiceVtep }.Concat(one.Node.EvpnPeers.Select(static p => p.Address)).Distinct().Count());
    }

    [Fact]
    public void VPCs_are_spread_and_stay_where_they_are()
    {
        var fabric = Small();
        for (var i = 0; i < 20; i++)
        {
            fabric.Vpc($"v{i}").VNet($"n{i}", $"v{i}", gateways: ["10.0.1.1/24"], on: "hypervisors");
        }

        var before = Compile(fabric.Snapshot, "softgate1").Vpcs.ToDictionary(static v => v.Uid, static v => v.Owner);
        Assert.All(before.Values.CountBy(static o => o), static c => Assert.InRange(c.Value, 8, 12));
        fabric.Delete(ResourceKind.VNet, "n3").Delete(ResourceKind.Vpc, "v3").Vpc("new").VNet("n", "new", gateways: ["10.0.1.1/24"], on: "hypervisors");
        Assert.All(Compile(fabric.Snapshot, "softgate1").Vpcs.Where(v => before.ContainsKey(v.Uid)), v => Assert.Equal(before[v.Uid], v.Owner));
    }

    [Fact]
    public void A_device_outside_the_pair_is_told_nothing()
    {
        var snapshot = Small().Device("softgate9", DeviceRole.Softgate, []).Snapshot;
        Assert.Null(SoftGateCompiler.Compile(snapshot, snapshot.Find(ResourceKind.Device, "softgate9")!));
    }

    [Fact]
    public void Services_take_gateways_from_the_leaves_and_give_them_back()
    {
        var fabric = Small().Vpc("public").Change<VpcSpec>(ResourceKind.Vpc, "public", static v => v with { System = true })
            .Apply(ResourceKind.IpamAllocation, "range", new IpamAllocationSpec { Vpc = "public", Prefix = IpPrefix.Parse("198.51.100.0/24") })
            .Vpc("red").VNet("web", "red", gateways: ["10.0.1.1/24"], on: "leaf1:srv1");
        Assert.Equal(GatewayPlace.Leaf, Place());
        Apply(fabric, ResourceKind.NatRule, "out", """{"vpc": "red", "type": "snat", "inside": "10.0.0.0/16", "public": ["198.51.100.1"]}""");
        var evaluation = fabric.Commit();
        Assert.Equal(GatewayPlace.SoftGate, Place());
        Assert.Contains("leaf1", Impact.DevicesOf(evaluation.Before, evaluation.After, evaluation.Changes));
        Assert.Single(Compile(fabric.Snapshot, "softgate1").VNets);
        fabric.Delete(ResourceKind.NatRule, "out").Commit();
        Assert.Equal(GatewayPlace.Leaf, Place());
        Assert.Empty(Compile(fabric.Snapshot, "softgate1").VNets);

        GatewayPlace Place() => GatewayPlaces.Of(fabric.Snapshot, fabric.Spec<VNetSpec>(ResourceKind.VNet, "web"));
    }

    [Fact]
    public void One_more_rule_is_nothing_to_switches_and_hosts()
    {
        var fabric = Full();
        fabric.Commit();
        Apply(fabric, ResourceKind.NatRule, "more", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.11", "public": ["198.51.100.11"]}""");
        var evaluation = fabric.Commit();
        Assert.Single(evaluation.Changes);
        Assert.Empty(Impact.DevicesOf(evaluation.Before, evaluation.After, evaluation.Changes));
    }

    private static void Apply(TestFabric fabric, ResourceKind kind, string name, string spec)
    {
        using var json = JsonDocument.Parse(spec);
        fabric.Apply(kind, name, IntentJson.ReadSpec(kind, json.RootElement));
    }

    private static SoftGateState Compile(IntentSnapshot snapshot, string name) => SoftGateCompiler.Compile(snapshot, snapshot.Find(ResourceKind.Device, name)!)!;

    private static string Text(IntentSnapshot snapshot, string name)
    {
        using var json = JsonDocument.Parse(SoftGateJson.Write(Compile(snapshot, name)));
        return JsonSerializer.Serialize(json, new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }
}
