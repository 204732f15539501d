using Fabric.Intent.Resources;

namespace Fabric.Intent;

/// <summary>Which V-Nets are on which devices.</summary>
public static class Placement
{
    /// <summary>The leaves and hypervisors that carry a V-Net, in name order.</summary>
    public static IEnumerable<Resource> DevicesOf(IntentSnapshot snapshot, VNetSpec vnet) =>
        AttachmentPoint.Of(vnet).SelectMany(p => snapshot.DeviceNamesAt(p))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => snapshot.Find(ResourceKind.Device, name)!);

    /// <summary>The V-Nets that a device carries, in name order.</summary>
    public static IEnumerable<Resource> VNetsOf(IntentSnapshot snapshot, Resource device) =>
        AttachmentPoint.Of(device.Key.Name, (DeviceSpec)device.Spec).SelectMany(p => snapshot.VNetNamesAt(p))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => snapshot.Find(ResourceKind.VNet, name)!);

    /// <summary>The ports of a leaf on which a V-Net is, each with the attachment that put it there; a port named twice counts once, by the first.</summary>
    public static IEnumerable<(PortSpec Port, AttachmentSpec Attachment)> PortsOf(VNetSpec vnet, string deviceName, DeviceSpec device)
    {
        // Asked for every V-Net of a leaf whenever one of them changes: no closures, and attachments elsewhere are left out first.
        var here = new List<AttachmentSpec>(1);
        foreach (var attachment in vnet.Attachments)
        {
            if (attachment.Tag is not null || (attachment.Port is { } named && named.Device == deviceName))
            {
                here.Add(attachment);
            }
        }

        if (here.Count == 0)
        {
            yield break;
        }

        foreach (var port in device.Ports)
        {
            foreach (var attachment in here)
            {
                if (attachment.Port is { } named ? named.Port == port.Name : port.Tags.Count > 0 && port.Tags.Contains(attachment.Tag, StringComparer.Ordinal))
                {
                    yield return (port, attachment);
                    break;
                }
            }
        }
    }
}
