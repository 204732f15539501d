using System.Collections.Immutable;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Intent;

/// <summary>
/// All of the intent at one revision, with the indexes that validation and compilation ask. Immutable: a change makes a new
/// snapshot that shares what it did not touch, in logarithmic time.
/// </summary>
public sealed class IntentSnapshot
{
    /// <summary>An empty store.</summary>
    public static readonly IntentSnapshot Empty = new();

    private IntentSnapshot()
    {
    }

    /// <summary>Number of the last change set; 0 for an empty store.</summary>
    public long Revision { get; private init; }

    /// <summary>The uid that the next new resource gets.</summary>
    public int NextUid { get; private init; } = 1;

    /// <summary>The numbers that resources hold.</summary>
    public IdentifierTable Identifiers { get; private init; } = IdentifierTable.Empty;

    private ImmutableDictionary<ResourceKind, ImmutableSortedDictionary<string, Resource>> ByName { get; init; } =
        ImmutableDictionary<ResourceKind, ImmutableSortedDictionary<string, Resource>>.Empty;

    private ImmutableDictionary<int, Resource> ByUid { get; init; } = ImmutableDictionary<int, Resource>.Empty;

    private ImmutableDictionary<ResourceKey, ImmutableSortedSet<ResourceKey>> Referrers { get; init; } =
        ImmutableDictionary<ResourceKey, ImmutableSortedSet<ResourceKey>>.Empty;

    private ImmutableDictionary<AttachmentPoint, ImmutableSortedSet<string>> VNetsAt { get; init; } =
        ImmutableDictionary<AttachmentPoint, ImmutableSortedSet<string>>.Empty;

    private ImmutableDictionary<AttachmentPoint, ImmutableSortedSet<string>> DevicesAt { get; init; } =
        ImmutableDictionary<AttachmentPoint, ImmutableSortedSet<string>>.Empty;

    private ImmutableDictionary<string, ImmutableSortedSet<GatewayNetwork>> GatewaysOfVpc { get; init; } =
        ImmutableDictionary.Create<string, ImmutableSortedSet<GatewayNetwork>>(StringComparer.Ordinal);

    private ImmutableDictionary<(ClaimScope Scope, string Vpc), ImmutableSortedSet<AddressClaim>> Claims { get; init; } =
        ImmutableDictionary<(ClaimScope Scope, string Vpc), ImmutableSortedSet<AddressClaim>>.Empty;

    /// <summary>Names of the VPCs that hold public address space.</summary>
    public ImmutableSortedSet<string> SystemVpcs { get; private init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>The resource with this kind and name, or null.</summary>
    public Resource? Find(ResourceKey key) => ByName.TryGetValue(key.Kind, out var names) ? names.GetValueOrDefault(key.Name) : null;

    /// <summary>The resource with this kind and name, or null.</summary>
    public Resource? Find(ResourceKind kind, string name) => Find(new ResourceKey(kind, name));

    /// <summary>The resource with this uid, or null.</summary>
    public Resource? Find(int uid) => ByUid.GetValueOrDefault(uid);

    /// <summary>The resources of a kind, by name in ordinal order.</summary>
    public IEnumerable<Resource> All(ResourceKind kind) => ByName.TryGetValue(kind, out var names) ? names.Values : [];

    /// <summary>How many resources of a kind there are.</summary>
    public int Count(ResourceKind kind) => ByName.TryGetValue(kind, out var names) ? names.Count : 0;

    /// <summary>The resources whose spec names this one.</summary>
    public ImmutableSortedSet<ResourceKey> ReferrersOf(ResourceKey key) => Referrers.GetValueOrDefault(key, []);

    /// <summary>The resources of one kind whose spec names this one, in name order.</summary>
    public IEnumerable<Resource> ReferrersOf(ResourceKey key, ResourceKind kind)
    {
        // Keys are sorted by kind first: only those of the kind are looked at, however many V-Nets a site has.
        var referrers = ReferrersOf(key);
        var start = referrers.IndexOf(new ResourceKey(kind, ""));
        for (var i = start < 0 ? ~start : start; i < referrers.Count && referrers[i].Kind == kind; i++)
        {
            yield return Find(referrers[i])!;
        }
    }

    /// <summary>Names of the V-Nets with this attachment point.</summary>
    public ImmutableSortedSet<string> VNetNamesAt(AttachmentPoint point) => VNetsAt.GetValueOrDefault(point, []);

    /// <summary>Names of the devices with this attachment point.</summary>
    public ImmutableSortedSet<string> DeviceNamesAt(AttachmentPoint point) => DevicesAt.GetValueOrDefault(point, []);

    /// <summary>
    /// V-Nets of a VPC, other than one, with a gateway whose subnet overlaps this one: all of them as long as none of those overlap
    /// each other, otherwise at least one. Logarithmic in the number of the VPC's V-Nets.
    /// </summary>
    public IEnumerable<GatewayNetwork> GatewaysOverlapping(string vpc, IpPrefix network, string except)
    {
        if (!GatewaysOfVpc.TryGetValue(vpc, out var gateways))
        {
            yield break;
        }

        var index = gateways.IndexOf(new GatewayNetwork(network, ""));
        var start = index < 0 ? ~index : index;
        var before = start - 1;
        while (before >= 0 && gateways[before].VNet == except)
        {
            before--;
        }

        // Networks nest or are apart: what sorts before and overlaps contains this one, and no other foreign one is between.
        if (before >= 0 && gateways[before].Network.Overlaps(network))
        {
            yield return gateways[before];
        }

        for (var i = start; i < gateways.Count && gateways[i].Network.Overlaps(network); i++)
        {
            if (gateways[i].VNet != except)
            {
                yield return gateways[i];
            }
        }
    }

    /// <summary>Claims that overlap a prefix, those that contain it first. Costs what there are of them, and a look-up for each shorter length.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="vpc">The VPC; empty for public addresses.</param>
    /// <param name="prefix">The addresses.</param>
    public IEnumerable<AddressClaim> ClaimsOverlapping(ClaimScope scope, string vpc, IpPrefix prefix)
    {
        if (!Claims.TryGetValue((scope, vpc), out var claims))
        {
            yield break;
        }

        for (var length = 0; length < prefix.Length; length++)
        {
            var wider = IpPrefix.Of(prefix.Address, length);
            for (var i = StartOf(wider); i < claims.Count && claims[i].Prefix == wider; i++)
            {
                yield return claims[i];
            }
        }

        for (var i = StartOf(prefix); i < claims.Count && prefix.Contains(claims[i].Prefix); i++)
        {
            yield return claims[i];
        }

        int StartOf(IpPrefix first)
        {
            var index = claims.IndexOf(new AddressClaim(first, default));
            return index < 0 ? ~index : index;
        }
    }

    /// <summary>The number that an owner holds.</summary>
    /// <exception cref="InvalidOperationException">It holds none: the snapshot did not come from a change set that was evaluated.</exception>
    public long NumberOf(IdentifierSpace space, int scopeUid, IdentifierOwner owner) =>
        Identifiers.Find(new(space, scopeUid), owner)?.Value
        ?? throw new InvalidOperationException($"uid {owner.Uid} {owner.Part} holds no {space} in scope {scopeUid}");

    /// <summary>The same intent, numbered.</summary>
    public IntentSnapshot At(long revision, int nextUid) => Copy(revision: revision, nextUid: nextUid);

    /// <summary>The snapshot with these numbers held.</summary>
    public IntentSnapshot With(IdentifierTable identifiers) => Copy(identifiers: identifiers);

    /// <summary>The snapshot with this resource in place of any with the same key.</summary>
    public IntentSnapshot With(Resource resource)
    {
        var snapshot = Find(resource.Key) is { } present ? Without(present) : this;
        var names = snapshot.ByName.GetValueOrDefault(resource.Key.Kind) ?? ImmutableSortedDictionary.Create<string, Resource>(StringComparer.Ordinal);
        return snapshot.Copy(
            byName: snapshot.ByName.SetItem(resource.Key.Kind, names.SetItem(resource.Key.Name, resource)),
            byUid: snapshot.ByUid.SetItem(resource.Uid, resource),
            referrers: Index(snapshot.Referrers, resource.Spec.GetReferences().Select(r => r.Target), resource.Key, add: true),
            vnetsAt: resource.Spec is VNetSpec vnet
                ? Index(snapshot.VNetsAt, AttachmentPoint.Of(vnet), resource.Key.Name, add: true)
                : snapshot.VNetsAt,
            devicesAt: resource.Spec is DeviceSpec device
                ? Index(snapshot.DevicesAt, AttachmentPoint.Of(resource.Key.Name, device), resource.Key.Name, add: true)
                : snapshot.DevicesAt,
            gatewaysOfVpc: snapshot.GatewayIndex(resource, add: true),
            claims: snapshot.ClaimIndex(resource, add: true),
            systemVpcs: resource.Spec is VpcSpec { System: true } ? snapshot.SystemVpcs.Add(resource.Key.Name) : snapshot.SystemVpcs);
    }

    /// <summary>The snapshot without this resource.</summary>
    public IntentSnapshot Without(Resource resource) => Copy(
        byName: ByName.SetItem(resource.Key.Kind, ByName[resource.Key.Kind].Remove(resource.Key.Name)),
        byUid: ByUid.Remove(resource.Uid),
        referrers: Index(Referrers, resource.Spec.GetReferences().Select(r => r.Target), resource.Key, add: false),
        vnetsAt: resource.Spec is VNetSpec vnet ? Index(VNetsAt, AttachmentPoint.Of(vnet), resource.Key.Name, add: false) : VNetsAt,
        devicesAt: resource.Spec is DeviceSpec device
            ? Index(DevicesAt, AttachmentPoint.Of(resource.Key.Name, device), resource.Key.Name, add: false)
            : DevicesAt,
        gatewaysOfVpc: GatewayIndex(resource, add: false),
        claims: ClaimIndex(resource, add: false),
        systemVpcs: resource.Key.Kind == ResourceKind.Vpc ? SystemVpcs.Remove(resource.Key.Name) : SystemVpcs);

    private ImmutableDictionary<(ClaimScope Scope, string Vpc), ImmutableSortedSet<AddressClaim>> ClaimIndex(Resource resource, bool add)
    {
        var index = Claims;
        foreach (var (where, prefix) in AddressClaim.Of(resource.Spec))
        {
            index = Index(index, [where], new AddressClaim(prefix, resource.Key), add);
        }

        return index;
    }

    private ImmutableDictionary<string, ImmutableSortedSet<GatewayNetwork>> GatewayIndex(Resource resource, bool add)
    {
        if (resource.Spec is not VNetSpec { Gateways.Count: > 0 } vnet)
        {
            return GatewaysOfVpc;
        }

        var gateways = GatewaysOfVpc.GetValueOrDefault(vnet.Vpc, []);
        foreach (var gateway in vnet.Gateways)
        {
            var entry = new GatewayNetwork(gateway.Network, resource.Key.Name);
            gateways = add ? gateways.Add(entry) : gateways.Remove(entry);
        }

        return gateways.IsEmpty ? GatewaysOfVpc.Remove(vnet.Vpc) : GatewaysOfVpc.SetItem(vnet.Vpc, gateways);
    }

    private static ImmutableDictionary<TKey, ImmutableSortedSet<TValue>> Index<TKey, TValue>(
        ImmutableDictionary<TKey, ImmutableSortedSet<TValue>> index, IEnumerable<TKey> keys, TValue value, bool add)
        where TKey : notnull
    {
        var empty = typeof(TValue) == typeof(string) ? ImmutableSortedSet.Create((IComparer<TValue>)(object)StringComparer.Ordinal) : [];
        foreach (var key in keys.Distinct())
        {
            var values = index.GetValueOrDefault(key, empty);
            values = add ? values.Add(value) : values.Remove(value);
            index = values.IsEmpty ? index.Remove(key) : index.SetItem(key, values);
        }

        return index;
    }

    private IntentSnapshot Copy(
        long? revision = null,
        int? nextUid = null,
        IdentifierTable? identifiers = null,
        ImmutableDictionary<ResourceKind, ImmutableSortedDictionary<string, Resource>>? byName = null,
        ImmutableDictionary<int, Resource>? byUid = null,
        ImmutableDictionary<ResourceKey, ImmutableSortedSet<ResourceKey>>? referrers = null,
        ImmutableDictionary<AttachmentPoint, ImmutableSortedSet<string>>? vnetsAt = null,
        ImmutableDictionary<AttachmentPoint, ImmutableSortedSet<string>>? devicesAt = null,
        ImmutableDictionary<string, ImmutableSortedSet<GatewayNetwork>>? gatewaysOfVpc = null,
        ImmutableDictionary<(ClaimScope Scope, string Vpc), ImmutableSortedSet<AddressClaim>>? claims = null,
        ImmutableSortedSet<string>? systemVpcs = null) => new()
        {
            Revision = revision ?? Revision,
            NextUid = nextUid ?? NextUid,
            Identifiers = identifiers ?? Identifiers,
            ByName = byName ?? ByName,
            ByUid = byUid ?? ByUid,
            Referrers = referrers ?? Referrers,
            VNetsAt = vnetsAt ?? VNetsAt,
            DevicesAt = devicesAt ?? DevicesAt,
            GatewaysOfVpc = gatewaysOfVpc ?? GatewaysOfVpc,
            Claims = claims ?? Claims,
            SystemVpcs = systemVpcs ?? SystemVpcs,
        };
}
