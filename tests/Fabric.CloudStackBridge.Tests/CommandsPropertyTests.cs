using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Extension;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Store;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>Any commands in any order: CloudStack promises none.</summary>
public sealed class CommandsPropertyTests
{
    private static readonly string[] Pool =
    [
        """implement-network {"gateway": "10.1.1.1", "cidr": "10.1.1.0/24", "extension_ip": "10.1.1.1"}""",
        """implement-network {"gateway": "10.1.1.1", "cidr": "10.1.1.0/24", "vlan": "1010242", "network_ip6_gateway": "2001:db8::1", "network_ip6_cidr": "2001:db8::/64"}""",
        "shutdown-network {}",
        """destroy-network {"network_state": "allocated", "vlan": ""}""",
        """destroy-network {"network_state": "implemented"}""",
        """assign-ip {"public_ip": "203.0.113.1", "public_cidr": "203.0.113.0/24", "source_nat": "true"}""",
        """assign-ip {"public_ip": "203.0.113.2", "public_cidr": "203.0.113.0/24", "source_nat": "true"}""",
        """assign-ip {"public_ip": "203.0.113.2", "public_cidr": "203.0.113.0/24", "source_nat": "false"}""",
        """release-ip {"public_ip": "203.0.113.2"}""",
        """add-static-nat {"public_ip": "203.0.113.3", "private_ip": "10.1.1.5"}""",
        """delete-static-nat {"public_ip": "203.0.113.3", "private_ip": ""}""",
        """add-port-forward {"public_ip": "203.0.113.2", "public_port": "80-90", "private_ip": "10.1.1.5", "private_port": "80-90", "protocol": "tcp"}""",
        """add-port-forward {"public_ip": "203.0.113.2", "public_port": "80-90", "private_ip": "10.1.1.6", "private_port": "180-190", "protocol": "tcp"}""",
        """delete-port-forward {"public_ip": "203.0.113.2", "public_port": "80-90", "private_ip": "10.1.1.5", "private_port": "80-90", "protocol": "tcp"}""",
        """apply-fw-rules {"fw_rules": {"default_egress_allow": false, "rules": [{"id": 1, "type": "ingress", "protocol": "icmp", "publicIp": "203.0.113.2", "sourceCidrs": ["::/0", "0.0.0.0/0"]}]}}""",
        """apply-network-acl {"acl_rules": [{"number": 2, "action": "allow", "trafficType": "egress", "protocol": "tcp", "portStart": 1, "portEnd": 2}]}""",
        """apply-lb-rules {"lb_rules": [{"id": 1, "publicIp": "203.0.113.4", "publicPort": 80, "protocol": "tcp", "algorithm": "source", "backends": [{"ip": "10.1.1.5", "port": 80}]}]}""",
        """apply-lb-rules {"lb_rules": [{"id": 1, "revoke": true}, {"id": 2, "publicIp": "203.0.113.4", "publicPort": 81, "protocol": "udp", "backends": []}]}""",
        """prepare-nic {"mac": "02:00:00:00:00:01", "ip": "10.1.1.5", "hostname": "a", "default_nic": "true"}""",
        """prepare-nic {"mac": "02:00:00:00:00:02", "ip": "10.1.1.5", "ip6_address": "2001:db8::5"}""",
        """release-nic {"mac": "02:00:00:00:00:01", "ip": "10.1.1.5"}""",
        """add-dhcp-entry {"mac": "02:00:00:00:00:01", "ip": "10.1.1.5", "gateway": "10.1.1.1", "netmask": "255.255.255.0", "dns": "9.9.9.9", "domain": "x.example"}""",
        """add-dns-entry {"mac": "02:00:00:00:00:01", "ip": "10.1.1.7"}""",
        """remove-dhcp-entry {"mac": "02:00:00:00:00:01", "ip": "10.1.1.5"}""",
        """restore-network {"restore_data": {"dhcp_enabled": true, "vms": [{"mac": "02:00:00:00:00:02", "ip": "10.1.1.5"}, {"mac": "02:00:00:00:00:03", "ip": "10.1.1.8"}]}}""",
        """implement-vpc {"vpc_cidr": "10.1.0.0/16"}""",
        """implement-vpc {"vpc_cidr": "10.1.0.0/16", "public_ip": "203.0.113.9", "public_cidr": "203.0.113.0/24", "source_nat": "true"}""",
        """ensure-network-device {"vpc_cidr": "10.0.0.0/8"}""",
    ];

    [Fact]
    public void A_command_said_twice_is_as_if_said_once_and_in_the_end_nothing_is_left() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Arb.From(Gen.Elements(Pool).ListOf().Select(static l => l.ToList())), Arb.From(Gen.Elements(true, false)), static (commands, vpc) =>
        {
            var domain = RoutingDomain.Empty;
            foreach (var command in commands)
            {
                domain = Run(domain, command, vpc);
                Assert.True(ExtensionStore.Same(domain, Run(domain, command, vpc)), $"{command} after {string.Join('\n', commands)}");
                foreach (var network in domain.Networks.Values)
                {
                    Assert.InRange(network.Addresses.Count(static a => a.SourceNat), 0, 1);
                    Assert.Distinct(network.Hosts.Select(static h => h.Mac));
                    Assert.Distinct(network.Hosts.SelectMany(static h => h.Addresses));
                    Assert.Distinct(network.Forwards.Select(static f => (f.Ip, f.Protocol, f.First, f.Last)));
                    Assert.True(network.Implemented || network is { StaticNats.Count: 0, Forwards.Count: 0, Balancers.Count: 0, Firewall: null, Acl: null });
                }
            }

            domain = Run(Run(domain, "shutdown-network {}", vpc), """destroy-network {"network_state": "allocated"}""", vpc);
            Assert.True(Run(domain, """shutdown-vpc {"vpc_state": "inactive"}""", vpc).IsEmpty);
        }));

    private static RoutingDomain Run(RoutingDomain domain, string text, bool vpc)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var payload = new JsonObject { ["network_id"] = "241", ["zone_id"] = "1", ["network_state"] = "implemented", ["vlan"] = "1010241" };
        foreach (var (name, value) in JsonNode.Parse(text[space..])!.AsObject())
        {
            payload[name] = value?.DeepClone();
        }

        if (vpc || text.Contains("vpc", StringComparison.Ordinal))
        {
            payload["vpc_id"] = "12";
        }

        try
        {
            return Commands.Apply(domain, Call.Of("east", text[..space], new Fields(JsonSerializer.SerializeToElement(new JsonObject { ["payload"] = payload })))).Domain;
        }
        catch (NetrisException e) when (e.Status == 409)
        {
            // What comes for a network that is not here has said nothing.
            return domain;
        }
    }
}
