using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Intent.Tests;

/// <summary>Which SoftGates, lists, rules, balancers, routes and addresses are taken, and why others are not.</summary>
public sealed class ServiceRuleTests
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";

    private static readonly IntentSnapshot Start = Write(IntentSnapshot.Empty,
        ("Site", "dc1", "{}"), ("Tenant", "acme", "{}"),
        ("Device", "sg1", Device("softgate", 1, "kvm-host")), ("Device", "sg2", Device("softgate", 2, "kvm-host")), ("Device", "leaf1", Device("leaf", 3, "frr-linux")),
        ("Link", "sg1-leaf1", """{"a": {"device": "sg1", "port": "eth1"}, "b": {"device": "leaf1", "port": "eth1"}}"""),
        ("SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1", "sg2"], "upstreams": [{"softGate": "sg1", "port": "eth2", "addresses": ["100.64.1.1/31"], "peers": [{"address": "100.64.1.0", "asn": 65500}]}]}"""),
        ("Vpc", "public", """{"tenant": "acme", "system": true}"""), ("Vpc", "red", """{"tenant": "acme"}"""), ("Vpc", "blue", """{"tenant": "acme"}"""),
        ("AclList", "list", """{"tenant": "acme"}"""),
        ("VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24", "2001:db8:1::1/64"], "attachments": [{"hypervisors": true}]}"""),
        ("IpamAllocation", "range", """{"vpc": "public", "prefix": "198.51.100.0/24"}"""), ("IpamAllocation", "range6", """{"vpc": "public", "prefix": "2001:db8:f00::/48"}"""),
        ("NatRule", "snat", """{"vpc": "red", "type": "snat", "inside": "10.0.0.0/16", "public": ["198.51.100.1", "198.51.100.2"]}"""),
        ("NatRule", "static", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.9", "public": ["198.51.100.9"]}"""),
        ("NatRule", "ssh", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.9", "public": ["198.51.100.1"], "protocol": "tcp", "ports": {"first": 22, "last": 29}, "insidePort": 2200}"""),
        ("NatRule", "prefix", """{"vpc": "red", "type": "nptv6", "inside": "2001:db8:1::/64", "publicPrefix": "2001:db8:f00:1::/64"}"""),
        ("LoadBalancer", "web", """{"vpc": "red", "address": "198.51.100.1", "protocol": "tcp", "ports": {"first": 80, "last": 80}, "backends": [{"address": "10.0.1.21", "port": 8080}]}"""),
        ("StaticRoute", "office", """{"vpc": "red", "prefix": "172.20.0.0/16", "nextHop": "10.0.1.50"}"""),
        ("PublicAddress", "routed", """{"vpc": "red", "prefix": "198.51.100.64/28", "routed": true}"""));

    public static TheoryData<string, string, string> Taken => new()
    {
        { "NatRule", "other", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.8", "public": ["198.51.100.1"], "protocol": "tcp", "ports": {"first": 30, "last": 30}}""" },
        { "NatRule", "other", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.8", "public": ["198.51.100.1"], "protocol": "udp", "ports": {"first": 22, "last": 22}}""" },
        { "NatRule", "off", """{"vpc": "blue", "type": "static", "insideAddress": "10.0.1.8", "public": ["198.51.100.1"], "enabled": false}""" },
        { "NatRule", "part", """{"vpc": "red", "type": "snat", "inside": "10.0.1.0/24", "public": ["198.51.100.3"]}""" },
        { "NatRule", "same-inside", """{"vpc": "blue", "type": "snat", "inside": "10.0.0.0/16", "public": ["198.51.100.3"]}""" },
        { "NatRule", "all", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.8", "public": ["198.51.100.5"], "protocol": "all"}""" },
        { "IpamAllocation", "range", """{"vpc": "public", "prefix": "198.51.100.0/23"}""" },
        { "LoadBalancer", "udp", """{"vpc": "red", "address": "198.51.100.1", "protocol": "udp", "ports": {"first": 80, "last": 80}}""" },
        { "LoadBalancer", "in", """{"vpc": "red", "address": "10.0.1.100", "internal": true, "protocol": "tcp", "ports": {"first": 80, "last": 80}}""" },
        { "PublicAddress", "limit", """{"vpc": "red", "prefix": "198.51.100.1/32", "bandwidthLimit": 1000000, "accessList": "list"}""" },
        { "StaticRoute", "default", """{"vpc": "red", "prefix": "0.0.0.0/0", "nextHop": "10.0.1.50"}""" },
        { "IpamSubnet", "one", """{"vpc": "public", "prefix": "198.51.100.1/32", "purpose": "nat"}""" },
        { "VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24", "2001:db8:1::1/64"], "ingressAccessList": "list", "knownHosts": [{"mac": "02:00:00:00:00:01", "address": "10.0.1.5"}]}""" },
        { "AclList", "full", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "protocol": "47"}, {"number": 2, "action": "deny", "protocol": "icmpv6", "icmpType": 128, "icmpCode": 0, "log": true}]}""" },
    };

    public static TheoryData<string, string, string, string, string> NotTaken => new()
    {
        { "SoftGatePair", "second", """{"site": "dc1", "softGates": ["sg1"]}""", "/spec/site", "a site has one pair" },
        { "SoftGatePair", "pair", """{"site": "dc2", "softGates": ["sg1"]}""", "/spec/site", "cannot change" },
        { "IpamAllocation", "range", """{"vpc": "public", "prefix": "198.51.100.128/25"}""", "/spec/prefix", "uses 198.51.100" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "10.0.1.1", "internal": true, "protocol": "tcp", "ports": {"first": 22, "last": 22}}""", "/spec/address", "is the gateway of VNet 'web'" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1", "leaf1"]}""", "/spec/softGates/1", "Device 'leaf1' is a leaf, not a softgate" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1", "sg1"]}""", "/spec/softGates", "one or two different" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": []}""", "/spec/softGates", "one or two different" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"], "upstreams": [{"softGate": "sg1", "port": "eth1", "addresses": ["100.64.1.1/31"]}]}""", "/spec/upstreams/0/port", "carries the underlay" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"], "upstreams": [{"softGate": "sg1", "port": "eth9", "addresses": ["100.64.1.1/31"]}]}""", "/spec/upstreams/0/port", "has no port eth9" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"], "upstreams": [{"softGate": "sg1", "port": "eth2", "addresses": ["100.64.1.1/31", "fe80::1/64"]}]}""", "/spec/upstreams/0/addresses/1", "link-local" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"], "upstreams": [{"softGate": "sg1", "port": "enp129s0f0np0", "vlan": 4000, "addresses": ["100.64.1.1/31"]}]}""", "/spec/upstreams/0/vlan", "at most 15" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"], "upstreams": [{"softGate": "sg2", "port": "eth2", "addresses": ["100.64.1.1/31"]}]}""", "/spec/upstreams/0/softGate", "no SoftGate of the pair" },
        { "SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"], "upstreams": [{"softGate": "sg1", "port": "eth2", "addresses": ["100.64.1.1/31"], "peers": [{"address": "100.64.1.1", "asn": 1}]}]}""", "/spec/upstreams/0/peers/0/address", "no other address" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 0, "action": "permit"}]}""", "/spec/rules/0/number", "1..65535" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit"}, {"number": 1, "action": "deny"}]}""", "/spec/rules/1/number", "there twice" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "protocol": "tpc"}]}""", "/spec/rules/0/protocol", "'tpc' is no protocol" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "protocol": "256"}]}""", "/spec/rules/0/protocol", "no protocol" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "ports": [{"first": 1, "last": 2}]}]}""", "/spec/rules/0/ports", "only rules for tcp" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "protocol": "tcp", "ports": [{"first": 2, "last": 1}]}]}""", "/spec/rules/0/ports/0", "no range of ports" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "protocol": "tcp", "icmpType": 1}]}""", "/spec/rules/0/icmpType", "only rules for icmp" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "protocol": "icmp", "icmpCode": 1}]}""", "/spec/rules/0/icmpCode", "needs a type" },
        { "AclList", "l", """{"tenant": "acme", "rules": [{"number": 1, "action": "permit", "sources": ["10.0.0.0/8"], "destinations": ["::/0"]}]}""", "/spec/rules/0/destinations", "one family" },
        { "Vpc", "red", """{"tenant": "acme", "sessionQuota": 0}""", "/spec/sessionQuota", "at least 1" },
        { "Vpc", "red", """{"tenant": "acme", "bandwidthLimit": 1}""", "/spec/bandwidthLimit", "bits a second" },
        { "Vpc", "red", """{"tenant": "acme", "accessList": "ghost"}""", "/spec/accessList", "there is no AclList 'ghost'" },
        { "Vpc", "public", """{"tenant": "acme"}""", "/spec/system", "uses 198.51.100" },
        { "VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"], "mtu": 1000}""", "/spec/mtu", "1280..9000" },
        { "VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"], "knownHosts": [{"mac": "02:00:00:00:00:01", "address": "10.0.1.1"}]}""", "/spec/knownHosts/0/address", "is the gateway" },
        { "VNet", "web", """{"site": "dc1", "vpc": "red", "knownHosts": [{"mac": "01:00:00:00:00:01", "address": "10.0.1.2"}]}""", "/spec/knownHosts/0/mac", "no address of one interface" },
        { "NatRule", "n", """{"vpc": "red", "type": "snat", "public": ["198.51.100.5"]}""", "/spec/inside", "snat needs it" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "inside": "10.0.0.0/8", "insideAddress": "10.0.1.7", "public": ["198.51.100.5"]}""", "/spec/inside", "static does not take it" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.7", "public": ["198.51.100.5", "198.51.100.6"]}""", "/spec/public", "one public address" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.7", "public": ["2001:db8:f00::1"]}""", "/spec/public", "one family" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.7", "public": ["198.51.100.5"], "protocol": "tcp"}""", "/spec/protocol", "static does not take it" },
        { "NatRule", "n", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.7", "public": ["198.51.100.5"], "ports": {"first": 1, "last": 2}}""", "/spec/ports", "only tcp and udp" },
        { "NatRule", "n", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.7", "public": ["198.51.100.5"], "protocol": "tcp", "ports": {"first": 1, "last": 9}, "insidePort": 65530}""", "/spec/insidePort", "65530 to 65538" },
        { "NatRule", "n", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.7", "public": ["198.51.100.5"], "protocol": "tcp", "insidePort": 5}""", "/spec/insidePort", "needs ports" },
        { "NatRule", "n", """{"vpc": "red", "type": "nptv6", "inside": "2001:db8:1::/64", "publicPrefix": "2001:db8:f00::/48"}""", "/spec/publicPrefix", "one length" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.7", "public": ["203.0.113.5"]}""", "/spec/public/0", "in no IpamAllocation of a system VPC" },
        { "NatRule", "n", """{"vpc": "blue", "type": "static", "insideAddress": "10.0.1.7", "public": ["198.51.100.1"]}""", "/spec/public/0", "belongs to VPC 'red'" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.7", "public": ["198.51.100.1"]}""", "/spec/public/0", "static translation uses the whole address" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.9", "public": ["198.51.100.5"]}""", "/spec/insideAddress", "translates 10.0.1.9/32 already" },
        { "NatRule", "n", """{"vpc": "red", "type": "static", "insideAddress": "10.0.1.7", "public": ["198.51.100.70"]}""", "/spec/public/0", "what is routed is not translated" },
        { "NatRule", "n", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.7", "public": ["198.51.100.1"], "protocol": "tcp", "ports": {"first": 29, "last": 40}}""", "/spec/public/0", "would lead to two places" },
        { "NatRule", "n", """{"vpc": "red", "type": "dnat", "insideAddress": "10.0.1.7", "public": ["198.51.100.1"]}""", "/spec/public/0", "would lead to two places" },
        { "NatRule", "n", """{"vpc": "red", "type": "snat", "inside": "10.0.0.0/16", "public": ["198.51.100.5"]}""", "/spec/inside", "translates 10.0.0.0/16 already" },
        { "NatRule", "n", """{"vpc": "red", "type": "snat", "inside": "10.9.0.0/16", "public": ["198.51.100.1"]}""", "/spec/public/0", "in one pool" },
        { "NatRule", "n", """{"vpc": "red", "type": "snat", "inside": "10.9.0.0/16", "public": ["198.51.100.5"], "blocksPerHost": 33}""", "/spec/blocksPerHost", "1..32" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "198.51.100.1", "protocol": "tcp", "ports": {"first": 22, "last": 22}}""", "/spec/address", "would lead to two places" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "10.0.9.1", "internal": true, "protocol": "tcp", "ports": {"first": 22, "last": 22}}""", "/spec/address", "in no subnet of a gateway" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "198.51.100.5", "protocol": "tcp", "ports": {"first": 22, "last": 22}, "backends": [{"address": "2001:db8::1"}]}""", "/spec/backends/0/address", "family" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "198.51.100.5", "protocol": "tcp", "ports": {"first": 22, "last": 22}, "backends": [{"address": "10.0.1.1", "weight": 257}]}""", "/spec/backends/0/weight", "0..256" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "198.51.100.5", "protocol": "tcp", "ports": {"first": 22, "last": 22}, "backends": [{"address": "10.0.1.3"}, {"address": "10.0.1.3"}]}""", "/spec/backends/1", "listed twice" },
        { "LoadBalancer", "l", """{"vpc": "red", "address": "198.51.100.5", "protocol": "tcp", "ports": {"first": 22, "last": 22}, "healthCheck": {"type": "http", "path": "ready"}}""", "/spec/healthCheck/path", "begins with a slash" },
        { "StaticRoute", "r", """{"vpc": "red", "prefix": "172.21.0.0/16", "nextHop": "10.9.9.9"}""", "/spec/nextHop", "in no subnet of a gateway" },
        { "StaticRoute", "r", """{"vpc": "red", "prefix": "172.20.0.0/16", "nextHop": "10.0.1.51"}""", "/spec/prefix", "leads 172.20.0.0/16 elsewhere" },
        { "StaticRoute", "r", """{"vpc": "red", "prefix": "10.0.1.0/24", "nextHop": "10.0.1.51"}""", "/spec/prefix", "the subnet of VNet 'web'" },
        { "StaticRoute", "r", """{"vpc": "red", "prefix": "2001:db8:9::/64", "nextHop": "10.0.1.51"}""", "/spec/nextHop", "one family" },
        { "PublicAddress", "p", """{"vpc": "red", "prefix": "198.51.100.32/28"}""", "/spec/prefix", "no single address" },
        { "PublicAddress", "p", """{"vpc": "red", "prefix": "198.51.100.0/28", "routed": true}""", "/spec/prefix", "what is routed is not translated" },
        { "PublicAddress", "p", """{"vpc": "blue", "prefix": "198.51.100.65/32"}""", "/spec/prefix", "belongs to VPC 'red'" },
        { "PublicAddress", "p", """{"vpc": "red", "prefix": "198.51.100.64/32", "routed": true}""", "/spec/prefix", "one PublicAddress says" },
        { "IpamSubnet", "s", """{"vpc": "red", "prefix": "10.0.1.0/24"}""", "/spec/prefix", "in no allocation" },
    };

    [Theory]
    [MemberData(nameof(Taken))]
    public void It_is_taken(string kind, string name, string spec) => Write(Start, (kind, name, spec));

    [Theory]
    [MemberData(nameof(NotTaken))]
    public void It_is_refused_with_the_reason_at_the_field(string kind, string name, string spec, string pointer, string message)
    {
        var evaluation = ChangeSetEvaluator.Evaluate(Start, [Change(kind, name, spec)]);
        Assert.Contains(evaluation.Errors, e => e.Pointer == pointer && e.Message.Contains(message, StringComparison.Ordinal));
        Assert.Same(Start, evaluation.After);
    }

    [Fact]
    public void A_list_has_at_most_a_thousand_rules()
    {
        static AclListSpec List(int rules) => new() { Tenant = "acme", Rules = [.. Enumerable.Range(1, rules).Select(static n => new AclRuleSpec { Number = n, Action = AclAction.Deny })] };
        var key = new ResourceKey(ResourceKind.AclList, "long");
        Assert.True(ChangeSetEvaluator.Evaluate(Start, [new(ChangeOperation.Apply, key, List(1000))]).Accepted);
        Assert.Contains("at most 1000 rules", ChangeSetEvaluator.Evaluate(Start, [new(ChangeOperation.Apply, key, List(1001))]).Errors[0].Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string, string> OnlyOnSoftGates => new()
    {
        { "VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"], "egressAccessList": "list"}""", "/spec/egressAccessList" },
        { "VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"], "awaitRules": true}""", "/spec/awaitRules" },
        { "VNet", "new", """{"site": "dc1", "vpc": "listed", "gateways": ["10.0.1.1/24"]}""", "/spec/gateways" },
        { "Vpc", "red", """{"tenant": "acme", "accessList": "list"}""", "/spec/accessList" },
        { "Vpc", "red", """{"tenant": "acme", "antiSpoof": true}""", "/spec/antiSpoof" },
    };

    /// <summary>A deny that nobody carries out is worse than an error.</summary>
    [Theory]
    [MemberData(nameof(OnlyOnSoftGates))]
    public void What_leaves_cannot_hold_to_is_refused_where_they_are_the_gateway(string kind, string name, string spec, string pointer)
    {
        var without = Write(IntentSnapshot.Empty, ("Site", "dc1", "{}"), ("Tenant", "acme", "{}"), ("AclList", "list", """{"tenant": "acme"}"""),
            ("Vpc", "red", """{"tenant": "acme"}"""), ("Vpc", "listed", """{"tenant": "acme", "accessList": "list"}"""),
            ("VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"]}"""));
        var error = Assert.Single(ChangeSetEvaluator.Evaluate(without, [Change(kind, name, spec)]).Errors);
        Assert.Equal(pointer, error.Pointer);
        Assert.Contains("needs SoftGates; site 'dc1' has no SoftGatePair", error.Message, StringComparison.Ordinal);

        // On hypervisors nothing leaves the segment; with a pair the gateway is there.
        Write(without, ("VNet", "web", """{"site": "dc1", "vpc": "red", "gateways": ["10.0.1.1/24"], "ingressAccessList": "list", "attachments": [{"hypervisors": true}]}"""));
        var with = Write(without, ("Device", "sg1", Device("softgate", 1, "kvm-host")), ("SoftGatePair", "pair", """{"site": "dc1", "softGates": ["sg1"]}"""));
        with = Write(with, (kind, name, spec));
        error = Assert.Single(ChangeSetEvaluator.Evaluate(with, [new(ChangeOperation.Delete, new(ResourceKind.SoftGatePair, "pair"), null)]).Errors);
        Assert.Equal(ChangeErrorKind.InUse, error.Kind);
        Assert.Contains("so that the gateway of VNet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_in_use_stays()
    {
        foreach (var key in new[]
        {
            new ResourceKey(ResourceKind.IpamAllocation, "range"), new(ResourceKind.AclList, "used"), new(ResourceKind.Device, "sg1"), new(ResourceKind.Vpc, "red"),
        })
        {
            var snapshot = Write(Start, ("AclList", "used", """{"tenant": "acme"}"""), ("Vpc", "blue", """{"tenant": "acme", "accessList": "used"}"""));
            Assert.Contains(ChangeSetEvaluator.Evaluate(snapshot, [new(ChangeOperation.Delete, key, null)]).Errors, static e => e.Kind == ChangeErrorKind.InUse);
        }
    }

    /// <summary>Against asking every claim: whatever was written and removed before.</summary>
    [Fact]
    public void Claims_that_overlap_are_found()
    {
        var step = from number in Gen.Choose(0, 15) from prefix in Prefix select (number, prefix);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Arb.From(step.ListOf()), Arb.From(Prefix), static (steps, asked) =>
        {
            var snapshot = IntentSnapshot.Empty;
            var routes = new Dictionary<string, IpPrefix>(StringComparer.Ordinal);
            foreach (var (number, prefix) in steps)
            {
                var key = new ResourceKey(ResourceKind.StaticRoute, $"r{number}");
                if (snapshot.Find(key) is { } there && number % 2 == 0)
                {
                    snapshot = snapshot.Without(there);
                    routes.Remove(key.Name);
                    continue;
                }

                snapshot = snapshot.With(new Resource(key, number + 1, 1, ImmutableSortedDictionary<string, string>.Empty, new StaticRouteSpec { Vpc = "v", Prefix = prefix, NextHop = prefix.Address }));
                routes[key.Name] = prefix;
            }

            Assert.Equal(
                routes.Where(r => r.Value.Overlaps(asked)).Select(static r => r.Key).Order(StringComparer.Ordinal),
                snapshot.ClaimsOverlapping(ClaimScope.Route, "v", asked).Select(static c => c.Owner.Name).Order(StringComparer.Ordinal));
        }));
    }

    private static Gen<IpPrefix> Prefix =>
        from v4 in Gen.Elements(true, true, false)
        from bits in Gen.Choose(0, 255)
        from length in Gen.Choose(0, 8)
        select v4 ? IpPrefix.Of(IpAddr.Parse($"10.0.0.{bits}"), 24 + length) : IpPrefix.Of(IpAddr.Parse($"::{bits:x}"), 120 + length);

    private static string Device(string role, int number, string os) =>
        $$"""{"site": "dc1", "role": "{{role}}", "os": "{{os}}", "management": {"address": "172.29.0.{{number}}", "hostKeys": ["{{HostKey}}"]}, "ports": [{"name": "eth1"}, {"name": "eth2"}, {"name": "enp129s0f0np0"}]}""";

    private static IntentSnapshot Write(IntentSnapshot snapshot, params (string Kind, string Name, string Spec)[] resources)
    {
        var evaluation = ChangeSetEvaluator.Evaluate(snapshot, [.. resources.Select(static r => Change(r.Kind, r.Name, r.Spec))]);
        Assert.True(evaluation.Accepted, string.Join('\n', evaluation.Errors));
        return evaluation.After;
    }

    private static Change Change(string kind, string name, string spec)
    {
        var of = Enum.Parse<ResourceKind>(kind);
        using var json = JsonDocument.Parse(spec);
        return new Change(ChangeOperation.Apply, new(of, name), IntentJson.ReadSpec(of, json.RootElement));
    }
}
