using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.Compiler;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.Reconciler.Devices;
using Fabric.Reconciler.SoftGates;

namespace Fabric.Reconciler.Status;

/// <summary>Derives the status of every resource from the snapshot and from what is known of the devices it concerns.</summary>
public sealed class StatusSource : IStatusSource
{
    private readonly DeviceBoard _board;
    private readonly SoftGateBoard _softGates;

    /// <summary>A source over the devices' statuses and what SoftGates say.</summary>
    public StatusSource(DeviceBoard board, SoftGateBoard softGates, IReconcilerStore store)
    {
        _board = board;
        _softGates = softGates;
        _board.Changed += Changed;
        _softGates.Changed += Changed;

        void Changed(int uid)
        {
            if (store.Current.Find(uid) is { } device)
            {
                DeviceStatusChanged?.Invoke(device.Key.Name);
            }
        }
    }

    /// <inheritdoc/>
    public event Action<string>? DeviceStatusChanged;

    /// <inheritdoc/>
    public ResourceStatus StatusOf(IntentSnapshot snapshot, Resource resource) => resource.Spec switch
    {
        SiteSpec => Stored(resource, SiteDetails(snapshot, resource)),
        DeviceSpec spec => Device(snapshot, resource, spec),
        LinkSpec spec => Link(snapshot, resource, spec),
        VpcSpec => Vpc(snapshot, resource),
        VNetSpec spec => VNet(snapshot, resource, spec),
        NatRuleSpec { Enabled: false } or LoadBalancerSpec { Enabled: false } => new(resource.Revision, [new("Ready", ConditionStatus.True, "Disabled", "kept and not in force")], []),
        NatRuleSpec spec => OnSoftGates(snapshot, resource, SitesOf(snapshot, spec.Vpc)),
        LoadBalancerSpec spec => OnSoftGates(snapshot, resource, SitesOf(snapshot, spec.Vpc)),
        PublicAddressSpec spec => OnSoftGates(snapshot, resource, SitesOf(snapshot, spec.Vpc)),
        StaticRouteSpec spec => OnSoftGates(snapshot, resource, SitesOf(snapshot, spec.Vpc)),
        AclListSpec => OnSoftGates(snapshot, resource, SitesOfList(snapshot, resource)),
        _ => Stored(resource, []),
    };

    /// <summary>Names of the sites in which a VPC has V-Nets.</summary>
    private static IEnumerable<string> SitesOf(IntentSnapshot snapshot, string vpc) =>
        snapshot.ReferrersOf(new(ResourceKind.Vpc, vpc), ResourceKind.VNet).Select(static v => ((VNetSpec)v.Spec).Site).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> SitesOfList(IntentSnapshot snapshot, Resource list) => snapshot.ReferrersOf(list.Key).SelectMany(key => snapshot.Find(key)!.Spec switch
    {
        VNetSpec vnet => [vnet.Site],
        VpcSpec => SitesOf(snapshot, key.Name),
        PublicAddressSpec address => SitesOf(snapshot, address.Vpc),
        _ => [],
    }).Distinct(StringComparer.Ordinal);

    /// <summary>Whether all SoftGates of the sites say that a resource is in force.</summary>
    private ResourceStatus OnSoftGates(IntentSnapshot snapshot, Resource resource, IEnumerable<string> sites)
    {
        var names = sites.ToList();
        if (names.Count == 0)
        {
            return new(resource.Revision, [new("Ready", ConditionStatus.True, "NotUsed", "there is no V-Net that it concerns")], []);
        }

        var condition = SoftGateCondition(snapshot, resource, names, "Ready", out var observed);
        return new(observed, [condition], []);
    }

    private Condition SoftGateCondition(IntentSnapshot snapshot, Resource resource, IReadOnlyCollection<string> sites, string type, out long observed)
    {
        observed = 0;
        var without = sites.Where(s => SoftGatePairs.Of(snapshot, s) is null).ToList();
        if (without.Count > 0)
        {
            return new(type, ConditionStatus.False, "NoSoftGate", $"site {Some(without)} has no SoftGatePair, and this needs one");
        }

        var softGates = sites.SelectMany(s => SoftGatePairs.SoftGatesOf(snapshot, s)).ToList();
        observed = Math.Min(resource.Revision, softGates.Min(s => _softGates.ObservedOn(snapshot, s)));
        var problems = _softGates.ProblemsOf(softGates, resource.Uid);
        if (problems.Length > 0)
        {
            return new(type, ConditionStatus.False, "Refused", string.Join("; ", problems));
        }

        var waiting = softGates.Where(s => _softGates.ObservedOn(snapshot, s) < resource.Revision).Select(static s => s.Key.Name).ToList();
        return waiting.Count > 0
            ? new(type, ConditionStatus.Unknown, "Pending", $"waiting for {Some(waiting)}")
            : new(type, ConditionStatus.True, "InForce", "every SoftGate says that it is in force");
    }

    private static ResourceStatus Stored(Resource resource, JsonObject details) =>
        new(resource.Revision, [new("Ready", ConditionStatus.True, "Stored", "nothing to be done on devices")], details);

    private static JsonObject SiteDetails(IntentSnapshot snapshot, Resource site)
    {
        var asns = new IdentifierScope(IdentifierSpace.Asn, site.Uid);
        return new JsonObject
        {
            ["fabricNumber"] = snapshot.Identifiers.Find(new(IdentifierSpace.FabricNumber, 0), new(site.Uid))?.Value,
            ["spinesAsn"] = snapshot.Identifiers.Find(asns, new(site.Uid, IdentifierAssigner.SpinesPart))?.Value,
            ["controllersAsn"] = snapshot.Identifiers.Find(asns, new(site.Uid, IdentifierAssigner.ControllersPart))?.Value,
        };
    }

    private ResourceStatus Device(IntentSnapshot snapshot, Resource device, DeviceSpec spec)
    {
        if (!spec.IsManaged)
        {
            return new(device.Revision, [new("Ready", ConditionStatus.True, "NotManaged", "Fabric does not configure this device")], []);
        }

        var identity = DeviceIdentity.Of(snapshot, device);
        var details = new JsonObject
        {
            ["asn"] = identity.Asn.Value,
            ["routerId"] = identity.RouterId.ToString(),
            ["loopbacks"] = new JsonArray([.. identity.Loopbacks.Select(l => (JsonNode)l.ToString())]),
            ["deviceNumber"] = identity.Number,
        };
        if (_softGates.Find(device.Uid) is { } said)
        {
            details["softGate"] = new JsonObject
            {
                ["reportedAt"] = said.At,
                ["revision"] = said.Report.Revision,
                ["healthy"] = said.Report.Healthy,
                ["sessions"] = said.Report.Sessions,
                ["problems"] = new JsonArray([.. said.Report.Problems.Select(static p => (JsonNode)p.Message)]),
            };
        }

        if (_board.Find(device.Uid) is not { } status)
        {
            return new(0, [new("Ready", ConditionStatus.Unknown, "NotReadYet", "the device has not been read yet")], details);
        }

        AddReading(details, status);
        var ready = status.Phase == DevicePhase.Synced && IsCurrent(status, device.Revision);
        ImmutableArray<Condition> conditions =
        [
            new("Ready", ready ? ConditionStatus.True : status.Phase == DevicePhase.Failed ? ConditionStatus.False : ConditionStatus.Unknown, status.Reason, status.Message, status.Since),
            new(
                "Reachable",
                status.Reachable switch { true => ConditionStatus.True, false => ConditionStatus.False, null => ConditionStatus.Unknown },
                status.Reachable == false ? status.Reason : status.Reachable == true ? "Answers" : "NotReadYet",
                status.Reachable == false ? status.Message : "",
                status.ReachableSince),
            new(
                "Drifted",
                status.LastDrift is { RepairedAt: null } ? ConditionStatus.True : ConditionStatus.False,
                status.LastDrift is null ? "NeverSeen" : status.LastDrift.RepairedAt is null ? "FoundChanged" : "Repaired",
                status.LastDrift is { } drift ? $"found at {drift.FoundAt:O}: {string.Join(", ", drift.Objects.Take(5))}" : "",
                status.LastDrift?.RepairedAt ?? status.LastDrift?.FoundAt),
        ];
        return new(Math.Min(status.ObservedRevision, snapshot.Revision), conditions, details);
    }

    private static void AddReading(JsonObject details, DeviceStatus status)
    {
        if (status.Reading is { } reading)
        {
            details["readAt"] = status.ReadAt;
            details["facts"] = new JsonObject
            {
                ["hostname"] = reading.Facts.Hostname,
                ["kernel"] = reading.Facts.Kernel,
                ["routingVersion"] = reading.Facts.RoutingVersion,
                ["bridgesPorts"] = reading.Facts.Capabilities.BridgesPorts,
                ["routesVpcs"] = reading.Facts.Capabilities.RoutesVpcs,
                ["runsBfd"] = reading.Facts.Capabilities.RunsBfd,
            };
            details["bgpSessions"] = new JsonArray([.. reading.BgpSessions.Values.Select(s => (JsonNode)new JsonObject
            {
                ["neighbor"] = s.Neighbor,
                ["established"] = s.Established,
                ["establishedAt"] = s.EstablishedEpochSeconds is { } epoch ? DateTimeOffset.FromUnixTimeSeconds(epoch) : null,
            })]);
            details["vnis"] = new JsonArray([.. reading.Vnis.Select(v => (JsonNode)v)]);
        }

        if (status.LastApply is { } apply)
        {
            details["lastApply"] = new JsonObject
            {
                ["transaction"] = apply.TransactionId,
                ["revision"] = apply.Revision,
                ["cause"] = apply.Cause.ToString().ToLowerInvariant(),
                ["started"] = apply.Started,
                ["ended"] = apply.Ended,
                ["outcome"] = apply.Outcome,
                ["detail"] = apply.Detail,
            };
        }
    }

    private ResourceStatus Link(IntentSnapshot snapshot, Resource link, LinkSpec spec)
    {
        var underlay = Topology.IsUnderlay(snapshot, spec);
        var details = new JsonObject { ["underlay"] = underlay };
        if (!underlay)
        {
            return new(link.Revision, [new("Ready", ConditionStatus.True, "NotManaged", "the link carries no underlay")], details);
        }

        var conditions = Aggregate(link, Topology.Ends(spec).Select(e => snapshot.Find(ResourceKind.Device, e.Device)!), [], out var observed);
        var down = Topology.Ends(spec).Where(e =>
            _board.Find(snapshot.Find(ResourceKind.Device, e.Device)!.Uid)?.Reading is { } reading
            && (!reading.BgpSessions.TryGetValue(e.Port, out var session) || !session.Established)).ToList();
        return new(observed, [.. conditions, new(
            "SessionUp",
            down.Count == 0 ? ConditionStatus.True : ConditionStatus.False,
            down.Count == 0 ? "Established" : "Down",
            down.Count == 0 ? "" : $"BGP is not established on {string.Join(" and ", down)}")], details);
    }

    private ResourceStatus Vpc(IntentSnapshot snapshot, Resource vpc)
    {
        var l3Vnis = new JsonArray();
        foreach (var site in snapshot.All(ResourceKind.Site))
        {
            if (snapshot.Identifiers.Find(IdentifierAssigner.VniScope(site), new(vpc.Uid)) is { } held)
            {
                l3Vnis.Add(new JsonObject
                {
                    ["site"] = site.Key.Name,
                    ["l3Vni"] = held.Value,
                    ["routeTarget"] = RouteNaming.RouteTarget(snapshot, site, new Vni(held.Value)).ToString(),
                });
            }
        }

        var vnets = snapshot.ReferrersOf(vpc.Key, ResourceKind.VNet).ToList();
        var waiting = vnets.Where(v => StatusOf(snapshot, v).Conditions[0].Status != ConditionStatus.True).Select(v => v.Key.Name).ToList();
        var ready = waiting.Count == 0
            ? new Condition("Ready", ConditionStatus.True, "AsDesired", $"all of its {vnets.Count} V-Nets are ready")
            : new Condition("Ready", ConditionStatus.False, "VNetsNotReady", $"{waiting.Count} of {vnets.Count} V-Nets are not ready: {Some(waiting)}");
        return new(waiting.Count == 0 ? vpc.Revision : 0, [ready], new JsonObject { ["l3Vnis"] = l3Vnis, ["vnets"] = vnets.Count });
    }

    private ResourceStatus VNet(IntentSnapshot snapshot, Resource vnet, VNetSpec spec)
    {
        var site = snapshot.Find(ResourceKind.Site, spec.Site)!;
        var vni = new Vni(snapshot.NumberOf(IdentifierSpace.Vni, site.Uid, new(vnet.Uid)));
        var place = GatewayPlaces.Of(snapshot, spec);
        var devices = Placement.DevicesOf(snapshot, spec).ToList();
        var shortfalls = devices
            .SelectMany(d => (_board.Find(d.Uid)?.Shortfalls ?? []).Where(s => s.VNet == vnet.Key).Select(s => (Device: d.Key.Name, s.Reason)))
            .ToList();
        var details = new JsonObject
        {
            ["vni"] = vni.Value,
            ["routeTarget"] = RouteNaming.RouteTarget(snapshot, site, vni).ToString(),
            ["gatewayPlace"] = place.ToString().ToLowerInvariant(),
            ["devices"] = new JsonArray([.. devices.Select(d => (JsonNode)new JsonObject
            {
                ["name"] = d.Key.Name,
                ["ready"] = _board.Find(d.Uid) is { } status && IsCurrent(status, vnet.Revision),
                ["observedRevision"] = _board.Find(d.Uid)?.ObservedRevision ?? 0,
                ["present"] = spec.Attachments.Any(a => a.Hypervisors) ? _board.Find(d.Uid)?.Reading?.Vnis.Contains((int)vni.Value) : null,
            })]),
        };
        var conditions = Aggregate(vnet, devices, shortfalls.Where(s => s.Reason != ShortfallReason.CannotRoute), out var observed);
        var gateway = place == GatewayPlace.SoftGate
            ? SoftGateCondition(snapshot, vnet, [spec.Site], "GatewayReady", out _)
            : Gateway(place, conditions[0], shortfalls);
        return new(observed, [.. conditions, gateway], details);
    }

    private static Condition Gateway(GatewayPlace place, Condition ready, List<(string Device, ShortfallReason Reason)> shortfalls)
    {
        var cannot = shortfalls.Where(s => s.Reason == ShortfallReason.CannotRoute).Select(s => s.Device).ToList();
        return place switch
        {
            GatewayPlace.None => new("GatewayReady", ConditionStatus.True, "NoGateway", "the V-Net asks for no gateway"),
            _ when ready.Status != ConditionStatus.True => new("GatewayReady", ready.Status, ready.Reason, ready.Message),
            _ when cannot.Count > 0 => new(
                "GatewayReady", ConditionStatus.False, nameof(ShortfallReason.CannotRoute), $"no VRFs on {Some(cannot)}: the V-Net is layer 2 there"),
            _ => new("GatewayReady", ConditionStatus.True, "AnycastOnLeaves", "each leaf with the V-Net is its gateway"),
        };
    }

    /// <summary>Whether all devices that a resource concerns are read back as it wants.</summary>
    private ImmutableArray<Condition> Aggregate(
        Resource resource, IEnumerable<Resource> devices, IEnumerable<(string Device, ShortfallReason Reason)> shortfalls, out long observed)
    {
        observed = resource.Revision;
        var waiting = new List<string>();
        var failed = new List<string>();
        foreach (var device in devices)
        {
            var status = _board.Find(device.Uid);
            observed = Math.Min(observed, status?.ObservedRevision ?? 0);
            if (status is { Phase: DevicePhase.Failed } && !IsCurrent(status, resource.Revision))
            {
                failed.Add($"{device.Key.Name} ({status.Reason})");
            }
            else if (status is null || !IsCurrent(status, resource.Revision))
            {
                waiting.Add(device.Key.Name);
            }
        }

        var shorts = shortfalls.GroupBy(s => s.Reason).Select(g => InWords(g.Key, Some([.. g.Select(s => s.Device)]))).ToList();
        if (shorts.Count > 0)
        {
            var reason = shortfalls.First().Reason.ToString();
            return [new("Ready", ConditionStatus.False, reason, string.Join("; ", shorts))];
        }

        return failed.Count > 0
            ? [new("Ready", ConditionStatus.False, "DevicesFailed", $"not in force on {Some(failed)}")]
            : waiting.Count > 0
                ? [new("Ready", ConditionStatus.Unknown, "Pending", $"waiting for {Some(waiting)}")]
                : [new("Ready", ConditionStatus.True, "AsDesired", "read back as desired on every device concerned")];
    }

    /// <summary>Whether a device was read back with a revision in force and is not in trouble since. Work on a later revision does not count against it.</summary>
    private static bool IsCurrent(DeviceStatus status, long revision) => status.Phase != DevicePhase.Failed && status.ObservedRevision >= revision;

    private static string InWords(ShortfallReason reason, string devices) => reason switch
    {
        ShortfallReason.CannotBridgePorts => $"no VLAN-aware bridge on {devices}: ports there cannot be in a V-Net",
        ShortfallReason.WaitingForRelease => $"the VNI's previous owner is not gone yet from {devices}",
        _ => $"{reason} on {devices}",
    };

    private static string Some(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(5)) + (names.Count > 5 ? $" and {names.Count - 5} more" : "");
}
