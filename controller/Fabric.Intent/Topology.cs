using Fabric.Intent.Resources;

namespace Fabric.Intent;

/// <summary>How the devices of a site are cabled.</summary>
public static class Topology
{
    /// <summary>Whether a link joins two managed devices and so carries the underlay.</summary>
    public static bool IsUnderlay(IntentSnapshot snapshot, LinkSpec link) =>
        Ends(link).All(e => snapshot.Find(ResourceKind.Device, e.Device)?.Spec is DeviceSpec { IsManaged: true });

    /// <summary>Both ends of a link.</summary>
    public static IEnumerable<PortRef> Ends(LinkSpec link) => [link.A, link.B];

    /// <summary>The ports of a device that carry the underlay, each with its link, by the links' names.</summary>
    public static IEnumerable<(string Port, Resource Link)> UnderlayPortsOf(IntentSnapshot snapshot, string device) =>
        from link in snapshot.ReferrersOf(new(ResourceKind.Device, device), ResourceKind.Link)
        where IsUnderlay(snapshot, (LinkSpec)link.Spec)
        from end in Ends((LinkSpec)link.Spec)
        where end.Device == device
        select (end.Port, link);

    /// <summary>The devices at the other ends of a device's links, by name.</summary>
    public static IEnumerable<string> NeighboursOf(IntentSnapshot snapshot, string device) =>
        snapshot.ReferrersOf(new(ResourceKind.Device, device), ResourceKind.Link)
            .SelectMany(l => Ends((LinkSpec)l.Spec)).Select(e => e.Device)
            .Where(d => d != device).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
}
