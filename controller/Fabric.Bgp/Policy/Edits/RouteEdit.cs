namespace Fabric.Bgp.Policy.Edits;

/// <summary>A change that a policy's statement makes to a route's attributes. Immutable, compared by content.</summary>
public abstract record RouteEdit
{
    /// <summary>The change for people, e.g. "set local preference 200".</summary>
    public abstract string Text { get; }

    /// <summary>Makes the change.</summary>
    internal abstract void Apply(ref EditedAttributes attributes);

    /// <inheritdoc/>
    public sealed override string ToString() => Text;
}
