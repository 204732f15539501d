using Fabric.Bgp;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>The families that can be configured, by name.</summary>
public static class FamilyName
{
    private static readonly (string Name, AddressFamily Family)[] Names =
    [
        ("l2vpn-evpn", AddressFamily.L2VpnEvpn),
        ("ipv4-unicast", AddressFamily.Ipv4Unicast),
        ("ipv6-unicast", AddressFamily.Ipv6Unicast),
        ("route-target-membership", new AddressFamily(1, 132)),
    ];

    /// <summary>All of them.</summary>
    public static ValueList<AddressFamily> All { get; } = [.. Names.Select(n => n.Family)];

    /// <summary>The name of a family.</summary>
    public static string Of(AddressFamily family) => Array.Find(Names, n => n.Family == family).Name ?? family.ToString();

    /// <summary>The family of a name.</summary>
    public static bool TryParse(string text, out AddressFamily family, out string? error)
    {
        var index = Array.FindIndex(Names, n => n.Name == text);
        family = index < 0 ? default : Names[index].Family;
        error = index < 0 ? $"there is no family {Quoted.Of(text)}; give {string.Join(", ", Names.Select(n => n.Name))}" : null;
        return index >= 0;
    }
}
