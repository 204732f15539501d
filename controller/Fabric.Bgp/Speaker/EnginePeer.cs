using Fabric.Bgp.Attributes;
using Fabric.Bgp.Rib;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>A peer as the engine knows it. Belongs to the engine, but for what <see cref="RibPeer"/> lets others read.</summary>
internal sealed class EnginePeer(SpeakerPeerConfig config)
{
    public RibPeer Rib { get; } = new(config.Address);

    public SpeakerPeerConfig Config { get; set; } = config;

    /// <summary>Counts sessions; 0 before the first.</summary>
    public int Generation { get; set; }

    /// <summary>Whether there is a session.</summary>
    public bool IsUp { get; set; }

    /// <summary>The own address of the session, which is nobody's next hop here (RFC 4271 section 6.3); null without a session, and for observed peers, of which all is shown.</summary>
    public IpAddr? OwnAddress { get; set; }

    /// <summary>What it is sent, by family; null where nothing is.</summary>
    public FamilyMember?[] Members { get; } = new FamilyMember?[Families.Count];

    /// <summary>Route targets the peer wants (RFC 4684); null when it wants all.</summary>
    public RouteTargetInterest? Interest { get; set; }

    /// <summary>The last attributes the peer sent and what became of them: senders repeat them.</summary>
    public (PathAttributes? Sent, AttributeSet? Set, bool Refused) Last { get; set; }

    /// <summary>Whether the peer was warned of for having too many routes.</summary>
    public bool Warned { get; set; }

    /// <summary>Told of the engine's decisions that concern the session.</summary>
    public required IEnginePeerEvents Events { get; init; }
}

/// <summary>What the engine tells a session. Called on the engine's thread: must be quick.</summary>
internal interface IEnginePeerEvents
{
    /// <summary>The peer has sent all its routes of a family, and they are in the table.</summary>
    void Complete(AddressFamily family);

    /// <summary>The peer has reached so many percent of the routes it may send.</summary>
    void ManyPrefixes(AddressFamily family, int routes, int limit);

    /// <summary>The peer has sent more routes than it may.</summary>
    void TooManyPrefixes(AddressFamily family, int routes, int limit);

    /// <summary>The peer reads so slowly that what it has not been told fills memory: its session must end.</summary>
    void TooSlow();
}

/// <summary>A session as the engine needs it.</summary>
/// <param name="RouterId">The peer's BGP identifier.</param>
/// <param name="Context">What was negotiated.</param>
/// <param name="LocalAddress">The own address of the connection, for next hops.</param>
/// <param name="Output">Where messages go.</param>
internal sealed record EngineSession(IpAddr RouterId, Wire.SessionContext Context, IpAddr LocalAddress, OutputQueue Output)
{
    /// <summary>Whether the peer understands IPv4 routes with IPv6 next hops (RFC 8950).</summary>
    public bool Ipv4OverIpv6 { get; init; }

    /// <summary>Whether both sides have enhanced route refresh (RFC 7313).</summary>
    public bool EnhancedRefresh { get; init; }
}
