namespace Fabric.Controller.RouteReflector;

/// <summary>A named set of session settings for peers that are alike.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Session">The settings, complete.</param>
public sealed record PeerGroup(string Name, SessionSettings Session);
