using System.Text.Json;

namespace Fabric.Lab;

/// <summary>What the running kernel can do that a leaf needs.</summary>
/// <param name="Vrf">VRF devices.</param>
/// <param name="VlanAwareBridge">Bridges that filter by VLAN.</param>
/// <param name="Vlan">802.1q devices.</param>
public sealed record Capabilities(bool Vrf, bool VlanAwareBridge, bool Vlan)
{
    /// <summary>The vehicle that carries everything on this machine.</summary>
    public string RecommendedVehicle => Vrf && VlanAwareBridge && Vlan ? "ns" : "vm";

    /// <summary>Tries each in a namespace that is thrown away.</summary>
    public static Capabilities Detect()
    {
        const string Try = """
            ip link set lo up
            ip link add v type vrf table 10 2>/dev/null && echo vrf
            ip link add b type bridge vlan_filtering 1 2>/dev/null && echo vlan_aware_bridge
            ip link add p type veth peer name q 2>/dev/null
            ip link add link p name p.5 type vlan id 5 2>/dev/null && echo vlan
            true
            """;
        var found = Shell.Must("unshare", ["-n", "bash", "-c", Try]).Split('\n');
        return new Capabilities(found.Contains("vrf"), found.Contains("vlan_aware_bridge"), found.Contains("vlan"));
    }

    /// <summary>As one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
