using Fabric.Bgp;
using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>The families that can be configured, by name.</summary>
public static class FamilyName
{
    /// <summary>All of them.</summary>
    public static ValueList<AddressFamily> All { get; } =
        [AddressFamily.L2VpnEvpn, AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.RouteTargetMembership];

    /// <summary>The family of a name.</summary>
    public static bool TryParse(string text, out AddressFamily family, out string? error)
    {
        family = All.FirstOrDefault(f => f.ToString() == text);
        error = family == default ? $"there is no family {Quoted.Of(text)}; give {string.Join(", ", All)}" : null;
        return error is null;
    }
}
