using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Ethernet segments: who is attached (aliasing, backup, mass withdrawal, RFC 7432 sections 8.2 and 8.4), who forwards (section 8.5), and where that leads.</summary>
/// <remarks>Entries point to their segment, so that a router that leaves a segment with a million MACs is one event with one action.</remarks>
public sealed partial class VtepState
{
    private readonly Dictionary<EthernetSegmentId, Attachments> _remoteSegments = [];

    /// <summary>Where frames for a MAC of a bridge domain go: several VTEPs with a segment in which all are active; none while its segment is not reachable.</summary>
    public ImmutableArray<Destination> Destinations(Vni vni, MacEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.IsLocal ? [default]
            : entry.Esi.IsZero ? [new(entry.Vtep, entry.Label)]
            : _bridges.TryGetValue(vni, out var bridge) ? OnSegment(bridge, entry.Esi, entry.Vtep, entry.Label, null)
            : [];
    }

    /// <summary>Where packets for a prefix of a VRF go, its overlay index looked up; none while that leads nowhere.</summary>
    public ImmutableArray<Destination> Destinations(Vni vni, PrefixPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Kind == OverlayIndex.None)
        {
            return [new(path.Vtep, path.Label, path.RouterMac)];
        }

        if (!_vrfs.TryGetValue(vni, out var vrf))
        {
            return [];
        }

        foreach (var bridge in vrf.Bridges.Values)
        {
            var found = path.Kind switch
            {
                OverlayIndex.Gateway when bridge.View.NeighborTable.TryGetValue(path.Gateway!.Value, out var neighbor) => OfMac(bridge, neighbor.Mac),
                OverlayIndex.RouterMac => OfMac(bridge, path.RouterMac!.Value),
                OverlayIndex.Segment => OnSegment(bridge, path.Esi, null, null, path.RouterMac),
                _ => [],
            };
            if (!found.IsEmpty)
            {
                return found;
            }
        }

        return [];

        ImmutableArray<Destination> OfMac(L2Instance bridge, MacAddress mac) =>
            bridge.View.MacTable.TryGetValue(mac, out var entry) ? [.. Destinations(bridge.Config.Vni, entry).Select(d => d with { Mac = mac })] : [];
    }

    /// <summary>Equal ways to a prefix of a VRF, each once; none when it is not there or leads nowhere.</summary>
    public ImmutableArray<Destination> Destinations(Vni vni, IpPrefix prefix) =>
        _vrfs.TryGetValue(vni, out var vrf) && vrf.View.PrefixTable.TryGetValue(prefix, out var paths) ? Merged(paths, p => Destinations(vni, p)) : [];

    /// <summary>Equal ways to a host of a VRF, each once; none when it is local or nowhere.</summary>
    public ImmutableArray<Destination> Destinations(Vni vni, IpAddr host) =>
        _vrfs.TryGetValue(vni, out var vrf) && vrf.View.HostTable.TryGetValue(host, out var paths) ? Merged(paths, Destinations) : [];

    /// <summary>Where packets for a host go; none while its VTEP is not attached to the host's segment.</summary>
    public ImmutableArray<Destination> Destinations(HostPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Esi.IsZero || (_remoteSegments.TryGetValue(path.Esi, out var segment) && segment.ByVtep.ContainsKey(path.Vtep))
            ? [new(path.Vtep, path.Label, path.RouterMac)]
            : [];
    }

    private static ImmutableArray<Destination> Merged<T>(ImmutableArray<T> paths, Func<T, ImmutableArray<Destination>> lead) =>
        paths is [var only] ? lead(only) : [.. paths.SelectMany(p => lead(p)).Distinct().OrderBy(static d => d.Backup)];

    /// <summary>The prefixes that point to a gateway or router's MAC which is on a segment.</summary>
    internal IEnumerable<(Vni Vrf, IpPrefix Prefix)> PrefixesBehind(EthernetSegmentId esi, Vni? vni)
    {
        foreach (var row in RowsOn(esi))
        {
            if (row.Kind != VtepTable.Macs || (vni is not null && row.Vni != vni) || _bridges.GetValueOrDefault(row.Vni) is not { Config.L3Vni: { } l3 } bridge
                || !_vrfs.TryGetValue(l3, out var vrf) || (vrf.Gateways.Count == 0 && vrf.RouterMacs.Count == 0))
            {
                continue;
            }

            foreach (var prefix in vrf.RouterMacs.GetValueOrDefault(row.Mac) ?? [])
            {
                yield return (l3, prefix);
            }

            foreach (var prefix in vrf.Gateways.Where(g => bridge.View.NeighborTable.GetValueOrDefault(g.Key)?.Mac == row.Mac).SelectMany(static g => g.Value))
            {
                yield return (l3, prefix);
            }
        }
    }

    /// <summary>The routers of a segment that a bridge domain's frames may go to: those that have announced the segment as a whole, and either the bridge domain on it or the MAC itself.</summary>
    private ImmutableArray<Destination> OnSegment(L2Instance bridge, EthernetSegmentId esi, IpAddr? advertiser, Vni? label, MacAddress? mac)
    {
        if (_localSegments.ContainsKey(esi))
        {
            return [default];
        }

        if (!_remoteSegments.TryGetValue(esi, out var segment))
        {
            return [];
        }

        var inBridge = bridge.Segments.GetValueOrDefault(esi);
        var singleActive = segment.ByVtep.Values.Any(static paths => paths.Any(static p => p.SingleActive));
        var found = ImmutableArray.CreateBuilder<Destination>();
        foreach (var vtep in segment.ByVtep.Keys)
        {
            if (vtep == advertiser)
            {
                found.Insert(0, new(vtep, label, mac));
            }
            else if (inBridge is not null && inBridge.ByVtep.TryGetValue(vtep, out var paths))
            {
                found.Add(new(vtep, paths.Min!.Route.Label.Vni ?? label, mac, Backup: singleActive));
            }
        }

        // The only one left is the one that forwards; of several it is not known which.
        return found is [{ Backup: true } last] ? [last with { Backup = false }] : found.ToImmutable();
    }

    private void OnSegmentSet(LocalSegmentConfig config, DateTimeOffset now)
    {
        if (config.Esi.IsZero || config.Esi.IsMax)
        {
            Ignore($"{config.Esi} is no segment");
            return;
        }

        if (_localSegments.TryGetValue(config.Esi, out var segment))
        {
            WithdrawSegment(segment.Config);
            Want([segment.Config.EsImportCommunity], wanted: false);
            segment.Config = config;
        }
        else
        {
            var electAt = now + _config.ElectionWait;
            segment = _localSegments[config.Esi] = new(config, electAt);
            _deadlines.Enqueue(new(null, null, config.Esi), electAt);
        }

        Want([config.EsImportCommunity], wanted: true);
        ImportAnew([.. segment.Routers.Values.SelectMany(static r => r)]);
        _actions.Add(new VtepAction.TellAgain([config.EsImportCommunity]));
        AnnounceSegment(config);
        _touchedElections.Add(segment);
        _touchedSegments.Add((config.Esi, null));
    }

    private void OnSegmentRemoved(EthernetSegmentId esi)
    {
        if (!_localSegments.Remove(esi, out var segment))
        {
            return;
        }

        WithdrawSegment(segment.Config);
        foreach (var vni in segment.Results.Keys.Order())
        {
            _actions.Add(new VtepAction.ForwarderChanged(esi, vni, null));
        }

        Want([segment.Config.EsImportCommunity], wanted: false);
        foreach (var path in segment.Routers.Values.SelectMany(static r => r))
        {
            Forget(path);
        }

        _touchedSegments.Add((esi, null));
    }

    private void AnnounceSegment(LocalSegmentConfig config)
    {
        var bridges = config.Vnis.Distinct().Select(v => _bridges.GetValueOrDefault(v)).OfType<L2Instance>().ToList();
        var address = _config.Addresses[0];
        _own.Set(new EthernetSegmentRoute(new(config.Rd, config.Esi, address)), new()
        {
            Origin = RouteOrigin.Igp,
            NextHop = address,
            ExtendedCommunities = [Vxlan, config.EsImportCommunity, .. config.Election is { } e ? [ExtendedCommunity.Of(e)] : (ReadOnlySpan<ExtendedCommunity>)[]],
        });

        var whole = new EthernetAutoDiscoveryRoute(new(config.Rd, config.Esi, EthernetAutoDiscoveryRoute.WholeSegment), default);
        _own.Set(whole, bridges.Count == 0 ? null : Attributes(
            address,
            [.. bridges.SelectMany(static b => b.Config.Export).Distinct()],
            [ExtendedCommunity.Of(new EsiLabel(config.SingleActive, default))]));
        foreach (var bridge in bridges)
        {
            _own.Set(
                new EthernetAutoDiscoveryRoute(new(bridge.Config.Rd, config.Esi, bridge.Config.Tag), EvpnLabel.Of(bridge.Config.Vni)),
                Attributes(AddressOf(bridge.Config.Address), bridge.Config.Export, [], bridge.Config.Preference));
        }
    }

    private void WithdrawSegment(LocalSegmentConfig config)
    {
        _own.Set(new EthernetSegmentRoute(new(config.Rd, config.Esi, _config.Addresses[0])), null);
        _own.Set(new EthernetAutoDiscoveryRoute(new(config.Rd, config.Esi, EthernetAutoDiscoveryRoute.WholeSegment), default), null);
        foreach (var bridge in _bridges.Values)
        {
            _own.Set(new EthernetAutoDiscoveryRoute(new(bridge.Config.Rd, config.Esi, bridge.Config.Tag), default), null);
        }
    }

    private void Elect(LocalSegment segment)
    {
        if (segment.ElectAt is not null)
        {
            return;
        }

        var config = segment.Config;
        foreach (var vni in segment.Results.Keys.Union(config.Vnis).Order().ToList())
        {
            DfResult? result = null;
            if (config.Vnis.Contains(vni) && _bridges.TryGetValue(vni, out var bridge))
            {
                var inBridge = bridge.Segments.GetValueOrDefault(config.Esi);
                result = DfElector.Elect(config.Esi, bridge.Config.ElectionTag, segment.Routers
                    .Where(r => !_ownAddresses.ContainsKey(r.Key))
                    .Select(r => new DfCandidate(r.Key, r.Value.Min!.Election, inBridge?.ByVtep.ContainsKey(r.Value.Min!.Vtep) == true))
                    .Append(new DfCandidate(_config.Addresses[0], config.Election)));
            }

            if (Equals(segment.Results.TryGetValue(vni, out var before) ? before : (DfResult?)null, result))
            {
                continue;
            }

            if (result is { } found)
            {
                segment.Results[vni] = found;
            }
            else
            {
                segment.Results.Remove(vni);
            }

            _actions.Add(new VtepAction.ForwarderChanged(config.Esi, vni, result));
        }
    }
}
