namespace Fabric.Ctl.Documents;

/// <summary>A kind of resource by all its names.</summary>
/// <param name="Kind">As in documents.</param>
/// <param name="Plural">As in addresses.</param>
/// <param name="ShortNames">As people type it.</param>
public sealed record KindName(string Kind, string Plural, params string[] ShortNames)
{
    /// <summary>The kinds that this program knows by more than one name.</summary>
    public static readonly IReadOnlyList<KindName> All =
    [
        new("Site", "sites"),
        new("Tenant", "tenants", "tn"),
        new("Device", "devices", "dev"),
        new("Link", "links", "ln"),
        new("SoftGatePair", "softgate-pairs", "pair", "pairs"),
        new("AclList", "acl-lists", "acl", "acls"),
        new("Vpc", "vpcs"),
        new("VNet", "vnets", "vn"),
        new("IpamAllocation", "ipam-allocations", "allocation", "allocations", "alloc"),
        new("IpamSubnet", "ipam-subnets", "subnet", "subnets", "sn"),
        new("PublicAddress", "public-addresses", "public"),
        new("NatRule", "nat-rules", "nat"),
        new("LoadBalancer", "load-balancers", "lb", "lbs"),
        new("StaticRoute", "static-routes", "route", "routes"),
    ];

    /// <summary>The kind of this name: singular, plural or short, in any case, with or without dashes.</summary>
    /// <param name="text">The name.</param>
    /// <param name="source">Where it stands, for the message.</param>
    /// <exception cref="CtlException">There is no such kind.</exception>
    public static KindName Parse(string text, string? source = null)
    {
        var wanted = Fold(text);
        return All.FirstOrDefault(k => Fold(k.Kind) == wanted || Fold(k.Plural) == wanted || k.ShortNames.Any(s => Fold(s) == wanted))
            ?? throw new CtlException(
                ExitCodes.Usage,
                $"{(source is null ? "" : source + ": ")}there is no kind '{text}' (known: {string.Join(", ", All.Select(k => k.Kind))})");
    }

    private static string Fold(string text) => text.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}
