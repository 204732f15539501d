using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Intent.Validation;

/// <summary>
/// What must hold of a resource in the snapshot that a change set results in. Pure; looks only at the changed resource and at those
/// it touches, so that its cost does not grow with the fabric. Combinations that no device could carry are refused here.
/// </summary>
public static partial class IntentValidator
{
    /// <summary>Everything that is wrong with changes, given the snapshot that they result in.</summary>
    public static IEnumerable<(ResourceKey Key, ChangeErrorKind Kind, string Pointer, string Message)> Check(
        IntentSnapshot next, IReadOnlyCollection<ResourceChange> changes) =>
        changes.SelectMany(c => Check(next, c).Select(e => (c.Key, e.Kind, e.Pointer, e.Message))).Concat(CheckLeaves(next, changes));

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> Check(IntentSnapshot next, ResourceChange change)
    {
        if (change.After is not { } resource)
        {
            return CheckDeletion(next, change.Before!);
        }

        return CheckReferences(next, resource).Concat(CheckLabels(resource)).Concat(resource.Spec switch
        {
            SiteSpec spec => CheckSite(next, resource, spec, change.Before?.Spec as SiteSpec),
            TenantSpec spec => CheckTenant(spec),
            DeviceSpec spec => CheckDevice(next, resource, spec, change.Before?.Spec as DeviceSpec),
            LinkSpec spec => CheckLink(next, resource, spec),
            VpcSpec spec => CheckVpc(next, resource, spec, change.Before?.Spec as VpcSpec),
            VNetSpec spec => CheckVNet(next, resource, spec, change.Before?.Spec as VNetSpec).Concat(CheckVNetServices(next, resource, spec)),
            IpamAllocationSpec spec => CheckAllocation(next, resource, spec, change.Before?.Spec as IpamAllocationSpec),
            IpamSubnetSpec spec => CheckSubnet(next, resource, spec),
            SoftGatePairSpec spec => CheckPair(next, resource, spec, change.Before?.Spec as SoftGatePairSpec),
            AclListSpec spec => CheckAclList(spec),
            PublicAddressSpec spec => CheckPublicAddress(next, resource, spec),
            NatRuleSpec spec => CheckNatRule(next, resource, spec),
            LoadBalancerSpec spec => CheckLoadBalancer(next, resource, spec),
            StaticRouteSpec spec => CheckStaticRoute(next, resource, spec),
            _ => throw new InvalidOperationException($"no rules for {resource.Key.Kind}"),
        });
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckDeletion(IntentSnapshot next, Resource gone)
    {
        var referrers = next.ReferrersOf(gone.Key);
        if (referrers.Count > 0)
        {
            var names = string.Join(", ", referrers.Take(3));
            var more = referrers.Count > 3 ? $" and {referrers.Count - 3} more" : "";
            yield return (ChangeErrorKind.InUse, "", $"{gone.Key} is needed by {names}{more}; delete them first or in the same change set");
        }

        if (gone.Spec is IpamAllocationSpec allocation)
        {
            foreach (var subnet in SubnetsOf(next, allocation.Vpc).Where(s => allocation.Prefix.Contains(s.Spec.Prefix)))
            {
                yield return (ChangeErrorKind.InUse, "", $"{gone.Key} is needed by {subnet.Resource.Key}; delete it first or in the same change set");
            }

            if (LosesPublic(next, allocation.Prefix) is { } claim)
            {
                yield return (ChangeErrorKind.InUse, "", $"{claim.Owner} uses {claim.Prefix} of {gone.Key}; delete it first or in the same change set");
            }
        }

        if (gone.Spec is SoftGatePairSpec pair)
        {
            foreach (var error in CheckPairDeletion(next, pair))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckReferences(IntentSnapshot next, Resource resource) =>
        resource.Spec.GetReferences().Where(r => next.Find(r.Target) is null)
            .Select(r => (ChangeErrorKind.Invalid, r.Pointer, $"there is no {r.Target}"));

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckLabels(Resource resource) =>
        resource.Labels.Where(l => l.Key.Length is 0 or > 253 || l.Value.Length > 253)
            .Select(l => (ChangeErrorKind.Invalid, "/labels", $"label '{l.Key}': a key has 1 to 253 characters, a value at most 253"));

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckTenant(TenantSpec spec)
    {
        if (spec.Description?.Length > 1024)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/description", "a description has at most 1024 characters");
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckSite(
        IntentSnapshot next, Resource resource, SiteSpec spec, SiteSpec? before)
    {
        if (spec.FabricNumber is < 1 or > 65535)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/fabricNumber", "fabricNumber must be 1..65535");
        }

        foreach (var (pointer, range, first, last) in new[]
        {
            ("/spec/asnPool", spec.AsnPool, 1L, 4_294_967_294L), ("/spec/vniPool", spec.VniPool, 1, Vni.MaxValue),
            ("/spec/l3VniPool", spec.L3VniPool, 1, Vni.MaxValue), ("/spec/vlanPool", spec.VlanPool, 2, VlanId.MaxValue),
        })
        {
            if (range.First > range.Last || range.First < first || range.Last > last)
            {
                yield return (ChangeErrorKind.Invalid, pointer, $"{range} must be a range inside {first}..{last}");
            }
        }

        if (spec.VniPool.Overlaps(spec.L3VniPool))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/l3VniPool", $"{spec.L3VniPool} overlaps vniPool {spec.VniPool}; a VNI means one thing in a site");
        }

        // A device has the same place in both pools, and there are 65535 devices at most.
        if (!spec.LoopbackPool.Address.IsV4 || spec.LoopbackPool.Length is < 16 or > 30)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/loopbackPool", "loopbackPool must be an IPv4 prefix of length 16 to 30");
        }

        if (spec.LoopbackPool6 is { } pool6 && (!pool6.Address.IsV6 || pool6.Length > 112))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/loopbackPool6", "loopbackPool6 must be an IPv6 prefix of length 112 or shorter");
        }

        if (spec.AnycastMac.IsMulticast)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/anycastMac", "anycastMac must be a unicast address");
        }

        if (spec.Underlay.Mtu is < 1500 or > 9216)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/underlay/mtu", "mtu must be 1500..9216 octets");
        }

        if (spec.Underlay.BfdIntervalMilliseconds is < 50 or > 10_000)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/underlay/bfdIntervalMilliseconds", "must be 50..10000 ms");
        }

        if (spec.Underlay.BfdMultiplier is < 2 or > 50)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/underlay/bfdMultiplier", "must be 2..50");
        }

        // Numbers already given out came from these pools: moving a pool under them would make them mean something else.
        if (before is not null && next.ReferrersOf(resource.Key).Count > 0)
        {
            if (before.LoopbackPool != spec.LoopbackPool || before.LoopbackPool6 is { } old && old != spec.LoopbackPool6)
            {
                yield return (ChangeErrorKind.InUse, "/spec/loopbackPool", "loopback pools cannot change while the site has devices");
            }

            if (before.FabricNumber != spec.FabricNumber)
            {
                yield return (ChangeErrorKind.InUse, "/spec/fabricNumber", "fabricNumber cannot change while the site has devices or V-Nets");
            }

            if (before.VlanPool != spec.VlanPool)
            {
                foreach (var vnet in next.ReferrersOf(resource.Key, ResourceKind.VNet))
                {
                    foreach (var vlan in ((VNetSpec)vnet.Spec).Attachments.Select(a => a.Vlan).OfType<VlanId>().Where(v => spec.VlanPool.Contains(v.Value)).Take(1))
                    {
                        yield return (ChangeErrorKind.InUse, "/spec/vlanPool", $"vlan {vlan} of {vnet.Key} would be inside the new pool {spec.VlanPool}");
                    }
                }
            }

            if (before.VniPool != spec.VniPool || before.L3VniPool != spec.L3VniPool)
            {
                var scope = new IdentifierScope(IdentifierSpace.Vni, resource.Uid);
                foreach (var owner in next.ReferrersOf(resource.Key, ResourceKind.VNet))
                {
                    if (next.Identifiers.Find(scope, new IdentifierOwner(owner.Uid)) is { } held
                        && held.Given == (spec.VniPool.Contains(held.Value) || spec.L3VniPool.Contains(held.Value)))
                    {
                        yield return (ChangeErrorKind.InUse, "/spec/vniPool", $"VNI {held.Value} of {owner.Key} would be on the wrong side of the new pools");
                    }
                }
            }
        }
    }
}
