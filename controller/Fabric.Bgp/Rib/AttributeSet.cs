using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Rib;

/// <summary>Attributes that paths share: one object for all paths with the same. Belongs to the engine.</summary>
internal sealed class AttributeSet(int id, PathAttributes attributes)
{
    private const uint NoExport = 0xffff_ff01;
    private const uint NoAdvertise = 0xffff_ff02;

    /// <summary>Its number while it lives.</summary>
    public int Id { get; } = id;

    public PathAttributes Attributes { get; } = attributes;

    /// <summary>The route targets as communities, sorted; the ES-import ones of type-4 routes too (RFC 7432 section 7.6).</summary>
    public ulong[] Targets { get; } = TargetsOf(attributes);

    /// <summary>Whether a well-known community keeps the routes inside the AS, or here (RFC 1997).</summary>
    public bool KeepInside { get; } = attributes.Communities.Contains(NoExport);

    public bool KeepHere { get; } = attributes.Communities.Contains(NoAdvertise);

    /// <summary>Whether the next hop is an IPv6 address, which not every peer takes.</summary>
    public bool HasIpv6NextHop { get; } = attributes.NextHop is { IsV6: true };

    /// <summary>Length of the AS path, for the choice of best paths.</summary>
    public int PathLength { get; } = attributes.AsPath.Length;

    /// <summary>Paths that use it.</summary>
    public int Users { get; set; }

    /// <summary>The first of the paths that use it, 0 for none.</summary>
    public int FirstPath { get; set; }

    private static ulong[] TargetsOf(PathAttributes attributes)
    {
        var targets = attributes.ExtendedCommunities.Where(static c => c.RouteTarget is not null || c.EsImport is not null).Select(static c => c.Bits).Distinct().ToArray();
        Array.Sort(targets);
        return targets;
    }
}
