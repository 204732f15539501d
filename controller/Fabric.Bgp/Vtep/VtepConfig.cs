using System.Collections.Immutable;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>What a VTEP is, apart from its VNIs and segments, which come and go as events.</summary>
public sealed record VtepConfig
{
    /// <summary>Own VTEP addresses, IPv4 and IPv6, at least one. The first is the next hop of own routes unless a VNI says otherwise.</summary>
    public required ImmutableArray<IpAddr> Addresses { get; init; }

    /// <summary>Own AS, by which routes are made to look longer (<see cref="RoutePreference.Prepend"/>); null where that is not wanted.</summary>
    public Asn? Asn { get; init; }

    /// <summary>Own router's MAC, RFC 9135 section 8.1.</summary>
    public required MacAddress RouterMac { get; init; }

    /// <summary>That many moves of a MAC within <see cref="MoveWindow"/> make it a duplicate (N of RFC 7432 section 15.1); at least 2.</summary>
    public int DuplicateMoves { get; init; } = 5;

    /// <summary>The time in which moves are counted (M of RFC 7432 section 15.1).</summary>
    public TimeSpan MoveWindow { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>After that time a duplicate MAC is tried again; null leaves it frozen until somebody clears it.</summary>
    public TimeSpan? DuplicateRetry { get; init; }

    /// <summary>The time between the announcement of an own segment and its first election, RFC 7432 section 8.5.</summary>
    public TimeSpan ElectionWait { get; init; } = TimeSpan.FromSeconds(3);
}
