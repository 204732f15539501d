using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>Addresses from which peers may connect that are not configured one by one.</summary>
/// <param name="Prefix">The addresses.</param>
/// <param name="Group">Name of the group that says how the sessions run; null: the top level does.</param>
/// <param name="MaxPeers">How many there may be at a time.</param>
public sealed record ClientRange(IpPrefix Prefix, string? Group = null, int MaxPeers = ClientRange.UsualMaxPeers)
{
    /// <summary>How many there may be at a time where nothing is said.</summary>
    public const int UsualMaxPeers = 1000;
}
