using Fabric.Bgp.Attributes;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Glass;

/// <summary>One path of a route as it is now. Immutable.</summary>
public sealed record RouteView
{
    /// <summary>The family.</summary>
    public required AddressFamily Family { get; init; }

    /// <summary>The route as on the wire, without path identifier.</summary>
    public required Octets Nlri { get; init; }

    /// <summary>Who has sent it; null when it was injected here.</summary>
    public IpAddr? From { get; init; }

    /// <summary>The path identifier (RFC 7911), of the sender or of what is sent; 0 without.</summary>
    public uint PathId { get; init; }

    /// <summary>The attributes: as the import policy left them, or as the peer gets them with <see cref="GlassRib.Out"/>.</summary>
    public required PathAttributes Attributes { get; init; }

    /// <summary>The attributes as they came, where the import policy has changed them.</summary>
    public PathAttributes? Received { get; init; }

    /// <summary>Whether it is the best path of its route.</summary>
    public bool IsBest { get; init; }

    /// <summary>Whether its session has ended and it is kept for a restart (RFC 4724).</summary>
    public bool IsStale { get; init; }

    /// <summary>Whether it is used.</summary>
    public ImportVerdict Verdict { get; init; }

    /// <summary>With <see cref="GlassRib.Out"/>: whether the peer has not been given it yet.</summary>
    public bool IsPending { get; init; }

    /// <summary>When this version came.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The name that tells the route from all others of its family; see <see cref="RouteName"/>.</summary>
    public string Name => RouteName.Of(Family, Nlri.Span);
}
