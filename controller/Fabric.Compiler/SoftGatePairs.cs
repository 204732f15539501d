using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Compiler;

/// <summary>The SoftGates of a site.</summary>
public static class SoftGatePairs
{
    /// <summary>The pair of a site, or null.</summary>
    public static Resource? Of(IntentSnapshot snapshot, string site) =>
        snapshot.ReferrersOf(new(ResourceKind.Site, site), ResourceKind.SoftGatePair).FirstOrDefault();

    /// <summary>The SoftGates of a site's pair, in its order.</summary>
    public static IEnumerable<Resource> SoftGatesOf(IntentSnapshot snapshot, string site) =>
        Of(snapshot, site)?.Spec is SoftGatePairSpec pair ? pair.SoftGates.Select(name => snapshot.Find(ResourceKind.Device, name)!) : [];

    /// <summary>The links of a SoftGate to upstream routers, each with the pair that names it.</summary>
    internal static IEnumerable<(Resource Pair, UpstreamSpec Upstream)> UpstreamsOf(IntentSnapshot snapshot, Resource softGate) =>
        Of(snapshot, ((DeviceSpec)softGate.Spec).Site) is { Spec: SoftGatePairSpec spec } pair
            ? spec.Upstreams.Where(u => u.SoftGate == softGate.Key.Name).Select(u => (pair, u))
            : [];

    /// <summary>Service VTEP addresses that a SoftGate announces, each with the SoftGate whose own it is: its own and, standing in, its partner's.</summary>
    internal static IReadOnlyList<(IpPrefix Vtep, Resource Owner)> ServiceVteps(IntentSnapshot snapshot, Resource softGate)
    {
        var pair = SoftGatesOf(snapshot, ((DeviceSpec)softGate.Spec).Site).ToList();
        return pair.Exists(s => s.Uid == softGate.Uid) ? [.. pair.Select(s => (IpPrefix.Host(DeviceIdentity.ServiceVtep(snapshot, s)), s))] : [];
    }
}
