using System.Collections.Immutable;
using Fabric.Bgp.Glass;
using Fabric.Controller.Contracts;

namespace Fabric.Controller.Glass;

/// <summary>A request to announce routes and to take them back, read and found to be well-formed.</summary>
/// <param name="Reason">Why, in the author's words; empty where none were given.</param>
/// <param name="Text">The body of the request.</param>
/// <param name="Changes">The changes.</param>
internal sealed record InjectionOrder(string Reason, string Text, ImmutableArray<InjectionChange> Changes)
{
    /// <summary>The response to it.</summary>
    public BgpInjectionResponse Response => new(Changes.Length);
}

/// <summary>One change.</summary>
/// <param name="Given">As the API has it.</param>
/// <param name="Route">As a speaker takes it.</param>
internal sealed record InjectionChange(BgpInjection Given, RouteInjection Route)
{
    /// <summary>The name of the route.</summary>
    public string Name => RouteName.Of(Route.Family, Route.Nlri.Span);
}
