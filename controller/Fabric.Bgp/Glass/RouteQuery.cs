using Fabric.Primitives;

namespace Fabric.Bgp.Glass;

/// <summary>A question for a page of routes.</summary>
public sealed record RouteQuery
{
    /// <summary>Which routes.</summary>
    public GlassRib Rib { get; init; }

    /// <summary>The peer that <see cref="GlassRib.In"/> and <see cref="GlassRib.Out"/> are about.</summary>
    public IpAddr? Peer { get; init; }

    /// <summary>Which of them.</summary>
    public RouteFilter Filter { get; init; } = new();

    /// <summary>After how many routes a page ends, at least 1. All paths of one route are on the same page, which may so be longer.</summary>
    public int Limit { get; init; } = 1000;

    /// <summary>Where the page begins: <see cref="RoutePage.Next"/> of the page before; null for the first.</summary>
    public string? Cursor { get; init; }
}
