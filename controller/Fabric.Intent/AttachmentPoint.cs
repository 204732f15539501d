using Fabric.Intent.Resources;

namespace Fabric.Intent;

/// <summary>What joins V-Nets and devices: a V-Net has a point when an attachment names it, a device when it can serve it.</summary>
/// <param name="Site">Name of the site.</param>
/// <param name="Device">Name of a device, where the point is that device's own.</param>
/// <param name="Tag">A port tag, where the point is every port of the site with it.</param>
public readonly record struct AttachmentPoint(string Site, string? Device, string? Tag)
{
    /// <summary>The points that a V-Net names.</summary>
    public static IEnumerable<AttachmentPoint> Of(VNetSpec vnet) => vnet.Attachments.Select(a => a switch
    {
        { Port: { } port } => new AttachmentPoint(vnet.Site, port.Device, null),
        { Tag: { } tag } => new AttachmentPoint(vnet.Site, null, tag),
        _ => Hypervisors(vnet.Site),
    });

    /// <summary>The points that a device serves.</summary>
    public static IEnumerable<AttachmentPoint> Of(string name, DeviceSpec device) => device.Role switch
    {
        DeviceRole.Hypervisor => [Hypervisors(device.Site)],
        DeviceRole.Leaf => device.Ports.SelectMany(p => p.Tags).Distinct(StringComparer.Ordinal)
            .Select(tag => new AttachmentPoint(device.Site, null, tag))
            .Append(new AttachmentPoint(device.Site, name, null)),
        _ => [],
    };

    /// <summary>The point of every hypervisor of a site.</summary>
    public static AttachmentPoint Hypervisors(string site) => new(site, null, null);
}
