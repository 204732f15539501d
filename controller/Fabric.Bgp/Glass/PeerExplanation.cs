using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Glass;

/// <summary>Whether one peer is sent a route. Where a peer takes several paths (RFC 7911) it is about the first that is sent, else about the best.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Verdict">Whether it is sent the route, and if not, why.</param>
/// <param name="Reason">One sentence for people.</param>
/// <param name="Attributes">The attributes it gets; null when it gets none.</param>
public sealed record PeerExplanation(IpAddr Peer, ExportVerdict Verdict, string Reason, PathAttributes? Attributes);
