using System.Globalization;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;

namespace Fabric.Intent.Identifiers;

/// <summary>
/// Gives numbers to what a change set made and takes them from what it removed. Pure and deterministic: the same snapshot and
/// the same changes give the same numbers. The only place where a number is chosen.
/// </summary>
public sealed class IdentifierAssigner
{
    /// <summary>Part name of the ASN that all spines of a site share.</summary>
    public const string SpinesPart = "spines";

    /// <summary>Part name of the ASN of a site's controllers.</summary>
    public const string ControllersPart = "controllers";

    /// <summary>Part name of a SoftGate's service VTEP among the loopbacks.</summary>
    public const string ServicePart = "service";

    private static readonly NumberRange FabricNumbers = new(1, 65_535);
    private static readonly NumberRange DeviceNumbers = new(1, 65_535);

    private readonly IntentSnapshot _before;
    private readonly IntentSnapshot _next;
    private readonly Dictionary<(IdentifierScope, IdentifierOwner), Identifier> _dropped = [];
    private readonly Dictionary<(IdentifierScope, IdentifierOwner), Identifier> _held = [];
    private readonly List<PendingRelease> _releases = [];
    private readonly List<PendingRelease> _forgotten = [];
    private readonly List<(ResourceKey Key, string Pointer, string Message)> _errors = [];
    private readonly Dictionary<int, Dictionary<long, List<Resource>>> _givenAsns = [];
    private IdentifierTable _table;

    private IdentifierAssigner(IntentSnapshot before, IntentSnapshot next)
    {
        _before = before;
        _next = next;
        _table = next.Identifiers;
    }

    /// <summary>What an assignment results in.</summary>
    /// <param name="Table">The numbers held afterwards.</param>
    /// <param name="Held">Numbers newly held.</param>
    /// <param name="Dropped">Numbers no longer held.</param>
    /// <param name="Releases">Devices that have yet to prove a number gone that was dropped or has left them.</param>
    /// <param name="Forgotten">Releases that wait no longer: the device has left the inventory, or the number is back on it.</param>
    /// <param name="Errors">Numbers that could not be given; nothing of the rest counts then.</param>
    public sealed record Result(
        IdentifierTable Table,
        IReadOnlyCollection<Identifier> Held,
        IReadOnlyCollection<Identifier> Dropped,
        IReadOnlyCollection<PendingRelease> Releases,
        IReadOnlyCollection<PendingRelease> Forgotten,
        IReadOnlyCollection<(ResourceKey Key, string Pointer, string Message)> Errors);

    /// <summary>Assigns numbers for changes that took <paramref name="before"/> to <paramref name="next"/>.</summary>
    public static Result Assign(IntentSnapshot before, IntentSnapshot next, IReadOnlyCollection<ResourceChange> changes)
    {
        var assigner = new IdentifierAssigner(before, next);
        foreach (var change in changes)
        {
            assigner.Take(change);
        }

        // Everything is taken before anything is given: what a leaf has yet to prove gone is nobody's to choose.
        var leaves = assigner.LeavesConcerned(changes).Select(leaf => (Leaf: leaf, Needed: assigner.VlansNeeded(leaf))).ToList();
        foreach (var (leaf, needed) in leaves)
        {
            assigner.TakeVlans(leaf, needed);
        }

        // In uid order, so that the order of the changes in the set makes no difference to resources that exist, and sites
        // come before their devices.
        foreach (var change in changes.Where(c => c.After is not null).OrderBy(c => c.Key.Kind).ThenBy(c => c.After!.Uid))
        {
            assigner.Give(change.After!);
        }

        foreach (var (leaf, needed) in leaves)
        {
            assigner.GiveVlans(leaf, needed);
        }

        return new Result(assigner._table, assigner._held.Values, assigner._dropped.Values, assigner._releases, assigner._forgotten, assigner._errors);
    }

    /// <summary>The VNI scope of a site.</summary>
    public static IdentifierScope VniScope(Resource site) => new(IdentifierSpace.Vni, site.Uid);

    private void Take(ResourceChange change)
    {
        if (change.Before is not { } before)
        {
            return;
        }

        switch (before.Spec)
        {
            case SiteSpec when change.After is null:
                Drop(new(IdentifierSpace.FabricNumber, 0), new(before.Uid), []);
                Drop(new(IdentifierSpace.Asn, before.Uid), new(before.Uid, SpinesPart), []);
                Drop(new(IdentifierSpace.Asn, before.Uid), new(before.Uid, ControllersPart), []);
                break;

            case DeviceSpec device:
                TakeFromDevice(before, device, change.After);
                break;

            case VpcSpec when change.After is null:
                // No V-Net is left that could be routed: each leaf's release was noted when the last routed one left it.
                foreach (var site in _before.All(ResourceKind.Site))
                {
                    Drop(VniScope(site), new(before.Uid), []);
                }

                break;

            case VNetSpec vnet:
                TakeFromVNet(before, vnet, change.After?.Spec as VNetSpec);
                break;
        }
    }

    private void TakeFromVNet(Resource before, VNetSpec vnet, VNetSpec? wanted)
    {
        var scope = VniScope(_before.Find(ResourceKind.Site, vnet.Site)!);
        var carriers = Placement.DevicesOf(_before, vnet);
        if (wanted is null || wanted.Vni != vnet.Vni)
        {
            Drop(scope, new(before.Uid), carriers);
        }
        else if (!wanted.Attachments.SequenceEqual(vnet.Attachments))
        {
            var staying = Placement.DevicesOf(_next, wanted).Select(d => d.Uid).ToHashSet();
            Await(scope, _before.NumberOf(scope.Space, scope.ScopeUid, new(before.Uid)), carriers.Where(d => !staying.Contains(d.Uid)));
        }
    }

    private void TakeFromDevice(Resource before, DeviceSpec device, Resource? after)
    {
        var site = _before.Find(ResourceKind.Site, device.Site)!;
        var others = ManagedDevices(device.Site).Where(d => d.Uid != before.Uid);
        if (after is null)
        {
            Drop(new(IdentifierSpace.DeviceNumber, site.Uid), new(before.Uid), others);
            Drop(new(IdentifierSpace.Loopback, site.Uid), new(before.Uid), others);
            Drop(new(IdentifierSpace.Loopback, site.Uid), new(before.Uid, ServicePart), others);
            Drop(new(IdentifierSpace.Asn, site.Uid), new(before.Uid), others);
            foreach (var (_, owner) in _table.In(new(IdentifierSpace.Vlan, before.Uid)).ToList())
            {
                Drop(new(IdentifierSpace.Vlan, before.Uid), owner, []);
            }

            foreach (var pending in _table.PendingOn(before.Uid).ToList())
            {
                _table = _table.Proved(pending);
                _forgotten.Add(pending);
            }

            return;
        }

        var wanted = (DeviceSpec)after.Spec;
        if (wanted.Loopback != device.Loopback)
        {
            Drop(new(IdentifierSpace.Loopback, site.Uid), new(before.Uid), ManagedDevices(device.Site));
        }

        if (wanted.Asn is not null && device.Asn is null)
        {
            Drop(new(IdentifierSpace.Asn, site.Uid), new(before.Uid), ManagedDevices(device.Site));
        }
    }

    private void Give(Resource resource)
    {
        switch (resource.Spec)
        {
            case SiteSpec site:
                Hold(resource, "/spec/fabricNumber", new(IdentifierSpace.FabricNumber, 0), new(resource.Uid), site.FabricNumber, FabricNumbers);
                Hold(resource, "/spec/asnPool", new(IdentifierSpace.Asn, resource.Uid), new(resource.Uid, SpinesPart), null, site.AsnPool);
                Hold(resource, "/spec/asnPool", new(IdentifierSpace.Asn, resource.Uid), new(resource.Uid, ControllersPart), null, site.AsnPool);
                break;

            case DeviceSpec { IsManaged: true } device:
                GiveToDevice(resource, device);
                break;

            case VNetSpec vnet:
                var home = _next.Find(ResourceKind.Site, vnet.Site)!;
                var homeSpec = (SiteSpec)home.Spec;
                Hold(resource, "/spec/vni", VniScope(home), new(resource.Uid), vnet.Vni?.Value, homeSpec.VniPool);
                foreach (var host in Placement.DevicesOf(_next, vnet).Where(d => ((DeviceSpec)d.Spec).Role == DeviceRole.Hypervisor))
                {
                    Return(VniScope(home), new(resource.Uid), host);
                }

                if (vnet.Gateways.Count > 0)
                {
                    var vpc = _next.Find(ResourceKind.Vpc, vnet.Vpc)!;
                    Hold(resource, "/spec/gateways", VniScope(home), new(vpc.Uid), null, homeSpec.L3VniPool);
                }

                break;
        }
    }

    private void GiveToDevice(Resource resource, DeviceSpec device)
    {
        var site = _next.Find(ResourceKind.Site, device.Site)!;
        var siteSpec = (SiteSpec)site.Spec;
        Hold(resource, "/spec/site", new(IdentifierSpace.DeviceNumber, site.Uid), new(resource.Uid), null, DeviceNumbers);

        var places = (1L << (32 - siteSpec.LoopbackPool.Length)) - 2;
        var given = device.Loopback is { } loopback ? (long?)(loopback.Number - siteSpec.LoopbackPool.Address.Number) : null;
        Hold(resource, "/spec/loopback", new(IdentifierSpace.Loopback, site.Uid), new(resource.Uid), given, new(1, Math.Min(places, ushort.MaxValue)));
        if (device.Role == DeviceRole.Softgate)
        {
            Hold(resource, "/spec/site", new(IdentifierSpace.Loopback, site.Uid), new(resource.Uid, ServicePart), null, new(1, Math.Min(places, ushort.MaxValue)));
        }

        if (device.Asn is { } asn)
        {
            CheckGivenAsn(resource, device, site, asn.Value);
        }
        else if (device.Role != DeviceRole.Spine)
        {
            Hold(resource, "/spec/asn", new(IdentifierSpace.Asn, site.Uid), new(resource.Uid), null, siteSpec.AsnPool, GivenAsns(site).ContainsKey);
        }
    }

    /// <summary>The ASNs that devices of a site have brought along, with those devices; gathered once, and only when a device is written.</summary>
    private Dictionary<long, List<Resource>> GivenAsns(Resource site)
    {
        if (!_givenAsns.TryGetValue(site.Uid, out var given))
        {
            given = [];
            foreach (var device in _next.ReferrersOf(site.Key, ResourceKind.Device))
            {
                if (((DeviceSpec)device.Spec).Asn is { } asn)
                {
                    if (!given.TryGetValue(asn.Value, out var devices))
                    {
                        given.Add(asn.Value, devices = []);
                    }

                    devices.Add(device);
                }
            }

            _givenAsns.Add(site.Uid, given);
        }

        return given;
    }

    /// <summary>
    /// An ASN that came with the intent may be shared by the spines and by leaves (a pair), but not by devices that speak eBGP with each
    /// other; it is not one that a pool gave to somebody else, nor the fabric number: a route target must not look like a device's own.
    /// </summary>
    private void CheckGivenAsn(Resource resource, DeviceSpec device, Resource site, long asn)
    {
        if (_table.OwnerOf(new(IdentifierSpace.Asn, site.Uid), asn) is { } holder
            && holder.Uid != resource.Uid && !(device.Role == DeviceRole.Spine && holder.Part == SpinesPart))
        {
            var whose = holder.Part.Length > 0 ? $"the site's {holder.Part}" : _next.Find(holder.Uid)?.Key.ToString() ?? "another device";
            _errors.Add((resource.Key, "/spec/asn", $"ASN {asn} was given to {whose}; choose one outside the site's asnPool {((SiteSpec)site.Spec).AsnPool}"));
        }
        else if (GivenAsns(site)[asn].Find(d => d.Uid != resource.Uid && (device.Role is DeviceRole.Hypervisor or DeviceRole.Softgate || ((DeviceSpec)d.Spec).Role != device.Role)) is { } twin)
        {
            _errors.Add((resource.Key, "/spec/asn", $"ASN {asn} is that of {twin.Key}; only spines share one, or leaves"));
        }

        if (_table.Find(new(IdentifierSpace.FabricNumber, 0), new(site.Uid))?.Value == asn)
        {
            _errors.Add((resource.Key, "/spec/asn", $"{asn} is the fabric number of {site.Key}, which is no device's ASN; choose another"));
        }
    }

    /// <summary>A leaf's VLANs by their owners' uids: one for each V-Net on it, and one for each of their VPCs that is routed.</summary>
    private SortedDictionary<int, (Resource Resource, long? Given)> VlansNeeded(Resource leaf)
    {
        var needed = new SortedDictionary<int, (Resource Resource, long? Given)>();
        foreach (var vnet in Placement.VNetsOf(_next, leaf))
        {
            var spec = (VNetSpec)vnet.Spec;
            var ports = Placement.PortsOf(spec, leaf.Key.Name, (DeviceSpec)leaf.Spec);
            needed[vnet.Uid] = (vnet, ports.Select(p => (long?)p.Attachment.Vlan?.Value).FirstOrDefault(v => v is not null));
            if (spec.Gateways.Count > 0)
            {
                var vpc = _next.Find(ResourceKind.Vpc, spec.Vpc)!;
                needed.TryAdd(vpc.Uid, (vpc, null));
            }
        }

        return needed;
    }

    /// <summary>
    /// Takes a leaf's VLANs from what needs none any more. That has left the leaf: its VNI waits until the leaf has been read without it,
    /// even while the V-Net or the VPC lives on elsewhere.
    /// </summary>
    private void TakeVlans(Resource leaf, SortedDictionary<int, (Resource Resource, long? Given)> needed)
    {
        var scope = new IdentifierScope(IdentifierSpace.Vlan, leaf.Uid);
        var vnis = VniScope(SiteOf(leaf));
        foreach (var (value, owner) in _table.In(scope).ToList())
        {
            var stays = needed.TryGetValue(owner.Uid, out var need);
            if (!stays || (need.Given is { } given && given != value))
            {
                Drop(scope, owner, [leaf]);
            }

            if (!stays && _before.Identifiers.Find(vnis, new(owner.Uid)) is { } left)
            {
                Await(vnis, left.Value, [leaf]);
            }
        }
    }

    private void GiveVlans(Resource leaf, SortedDictionary<int, (Resource Resource, long? Given)> needed)
    {
        var site = SiteOf(leaf);
        foreach (var (uid, (resource, given)) in needed)
        {
            Hold(resource, "/spec/attachments", new(IdentifierSpace.Vlan, leaf.Uid), new(uid), given, ((SiteSpec)site.Spec).VlanPool);
            Return(VniScope(site), new(uid), leaf);
        }
    }

    private Resource SiteOf(Resource device) => _next.Find(ResourceKind.Site, ((DeviceSpec)device.Spec).Site)!;

    private IEnumerable<Resource> LeavesConcerned(IReadOnlyCollection<ResourceChange> changes)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            foreach (var (snapshot, resource) in new[] { (_before, change.Before), (_next, change.After) })
            {
                switch (resource?.Spec)
                {
                    case DeviceSpec:
                        names.Add(resource.Key.Name);
                        break;
                    case VNetSpec vnet:
                        names.UnionWith(Placement.DevicesOf(snapshot, vnet).Select(d => d.Key.Name));
                        break;
                }
            }
        }

        return names.Select(n => _next.Find(ResourceKind.Device, n)).OfType<Resource>().Where(d => ((DeviceSpec)d.Spec).Role == DeviceRole.Leaf);
    }

    private IEnumerable<Resource> ManagedDevices(string site) =>
        _next.ReferrersOf(new(ResourceKind.Site, site), ResourceKind.Device).Where(d => ((DeviceSpec)d.Spec).IsManaged);

    private void Hold(
        Resource resource, string pointer, IdentifierScope scope, IdentifierOwner owner, long? given, NumberRange pool, Func<long, bool>? isTaken = null)
    {
        if (_table.Find(scope, owner) is { } present && (given is null ? !present.Given : present.Value == given))
        {
            return;
        }

        if (_table.Find(scope, owner) is not null)
        {
            Drop(scope, owner, []);
        }

        var value = given ?? _table.NextFree(scope, pool, isTaken);
        if (value is not { } number)
        {
            _errors.Add((resource.Key, pointer, $"no {Name(scope.Space)} is free in {pool}; widen the pool, or wait until devices have given back released ones"));
            return;
        }

        if (_table.OwnerOf(scope, number) is { } other)
        {
            var holder = _next.Find(other.Uid)?.Key.ToString() ?? "a resource that was just deleted";
            _errors.Add((resource.Key, pointer, $"{Name(scope.Space)} {Shown(scope, number)} is taken by {holder}; choose another"));
            return;
        }

        var identifier = new Identifier(scope, owner, number, given is not null);
        _table = _table.Hold(identifier);
        _held[(scope, owner)] = identifier;
    }

    private void Drop(IdentifierScope scope, IdentifierOwner owner, IEnumerable<Resource> devices)
    {
        if (_table.Find(scope, owner) is not { } identifier)
        {
            return;
        }

        _table = _table.Drop(scope, owner);
        _dropped[(scope, owner)] = identifier;
        Await(scope, identifier.Value, devices);
    }

    /// <summary>A number as the operator writes it: a loopback by its address.</summary>
    private string Shown(IdentifierScope scope, long number) =>
        scope.Space == IdentifierSpace.Loopback && _next.Find(scope.ScopeUid)?.Spec is SiteSpec site && site.LoopbackPool.Address.TryAdd((UInt128)number, out var address)
            ? address.ToString()
            : number.ToString(CultureInfo.InvariantCulture);

    private static string Name(IdentifierSpace space) => space switch
    {
        IdentifierSpace.FabricNumber => "fabric number",
        IdentifierSpace.DeviceNumber => "device number",
        IdentifierSpace.Loopback => "loopback",
        IdentifierSpace.Asn => "ASN",
        IdentifierSpace.Vni => "VNI",
        _ => "VLAN",
    };

    /// <summary>Notes that devices have yet to prove a number gone, unless they had to already or have left the inventory.</summary>
    private void Await(IdentifierScope scope, long value, IEnumerable<Resource> devices)
    {
        foreach (var device in devices)
        {
            if (_next.Find(device.Key)?.Uid != device.Uid || !((DeviceSpec)device.Spec).IsManaged || _table.IsPendingOn(device.Uid, scope, value))
            {
                continue;
            }

            var release = new PendingRelease(scope, value, device.Uid, _next.Revision);
            _table = _table.Await(release);
            _releases.Add(release);
        }
    }

    /// <summary>
    /// A number is back on a device that had yet to prove it gone. One from a pool has had no other owner in between, so nothing is left
    /// to prove; a given one may have had.
    /// </summary>
    private void Return(IdentifierScope scope, IdentifierOwner owner, Resource device)
    {
        if (_table.Find(scope, owner) is { Given: false } identifier && _table.PendingOn(device.Uid, scope, identifier.Value) is { } pending)
        {
            _table = _table.Proved(pending);
            _forgotten.Add(pending);
        }
    }
}
