using System.Text.Json.Nodes;
using Fabric.Ctl.Api;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary>What a table shows of each kind; a hint, not a schema: what is not there stays empty.</summary>
public static class KindColumns
{
    private static readonly Dictionary<string, (string Title, Func<JsonNode?, string> Value)[]> Own = new(StringComparer.Ordinal)
    {
        ["Site"] = [("fabric", r => First(r, "status.fabricNumber", "spec.fabricNumber")), Spec("loopbacks", "loopbackPool"), Spec("controllers", "controllers")],
        ["Tenant"] = [Spec("description", "description")],
        ["Device"] =
        [
            Spec("role", "role"), Spec("os", "os"), Spec("management", "management.address"),
            ("asn", r => First(r, "status.asn", "spec.asn")), ("loopback", r => First(r, "status.loopbacks", "spec.loopback")),
        ],
        ["Link"] = [("a", r => $"{r.TextAt("spec.a.device")}:{r.TextAt("spec.a.port")}"), ("b", r => $"{r.TextAt("spec.b.device")}:{r.TextAt("spec.b.port")}")],
        ["Vpc"] = [Spec("tenant", "tenant"), ("l3vni", r => string.Join(", ", r.ItemsAt("status.l3Vnis").Select(v => v.TextAt("l3Vni"))))],
        ["VNet"] =
        [
            Spec("vpc", "vpc"), Spec("site", "site"), ("vni", r => First(r, "status.vni", "spec.vni")),
            Spec("gateways", "gateways"), ("gateway-place", r => r.TextAt("status.gatewayPlace")),
        ],
        ["IpamAllocation"] = [Spec("vpc", "vpc"), Spec("prefix", "prefix")],
        ["IpamSubnet"] = [Spec("vpc", "vpc"), Spec("prefix", "prefix"), Spec("purpose", "purpose"), Spec("gateway", "defaultGateway")],
        ["SoftGatePair"] = [Spec("site", "site"), Spec("softgates", "softGates")],
        ["AclList"] = [Spec("tenant", "tenant"), ("rules", r => $"{r.ItemsAt("spec.rules").Count()}"), Spec("default", "default")],
        ["PublicAddress"] = [Spec("vpc", "vpc"), Spec("prefix", "prefix")],
        ["NatRule"] =
        [
            Spec("vpc", "vpc"), Spec("type", "type"), ("inside", r => First(r, "spec.inside", "spec.insideAddress")),
            ("public", r => First(r, "spec.public", "spec.publicPrefix")),
        ],
        ["LoadBalancer"] = [Spec("vpc", "vpc"), Spec("address", "address"), Spec("protocol", "protocol"), ("backends", r => $"{r.ItemsAt("spec.backends").Count()}")],
        ["StaticRoute"] = [Spec("vpc", "vpc"), Spec("prefix", "prefix"), Spec("next-hop", "nextHop")],
    };

    /// <summary>The columns of a kind, each with the text that it has for a resource.</summary>
    public static IReadOnlyList<(string Title, Func<JsonNode?, string> Value)> Of(KindName kind) =>
    [
        ("name", r => r.TextAt("name")),
        .. Own.GetValueOrDefault(kind.Kind) ?? [],
        ("ready", Ready),
        ("revision", r => r.TextAt("revision")),
    ];

    /// <summary>Whether a resource is ready, and why not.</summary>
    public static string Ready(JsonNode? resource)
    {
        var ready = resource.Condition("Ready");
        var status = ready.TextAt("status").ToLowerInvariant() switch
        {
            "true" => "yes",
            "false" => "no",
            var other => other,
        };
        return resource.IsReady() ? status : $"{status} {ready.TextAt("reason")}".Trim();
    }

    private static (string, Func<JsonNode?, string>) Spec(string title, string path) => (title, r => r.TextAt("spec." + path));

    private static string First(JsonNode? resource, params string[] paths) => paths.Select(p => resource.TextAt(p)).FirstOrDefault(t => t.Length > 0) ?? "";
}
