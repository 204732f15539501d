using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Intent.Validation;

/// <content>Rules for V-Nets and the address space of VPCs.</content>
public static partial class IntentValidator
{
    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckVNet(
        IntentSnapshot next, Resource resource, VNetSpec spec, VNetSpec? before)
    {
        if (before is not null && (before.Site != spec.Site || before.Vpc != spec.Vpc))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/vpc", "site and VPC of a V-Net cannot change; delete it and make it anew");
        }

        if (spec.Vni is { } vni && next.Find(ResourceKind.Site, spec.Site)?.Spec is SiteSpec site)
        {
            foreach (var (pool, name) in new[] { (site.VniPool, "vniPool"), (site.L3VniPool, "l3VniPool") })
            {
                if (pool.Contains(vni.Value))
                {
                    yield return (ChangeErrorKind.Conflict, "/spec/vni", $"VNI {vni} is inside the site's {name} {pool}; choose one outside, or leave vni out to get one from the pool");
                }
            }
        }

        var gatewayNetworks = new HashSet<IpPrefix>();
        for (var i = 0; i < spec.Gateways.Count; i++)
        {
            foreach (var error in CheckGateway(next, resource, spec, spec.Gateways[i], $"/spec/gateways/{i}"))
            {
                yield return error;
            }

            if (gatewayNetworks.FirstOrDefault(n => n.Overlaps(spec.Gateways[i].Network)) is { } twin && gatewayNetworks.Contains(twin) && twin.Overlaps(spec.Gateways[i].Network))
            {
                yield return (ChangeErrorKind.Conflict, $"/spec/gateways/{i}", $"{spec.Gateways[i]} overlaps {twin} of the same V-Net; a V-Net has one gateway a subnet");
            }

            gatewayNetworks.Add(spec.Gateways[i].Network);
        }

        for (var i = 0; i < spec.Attachments.Count; i++)
        {
            foreach (var error in CheckAttachment(next, spec, spec.Attachments[i], $"/spec/attachments/{i}"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckGateway(
        IntentSnapshot next, Resource resource, VNetSpec spec, IpInterface gateway, string pointer)
    {
        var network = gateway.Network;
        if (network.Length >= network.Address.BitLength - 1 || gateway.Address.IsMulticast || gateway.Address.IsLoopback || gateway.Address.IsUnspecified
            || gateway.Address.IsLinkLocal || gateway.Address == network.Address
            || (gateway.Address.IsV4 && gateway.Address.Number == network.Address.Number + ((UInt128.One << (32 - network.Length)) - 1)))
        {
            yield return (ChangeErrorKind.Invalid, pointer, $"{gateway} is not the address of a gateway: give a host address inside its subnet, such as 10.0.1.1/24");
        }

        foreach (var other in next.GatewaysOverlapping(spec.Vpc, network, except: resource.Key.Name))
        {
            var key = new ResourceKey(ResourceKind.VNet, other.VNet);
            yield return (ChangeErrorKind.Conflict, pointer, $"{network} overlaps {other.Network} of {key} in the same VPC; choose another subnet");
        }

        foreach (var subnet in SubnetsOf(next, spec.Vpc))
        {
            if (subnet.Spec.Prefix.Overlaps(network) && subnet.Spec.Prefix != network)
            {
                yield return (ChangeErrorKind.Conflict, pointer, $"{network} overlaps subnet {subnet.Spec.Prefix} ({subnet.Resource.Key}) without being it");
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckAttachment(
        IntentSnapshot next, VNetSpec spec, AttachmentSpec attachment, string pointer)
    {
        var kinds = (attachment.Port is null ? 0 : 1) + (attachment.Tag is null ? 0 : 1) + (attachment.Hypervisors ? 1 : 0);
        if (kinds != 1)
        {
            yield return (ChangeErrorKind.Invalid, pointer, "an attachment is exactly one of port, tag and hypervisors");
        }

        if (attachment.Hypervisors && attachment.Vlan is not null)
        {
            yield return (ChangeErrorKind.Invalid, pointer + "/vlan", "a vlan belongs to ports; on hypervisors the VNI's own bridge carries the V-Net");
        }

        if (attachment.Tag is { Length: 0 or > 253 })
        {
            yield return (ChangeErrorKind.Invalid, pointer + "/tag", "a tag has 1 to 253 characters");
        }

        if (attachment.Port is not { } port || next.Find(ResourceKind.Device, port.Device) is not { Spec: DeviceSpec device } found)
        {
            yield break;
        }

        if (device.Role != DeviceRole.Leaf)
        {
            yield return (ChangeErrorKind.Invalid, pointer + "/port/device", $"{found.Key} is a {RoleName(device)}; a port attachment names a leaf, hypervisors have hypervisors: true");
        }
        else if (device.Ports.All(p => p.Name != port.Port))
        {
            yield return (ChangeErrorKind.Invalid, pointer + "/port/port", $"{found.Key} has no port {port.Port}");
        }

        if (device.Site != spec.Site)
        {
            yield return (ChangeErrorKind.Invalid, pointer + "/port/device", $"{found.Key} is in site '{device.Site}', the V-Net in '{spec.Site}'");
        }
    }

    /// <summary>Two V-Nets, or one by itself, that a leaf cannot carry as they are.</summary>
    /// <param name="VNet">Name of a V-Net concerned.</param>
    /// <param name="Other">Name of the other V-Net concerned, or of the same.</param>
    /// <param name="Pointer">Where in a device that is written.</param>
    /// <param name="Message">What is wrong.</param>
    private readonly record struct LeafPortConflict(string VNet, string Other, string Pointer, string Message);

    /// <summary>What leaves cannot carry of the V-Nets written; each leaf is looked at once, however many of its V-Nets are.</summary>
    private static IEnumerable<(ResourceKey Key, ChangeErrorKind Kind, string Pointer, string Message)> CheckLeaves(
        IntentSnapshot next, IReadOnlyCollection<ResourceChange> changes)
    {
        var vnets = changes.Where(c => c.After?.Spec is VNetSpec).ToDictionary(c => c.Key.Name, c => (VNetSpec)c.After!.Spec, StringComparer.Ordinal);
        var leaves = vnets.Values.SelectMany(v => AttachmentPoint.Of(v)).Distinct().SelectMany(p => next.DeviceNamesAt(p))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        foreach (var leaf in leaves)
        {
            foreach (var conflict in LeafPortConflicts(next, leaf, (DeviceSpec)next.Find(ResourceKind.Device, leaf)!.Spec))
            {
                foreach (var vnet in new[] { conflict.VNet, conflict.Other }.Distinct(StringComparer.Ordinal).Where(vnets.ContainsKey))
                {
                    yield return (new ResourceKey(ResourceKind.VNet, vnet), ChangeErrorKind.Conflict, "/spec/attachments", conflict.Message);
                }
            }
        }
    }

    /// <summary>
    /// What a leaf's one bridge cannot carry: a port in the underlay and in a V-Net, two V-Nets untagged on a port, one tag for two
    /// V-Nets, two tags for one V-Net.
    /// </summary>
    private static IEnumerable<LeafPortConflict> LeafPortConflicts(IntentSnapshot next, string deviceName, DeviceSpec device)
    {
        if (device.Role != DeviceRole.Leaf)
        {
            yield break;
        }

        var untagged = new Dictionary<string, string>(StringComparer.Ordinal);
        var byTag = new Dictionary<VlanId, string>();
        var underlay = Topology.UnderlayPortsOf(next, deviceName).Select(p => p.Port).ToHashSet(StringComparer.Ordinal);
        var vlanPool = (next.Find(ResourceKind.Site, device.Site)?.Spec as SiteSpec)?.VlanPool;
        var vnets = AttachmentPoint.Of(deviceName, device).SelectMany(p => next.VNetNamesAt(p)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        foreach (var name in vnets)
        {
            var tagHere = default(VlanId?);
            foreach (var (port, attachment) in Placement.PortsOf((VNetSpec)next.Find(ResourceKind.VNet, name)!.Spec, deviceName, device))
            {
                if (underlay.Contains(port.Name))
                {
                    yield return new(name, name, "/spec/ports", $"port {deviceName}:{port.Name} carries the underlay; VNet '{name}' cannot use it");
                }

                if (attachment.Vlan is not { } tag)
                {
                    if (!untagged.TryAdd(port.Name, name))
                    {
                        yield return new(name, untagged[port.Name], "/spec/ports", $"port {deviceName}:{port.Name} carries VNet '{untagged[port.Name]}' untagged already; VNet '{name}' needs a vlan there");
                    }

                    continue;
                }

                if (vlanPool?.Contains(tag.Value) == true)
                {
                    yield return new(name, name, "/spec/attachments", $"vlan {tag} is inside the site's vlanPool {vlanPool}; choose one outside");
                }

                if (tagHere is { } earlier && earlier != tag)
                {
                    yield return new(name, name, "/spec/attachments", $"VNet '{name}' has vlan {earlier} and vlan {tag} on {deviceName}; a device carries it with one tag");
                }

                tagHere = tag;
                if (byTag.TryGetValue(tag, out var other) && other != name)
                {
                    yield return new(name, other, "/spec/attachments", $"vlan {tag} on {deviceName} belongs to VNet '{other}'; VNet '{name}' needs another tag there");
                }

                byTag.TryAdd(tag, name);
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckAllocation(
        IntentSnapshot next, Resource resource, IpamAllocationSpec spec, IpamAllocationSpec? before)
    {
        foreach (var other in next.ReferrersOf(new(ResourceKind.Vpc, spec.Vpc), ResourceKind.IpamAllocation))
        {
            if (other.Uid != resource.Uid && ((IpamAllocationSpec)other.Spec).Prefix.Overlaps(spec.Prefix))
            {
                yield return (ChangeErrorKind.Conflict, "/spec/prefix", $"{spec.Prefix} overlaps {((IpamAllocationSpec)other.Spec).Prefix} ({other.Key}) in the same VPC");
            }
        }

        if (before is not null && (before.Vpc != spec.Vpc || before.Prefix != spec.Prefix))
        {
            foreach (var subnet in SubnetsOf(next, before.Vpc).Where(s => before.Prefix.Contains(s.Spec.Prefix)))
            {
                if (before.Vpc != spec.Vpc || !spec.Prefix.Contains(subnet.Spec.Prefix))
                {
                    yield return (ChangeErrorKind.InUse, "/spec/prefix", $"{subnet.Resource.Key} lies in {before.Prefix}");
                }
            }

            if (LosesPublic(next, before.Prefix) is { } claim)
            {
                yield return (ChangeErrorKind.InUse, "/spec/prefix", $"{claim.Owner} uses {claim.Prefix} of {before.Prefix}");
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckSubnet(IntentSnapshot next, Resource resource, IpamSubnetSpec spec)
    {
        if (!next.ReferrersOf(new(ResourceKind.Vpc, spec.Vpc), ResourceKind.IpamAllocation).Any(a => ((IpamAllocationSpec)a.Spec).Prefix.Contains(spec.Prefix)))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/prefix", $"{spec.Prefix} is in no allocation of VPC '{spec.Vpc}'; make an IpamAllocation that contains it first");
        }

        var mayNest = next.SystemVpcs.Contains(spec.Vpc);
        foreach (var other in SubnetsOf(next, spec.Vpc).Where(s => s.Resource.Uid != resource.Uid && (mayNest ? s.Spec.Prefix == spec.Prefix : s.Spec.Prefix.Overlaps(spec.Prefix))))
        {
            yield return (ChangeErrorKind.Conflict, "/spec/prefix", $"{spec.Prefix} overlaps {other.Spec.Prefix} ({other.Resource.Key}) in the same VPC; choose another subnet");
        }

        if (spec.DefaultGateway is { } gateway && !spec.Prefix.Contains(gateway))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/defaultGateway", $"{gateway} is outside {spec.Prefix}");
        }

        foreach (var vnet in next.ReferrersOf(new(ResourceKind.Vpc, spec.Vpc), ResourceKind.VNet))
        {
            foreach (var gatewayNetwork in ((VNetSpec)vnet.Spec).Gateways.Select(g => g.Network))
            {
                if (gatewayNetwork.Overlaps(spec.Prefix) && gatewayNetwork != spec.Prefix)
                {
                    yield return (ChangeErrorKind.Conflict, "/spec/prefix", $"{spec.Prefix} overlaps {gatewayNetwork} of {vnet.Key} without being it");
                }
            }
        }
    }

    private static IEnumerable<(Resource Resource, IpamSubnetSpec Spec)> SubnetsOf(IntentSnapshot snapshot, string vpc) =>
        snapshot.ReferrersOf(new(ResourceKind.Vpc, vpc), ResourceKind.IpamSubnet).Select(r => (r, (IpamSubnetSpec)r.Spec));
}
