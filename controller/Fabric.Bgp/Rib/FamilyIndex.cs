namespace Fabric.Bgp.Rib;

/// <summary>The families the table holds, as small numbers.</summary>
internal enum FamilyIndex : byte
{
    Evpn,
    Ipv4,
    Ipv6,
    RouteTargetMembership,
}

/// <summary>Between <see cref="FamilyIndex"/> and <see cref="AddressFamily"/>.</summary>
internal static class Families
{
    public const int Count = 4;

    private static readonly AddressFamily[] ByIndex =
        [AddressFamily.L2VpnEvpn, AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast, AddressFamily.RouteTargetMembership];

    public static AddressFamily Family(this FamilyIndex index) => ByIndex[(int)index];

    /// <summary>Null for a family that the table does not hold.</summary>
    public static FamilyIndex? Index(this AddressFamily family)
    {
        var at = Array.IndexOf(ByIndex, family);
        return at < 0 ? null : (FamilyIndex)at;
    }
}
