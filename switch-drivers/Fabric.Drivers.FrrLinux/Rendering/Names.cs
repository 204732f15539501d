using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

/// <summary>What Fabric calls the things it makes on a device.</summary>
internal static class Names
{
    public const string Bridge = "br-fabric";
    public const string ManagementPort = "mgmt0";
    public const string UnderlayAlias = "fabric-underlay";
    public const string UpstreamAlias = "fabric-upstream";

    /// <summary>Peer group of the unnumbered sessions.</summary>
    public const string PeerGroup = "FABRIC";

    /// <summary>BFD profile of the unnumbered sessions.</summary>
    public const string BfdProfile = "FABRIC";

    /// <summary>Prefix lists of both families, and the route map that uses them: loopbacks only.</summary>
    public const string Loopbacks = "FABRIC-LOOPBACKS";

    /// <summary>AS path list and route map: routes that the device itself originates.</summary>
    public const string Own = "FABRIC-OWN";

    /// <summary>Route map: loopbacks that the device itself originates.</summary>
    public const string OwnLoopbacks = "FABRIC-OWN-LOOPBACKS";

    /// <summary>Route map: makes a path look longer than the partner's own.</summary>
    public const string StandIn = "FABRIC-STAND-IN";

    /// <summary>Route map: every route of a family that needs no filter.</summary>
    public const string All = "FABRIC-ALL";

    private const int LongestInterfaceName = 15;

    public static string Vxlan(Vni vni) => $"vni{vni}";

    /// <summary>Routed interface of a V-Net.</summary>
    public static string Svi(VlanId vlan) => $"vlan{vlan}";

    /// <summary>Routed interface of an L3VNI.</summary>
    public static string L3Svi(Vni l3Vni) => $"l3-{l3Vni}";

    /// <summary>Interface of an upstream network.</summary>
    /// <exception cref="ArgumentException">The port's name is none, or leaves no room for the VLAN.</exception>
    public static string Upstream(string port, VlanId? vlan) => Port(vlan is { } tag ? $"{port}.{tag}" : port);

    public static string Vrf(Vni l3Vni) => $"vrf-{l3Vni}";

    /// <summary>Whether the kernel and every tool take this as the name of one interface.</summary>
    public static bool IsInterfaceName(string name) =>
        name.Length is > 0 and <= LongestInterfaceName
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>A port that may be configured.</summary>
    /// <exception cref="ArgumentException">It is no interface name, or an interface that is not for the fabric.</exception>
    public static string Port(string name) =>
        IsInterfaceName(name) && name is not (Bridge or ManagementPort or "lo")
            ? name
            : throw new ArgumentException($"\"{name}\" is not the name of a port that can be configured", nameof(name));
}
