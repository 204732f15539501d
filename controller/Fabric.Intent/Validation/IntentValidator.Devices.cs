using System.Text.RegularExpressions;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Intent.Validation;

/// <content>Rules for devices and the links between them.</content>
public static partial class IntentValidator
{
    [GeneratedRegex("^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UserPattern { get; }

    // What the kernel and every command line take without quoting.
    [GeneratedRegex("^[A-Za-z0-9_.][A-Za-z0-9_.:/@-]{0,14}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PortPattern { get; }

    [GeneratedRegex("^[a-z0-9@.-]{3,64} [A-Za-z0-9+/]{16,8192}={0,3}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HostKeyPattern { get; }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckDevice(
        IntentSnapshot next, Resource resource, DeviceSpec spec, DeviceSpec? before)
    {
        if (before is not null && (before.Site != spec.Site || before.Role != spec.Role))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/role", "site and role of a device cannot change; delete it and make it anew");
        }

        if (spec.IsManaged && spec.Management is null)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/management", $"a {RoleName(spec)} needs management: its address and host keys");
        }

        if (spec.IsManaged && string.IsNullOrEmpty(spec.Os))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/os", $"a {RoleName(spec)} needs os: frr-linux for a switch, kvm-host for a hypervisor");
        }

        if (!spec.IsManaged && spec.Os is not null)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/os", $"Fabric does not manage a device of role {RoleName(spec)}; leave os out");
        }

        if (spec.Management is { } management)
        {
            if (management.Port is < 1 or > 65535)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/management/port", "port must be 1..65535");
            }

            if (!UserPattern.IsMatch(management.User))
            {
                yield return (ChangeErrorKind.Invalid, "/spec/management/user", "user must be 1 to 32 letters, digits, '.', '_' or '-', not beginning with '-'");
            }

            if (management.HostKeys.Count is 0 or > 16)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/management/hostKeys", "give the device's public host keys, 1 to 16, as ssh-keyscan prints them less the address");
            }

            for (var i = 0; i < management.HostKeys.Count; i++)
            {
                if (!HostKeyPattern.IsMatch(management.HostKeys[i]))
                {
                    yield return (ChangeErrorKind.Invalid, $"/spec/management/hostKeys/{i}", "a host key is its type, a blank and its base64 text: ssh-ed25519 AAAA…");
                }
            }
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            var port = spec.Ports[i];
            if (!PortPattern.IsMatch(port.Name))
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/ports/{i}/name", "a port's name has 1 to 15 letters, digits or . _ - : / @");
            }
            else if (!seen.Add(port.Name))
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/ports/{i}/name", $"port {port.Name} is listed twice");
            }

            if (port.Tags.Any(t => t.Length is 0 or > 253))
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/ports/{i}/tags", "a tag has 1 to 253 characters");
            }
        }

        foreach (var link in next.ReferrersOf(resource.Key, ResourceKind.Link))
        {
            foreach (var end in Topology.Ends((LinkSpec)link.Spec).Where(e => e.Device == resource.Key.Name && !seen.Contains(e.Port)))
            {
                yield return (ChangeErrorKind.InUse, "/spec/ports", $"port {end.Port} is needed by {link.Key}");
            }
        }

        foreach (var vnet in next.ReferrersOf(resource.Key, ResourceKind.VNet))
        {
            foreach (var attachment in ((VNetSpec)vnet.Spec).Attachments)
            {
                if (attachment.Port is { } port && port.Device == resource.Key.Name && !seen.Contains(port.Port))
                {
                    yield return (ChangeErrorKind.InUse, "/spec/ports", $"port {port.Port} is needed by {vnet.Key}");
                }
            }
        }

        if (spec.Loopback is { } loopback && next.Find(ResourceKind.Site, spec.Site)?.Spec is SiteSpec site && !site.LoopbackPool.Contains(loopback))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/loopback", $"{loopback} is outside the site's loopback pool {site.LoopbackPool}");
        }
        else if (spec.Loopback is { } first && next.Find(ResourceKind.Site, spec.Site)?.Spec is SiteSpec home && first == home.LoopbackPool.Address)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/loopback", $"{first} is the network address of the site's loopback pool {home.LoopbackPool}; choose another");
        }

        if (spec.Management is { } address)
        {
            foreach (var other in next.ReferrersOf(new(ResourceKind.Site, spec.Site), ResourceKind.Device))
            {
                if (other.Uid != resource.Uid && other.Spec is DeviceSpec { Management: { } theirs } && theirs.Address == address.Address && theirs.Port == address.Port)
                {
                    yield return (ChangeErrorKind.Conflict, "/spec/management/address", $"{address.Address} port {address.Port} is {other.Key}");
                }
            }
        }

        foreach (var conflict in LeafPortConflicts(next, resource.Key.Name, spec))
        {
            yield return (ChangeErrorKind.Conflict, conflict.Pointer, conflict.Message);
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckLink(IntentSnapshot next, Resource resource, LinkSpec spec)
    {
        var ends = new[] { ("/spec/a", spec.A), ("/spec/b", spec.B) };
        if (spec.A == spec.B || spec.A.Device == spec.B.Device)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/b", "the two ends of a link are on different devices");
        }

        foreach (var (pointer, end) in ends)
        {
            if (next.Find(ResourceKind.Device, end.Device) is not { Spec: DeviceSpec device } found)
            {
                continue;
            }

            if (device.Ports.All(p => p.Name != end.Port))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/port", $"{found.Key} has no port {end.Port}");
            }

            foreach (var other in next.ReferrersOf(found.Key, ResourceKind.Link).Where(l => l.Uid != resource.Uid))
            {
                if (Topology.Ends((LinkSpec)other.Spec).Any(e => e == end))
                {
                    yield return (ChangeErrorKind.Conflict, pointer + "/port", $"port {end} is an end of {other.Key} already");
                }
            }

            if (Topology.IsUnderlay(next, spec) && VNetOnPort(next, found.Key.Name, device, end.Port) is { } vnet)
            {
                yield return (ChangeErrorKind.Conflict, pointer + "/port", $"port {end} carries {vnet.Key}; a port is either underlay or a V-Net's");
            }
        }

        if (next.Find(ResourceKind.Device, spec.A.Device)?.Spec is DeviceSpec a && next.Find(ResourceKind.Device, spec.B.Device)?.Spec is DeviceSpec b && a.Site != b.Site)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/b/device", $"{spec.A.Device} is in site '{a.Site}' and {spec.B.Device} in '{b.Site}'; a link stays within a site");
        }
    }

    private static string RoleName(DeviceSpec spec) => spec.Role.ToString().ToLowerInvariant();

    private static Resource? VNetOnPort(IntentSnapshot next, string deviceName, DeviceSpec device, string port) =>
        AttachmentPoint.Of(deviceName, device).SelectMany(p => next.VNetNamesAt(p)).Distinct(StringComparer.Ordinal)
            .Select(name => next.Find(ResourceKind.VNet, name)!)
            .FirstOrDefault(v => Placement.PortsOf((VNetSpec)v.Spec, deviceName, device).Any(p => p.Port.Name == port));
}
