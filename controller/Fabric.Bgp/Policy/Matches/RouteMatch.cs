using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Policy.Matches;

/// <summary>A condition of a policy's statement. Immutable, compared by content.</summary>
public abstract record RouteMatch
{
    /// <summary>Whether it looks at the route and not only at its attributes.</summary>
    public virtual bool DependsOnRoute => false;

    /// <summary>The condition for people, e.g. "next hop in 10.0.0.0/8".</summary>
    public abstract string Text { get; }

    /// <summary>Whether the condition holds.</summary>
    internal abstract bool Holds(in RouteFacts facts, PathAttributes attributes);

    /// <inheritdoc/>
    public sealed override string ToString() => Text;
}
