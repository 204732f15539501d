using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Extension;
using Fabric.CloudStackBridge.Http;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>What the extension is registered with promises nothing that the bridge does not take.</summary>
public sealed class CapabilitiesTests
{
    private static readonly JsonNode Capabilities = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "capabilities.json")))!;

    [Fact]
    public void Every_algorithm_and_protocol_that_is_declared_is_accepted()
    {
        foreach (var algorithm in Of("Lb", "SupportedLBAlgorithms"))
        {
            foreach (var protocol in Of("Lb", "SupportedProtocols"))
            {
                var domain = Run("apply-lb-rules", $$"""{"lb_rules": [{"id": 1, "publicIp": "203.0.113.9", "publicPort": 80, "protocol": "{{protocol}}", "algorithm": "{{algorithm}}"}]}""");
                Assert.Equal(protocol, Assert.Single(domain.Networks[241].Balancers).Protocol);
            }
        }

        foreach (var protocol in Of("PortForwarding", "SupportedProtocols"))
        {
            var domain = Run("add-port-forward", $$"""{"public_ip": "203.0.113.9", "public_port": "80", "private_ip": "10.1.1.9", "private_port": "80", "protocol": "{{protocol}}"}""");
            Assert.Equal(protocol, Assert.Single(domain.Networks[241].Forwards).Protocol);
        }

        foreach (var (protocol, type) in Of("Firewall", "SupportedProtocols").Select(p => (p, "ingress")).Concat(Of("Firewall", "SupportedEgressProtocols").Select(p => (p, "egress"))))
        {
            var domain = Run("apply-fw-rules", $$$"""{"fw_rules": {"default_egress_allow": false, "rules": [{"id": 1, "type": "{{{type}}}", "protocol": "{{{protocol}}}", "publicIp": "203.0.113.9"}]}}""");
            Assert.Equal(protocol == "all" ? null : protocol, Assert.Single(domain.Networks[241].Firewall!.Rules).Match.Protocol);
        }

        foreach (var protocol in Of("NetworkACL", "SupportedProtocols"))
        {
            var domain = Run("apply-network-acl", $$"""{"acl_rules": [{"number": 1, "action": "allow", "trafficType": "ingress", "protocol": "{{protocol}}"}]}""");
            Assert.Equal(protocol, Assert.Single(domain.Networks[241].Acl!.Value).Match.Protocol);
        }
    }

    [Fact]
    public void Services_are_spelt_as_CloudStack_spells_them() => Assert.Equal(
        ["CustomAction", "Dhcp", "Dns", "Firewall", "Gateway", "Lb", "NetworkACL", "PortForwarding", "SourceNat", "StaticNat", "UserData"],
        Capabilities.AsObject().Select(s => s.Key).Order(StringComparer.Ordinal));

    private static string[] Of(string service, string capability) => Capabilities[service]![capability]!.GetValue<string>().Split(',');

    private static RoutingDomain Run(string command, string fields)
    {
        var implement = Commands.Apply(RoutingDomain.Empty, Call("implement-network", """{"vlan": "1010241", "gateway": "10.1.1.1", "cidr": "10.1.1.0/24", "extension_ip": "10.1.1.1"}"""));
        return Commands.Apply(implement.Domain, Call(command, fields)).Domain;
    }

    private static Call Call(string command, string fields)
    {
        var payload = JsonNode.Parse(fields)!.AsObject();
        (payload["network_id"], payload["zone_id"], payload["network_state"]) = ("241", "1", "implemented");
        return Extension.Call.Of("east", command, new Fields(JsonSerializer.SerializeToElement(new JsonObject { ["payload"] = payload })));
    }
}
