using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy;

/// <summary>A route as a policy sees it.</summary>
/// <param name="family">The family.</param>
/// <param name="nlri">One route of the family, as on the wire, without a path identifier.</param>
public readonly ref struct PolicyRoute(AddressFamily family, ReadOnlySpan<byte> nlri)
{
    /// <summary>The family.</summary>
    public AddressFamily Family { get; } = family;

    /// <summary>The route as on the wire, without a path identifier.</summary>
    public ReadOnlySpan<byte> Nlri { get; } = nlri;
}

/// <summary>Decides which routes pass a peer's session, in one direction, and with which attributes. Immutable, pure.</summary>
public abstract class RoutePolicy
{
    /// <summary>Whether the answer depends on the route and not only on its attributes; if not, it is asked once for each attribute set.</summary>
    public abstract bool DependsOnRoute { get; }

    /// <summary>The attributes the route goes on with, the same instance where nothing changes; null when the route is refused.</summary>
    public abstract PathAttributes? Apply(PolicyRoute route, PathAttributes attributes);

    /// <summary>As the other, and says what becomes of the next hop.</summary>
    /// <param name="route">The route.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="nextHop">What the policy asks for. When it is refused, <see cref="NextHopRule.Usual"/>.</param>
    public virtual PathAttributes? Apply(PolicyRoute route, PathAttributes attributes, out NextHopRule nextHop)
    {
        nextHop = NextHopRule.Usual;
        return Apply(route, attributes);
    }
}
