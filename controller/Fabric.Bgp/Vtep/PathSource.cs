using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Where a path came from: a peer, with the path identifier of add-path where that is used, or this speaker itself.</summary>
/// <param name="Peer">The peer's address; null for a path of our own.</param>
/// <param name="PathId">The path identifier, RFC 7911; 0 without add-path.</param>
public readonly record struct PathSource(IpAddr? Peer, uint PathId = 0) : IComparable<PathSource>
{
    /// <summary>This speaker itself.</summary>
    public static PathSource Local => default;

    /// <summary>Whether the path is our own.</summary>
    public bool IsLocal => Peer is null;

    public static bool operator <(PathSource left, PathSource right) => left.CompareTo(right) < 0;

    public static bool operator >(PathSource left, PathSource right) => left.CompareTo(right) > 0;

    public static bool operator <=(PathSource left, PathSource right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PathSource left, PathSource right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(PathSource other)
    {
        var order = Nullable.Compare(Peer, other.Peer);
        return order != 0 ? order : PathId.CompareTo(other.PathId);
    }

    /// <inheritdoc/>
    public override string ToString() => (Peer, PathId) switch
    {
        (null, _) => "local",
        ({ } peer, 0) => peer.ToString(),
        ({ } peer, var id) => $"{peer} path {id}",
    };
}
