using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>What is local, and the routes it makes.</summary>
public sealed partial class VtepState
{
    private static readonly ExtendedCommunity Vxlan = ExtendedCommunity.Encapsulation(ExtendedCommunity.VxlanTunnel);

    private readonly Dictionary<Vni, HashSet<L2Instance>> _bridgesOf = [];

    private IpAddr AddressOf(IpAddr? configured) => configured ?? _config.Addresses[0];

    private void OnL2VniSet(L2VniConfig config)
    {
        var before = default(L2VniConfig);
        Own(config.Address, own: true);
        if (_bridges.TryGetValue(config.Vni, out var bridge))
        {
            before = bridge.Config;
            if (before.Rd != config.Rd || before.Tag != config.Tag || AddressOf(before.Address) != AddressOf(config.Address))
            {
                WithdrawAll(bridge);
            }

            Unbind(bridge);
            Unindex(_bridgesByTarget, before.Import, bridge);
            bridge.Config = config;
        }
        else
        {
            bridge = _bridges[config.Vni] = new(config);
        }

        Index(_bridgesByTarget, config.Import, bridge);
        Bind(bridge);
        Imports(config.Import, before?.Import, isOther: before?.Tag != config.Tag);
        ImportAnew(bridge.Paths);
        Own(before?.Address, own: false);
        AnnounceAll(bridge);
        AnnounceSegmentsOf(config.Vni);
    }

    private void OnL2VniRemoved(Vni vni)
    {
        if (!_bridges.Remove(vni, out var bridge))
        {
            return;
        }

        WithdrawAll(bridge);
        Unbind(bridge);
        Unindex(_bridgesByTarget, bridge.Config.Import, bridge);

        // What is torn down here no longer counts in the VRF.
        bridge.Config = bridge.Config with { L3Vni = null };
        foreach (var (mac, state) in bridge.Macs)
        {
            state.Local = null;
            Thaw(bridge, mac, state);
            _touchedMacs.Add((bridge, mac));
        }

        foreach (var (ip, state) in bridge.Neighbors)
        {
            state.Local = null;
            _touchedNeighbors.Add((bridge, ip));
        }

        Imports([], bridge.Config.Import, isOther: false);
        ImportAnew(bridge.Paths);
        Own(bridge.Config.Address, own: false);
        AnnounceSegmentsOf(vni);
    }

    private void OnL3VniSet(L3VniConfig config)
    {
        var before = default(L3VniConfig);
        Own(config.Address, own: true);
        if (_vrfs.TryGetValue(config.Vni, out var vrf))
        {
            before = vrf.Config;
            if (before.Rd != config.Rd)
            {
                foreach (var prefix in vrf.Local.Keys)
                {
                    WithdrawPrefix(vrf, prefix);
                }
            }

            Unindex(_vrfsByTarget, before.Import, vrf);
            vrf.Config = config;
            Index(_vrfsByTarget, config.Import, vrf);
        }
        else
        {
            vrf = _vrfs[config.Vni] = new(config);
            Index(_vrfsByTarget, config.Import, vrf);
            foreach (var bridge in _bridgesOf.GetValueOrDefault(config.Vni, []))
            {
                vrf.Bridges.Add(bridge.Config.Vni, bridge);
                CountLocalHosts(bridge, vrf, +1);
            }
        }

        Imports(config.Import, before?.Import, isOther: false);
        ImportAnew(vrf.Paths);
        Own(before?.Address, own: false);
        foreach (var prefix in vrf.Local.Values)
        {
            AnnouncePrefix(vrf, prefix);
        }

        AnnounceBridgesOf(config.Vni);
    }

    private void OnL3VniRemoved(Vni vni)
    {
        if (!_vrfs.Remove(vni, out var vrf))
        {
            return;
        }

        foreach (var prefix in vrf.Local.Keys)
        {
            WithdrawPrefix(vrf, prefix);
        }

        Unindex(_vrfsByTarget, vrf.Config.Import, vrf);
        Imports([], vrf.Config.Import, isOther: false);
        ImportAnew(vrf.Paths);
        Own(vrf.Config.Address, own: false);
        AnnounceBridgesOf(vni);
    }

    /// <summary>An instance imports these route targets now instead of those: what it may not have seen must be told.</summary>
    private void Imports(ImmutableArray<RouteTarget> now, ImmutableArray<RouteTarget>? before, bool isOther)
    {
        Want(now.Select(ExtendedCommunity.Of), wanted: true);
        Want(before?.Select(ExtendedCommunity.Of) ?? [], wanted: false);
        ImmutableArray<ExtendedCommunity> again = [.. now.Where(t => isOther || before?.Contains(t) != true).Distinct().Select(ExtendedCommunity.Of)];
        if (!again.IsEmpty)
        {
            _actions.Add(new VtepAction.TellAgain(again));
        }
    }

    /// <summary>A bridge domain belongs to its VRF.</summary>
    private void Bind(L2Instance bridge)
    {
        if (bridge.Config.L3Vni is not { } vni)
        {
            return;
        }

        Get(_bridgesOf, vni).Add(bridge);
        if (_vrfs.TryGetValue(vni, out var vrf))
        {
            vrf.Bridges.Add(bridge.Config.Vni, bridge);
            CountLocalHosts(bridge, vrf, +1);
            OverlayChanged(vrf);
        }
    }

    private void Unbind(L2Instance bridge)
    {
        if (bridge.Config.L3Vni is not { } vni)
        {
            return;
        }

        _bridgesOf[vni].Remove(bridge);
        if (_bridgesOf[vni].Count == 0)
        {
            _bridgesOf.Remove(vni);
        }

        if (_vrfs.TryGetValue(vni, out var vrf))
        {
            vrf.Bridges.Remove(bridge.Config.Vni);
            CountLocalHosts(bridge, vrf, -1);
            OverlayChanged(vrf);
        }
    }

    private void CountLocalHosts(L2Instance bridge, L3Instance vrf, int change)
    {
        foreach (var (ip, _) in bridge.View.NeighborTable.Where(static n => n.Value.IsLocal))
        {
            L3Instance.Count(vrf.LocalHosts, ip, change);
            _touchedHosts.Add((vrf, ip));
        }
    }

    /// <summary>The bridge domains of a VRF are others: its overlay indexes may lead elsewhere.</summary>
    private void OverlayChanged(L3Instance vrf)
    {
        foreach (var gateway in vrf.Gateways.Keys)
        {
            _actions.Add(new VtepAction.GatewayChanged(vrf.Config.Vni, gateway));
        }

        foreach (var mac in vrf.RouterMacs.Keys)
        {
            _actions.Add(new VtepAction.RouterMacChanged(vrf.Config.Vni, mac));
        }

        foreach (var esi in vrf.Segments.Keys)
        {
            _touchedSegments.Add((esi, null));
        }
    }

    private void AnnounceSegmentsOf(Vni vni)
    {
        foreach (var segment in _localSegments.Values.Where(s => s.Config.Vnis.Contains(vni)))
        {
            AnnounceSegment(segment.Config);
            _touchedElections.Add(segment);
        }
    }

    /// <summary>The MACs and addresses of the bridge domains of a VRF carry its label and route targets.</summary>
    private void AnnounceBridgesOf(Vni vrf)
    {
        foreach (var bridge in _bridgesOf.GetValueOrDefault(vrf, []))
        {
            AnnounceAll(bridge);
        }
    }

    private void OnNeighborLearnt(VtepEvent.NeighborLearnt e)
    {
        if (!_bridges.TryGetValue(e.Vni, out var bridge) || !bridge.Macs.TryGetValue(e.Mac, out var state) || state.Local is not { } local)
        {
            Ignore($"{e.Ip} was learnt for MAC {e.Mac} in VNI {e.Vni}, which is not a local one");
            return;
        }

        var neighbor = Get(bridge.Neighbors, e.Ip);
        if (neighbor.Local is { } other && other != e.Mac && bridge.Macs.GetValueOrDefault(other)?.Local is { } former)
        {
            WithdrawNeighbor(bridge, other, former, e.Ip);
            former.Addresses.Remove(e.Ip);
        }

        // An address that comes here with another MAC moves too: its new route must win over the old one.
        if (neighbor.Local != e.Mac && !local.Injected && !local.Sticky && !state.Frozen
            && neighbor.Remote.Min is { Sticky: false } best && best.Mac != e.Mac && best.Sequence >= local.Sequence)
        {
            local.Sequence = best.Sequence == uint.MaxValue ? best.Sequence : best.Sequence + 1;
        }

        neighbor.Local = e.Mac;
        local.Addresses[e.Ip] = e.Flags;
        _touchedMacs.Add((bridge, e.Mac));
        _touchedNeighbors.Add((bridge, e.Ip));
    }

    private void OnNeighborGone(VtepEvent.NeighborGone e)
    {
        if (!_bridges.TryGetValue(e.Vni, out var bridge)
            || !bridge.Neighbors.TryGetValue(e.Ip, out var neighbor)
            || neighbor.Local is not { } mac
            || bridge.Macs.GetValueOrDefault(mac)?.Local is not { } local)
        {
            return;
        }

        WithdrawNeighbor(bridge, mac, local, e.Ip);
        local.Addresses.Remove(e.Ip);
        neighbor.Local = null;
        _touchedNeighbors.Add((bridge, e.Ip));
    }

    private void OnPrefixSet(VtepEvent.PrefixSet e)
    {
        if (!_vrfs.TryGetValue(e.Vni, out var vrf))
        {
            Ignore($"prefix {e.Prefix} was set in VNI {e.Vni}, which is not here");
            return;
        }

        vrf.Local[e.Prefix] = e;
        AnnouncePrefix(vrf, e);
    }

    private void OnPrefixGone(VtepEvent.PrefixGone e)
    {
        if (_vrfs.TryGetValue(e.Vni, out var vrf) && vrf.Local.Remove(e.Prefix))
        {
            WithdrawPrefix(vrf, e.Prefix);
        }
    }

    private void AnnounceAll(L2Instance bridge)
    {
        var address = AddressOf(bridge.Config.Address);
        Span<byte> identifier = stackalloc byte[16];
        var length = address.WriteTo(identifier);
        _own.Set(
            MulticastOf(bridge),
            Attributes(address, bridge.Config.Export, [], bridge.Config.Preference, new(0, PmsiTunnel.IngressReplication, EvpnLabel.Of(bridge.Config.Vni), new Octets(identifier[..length]))));
        foreach (var (mac, state) in bridge.Macs)
        {
            if (state is { Frozen: false, Local: { } local } && (state.Remote.Min is not { } best || LocalWins(bridge, local, best)))
            {
                Announce(bridge, mac, local);
            }
        }
    }

    private void WithdrawAll(L2Instance bridge)
    {
        _own.Set(MulticastOf(bridge), null);
        foreach (var (mac, state) in bridge.Macs)
        {
            if (state.Local is { } local)
            {
                Withdraw(bridge, mac, local);
            }
        }

        foreach (var segment in _localSegments.Values)
        {
            _own.Set(new EthernetAutoDiscoveryRoute(new(bridge.Config.Rd, segment.Config.Esi, bridge.Config.Tag), default), null);
        }
    }

    private MulticastRoute MulticastOf(L2Instance bridge) => new(new(bridge.Config.Rd, bridge.Config.Tag, AddressOf(bridge.Config.Address)));

    /// <summary>The routes of a MAC that is here: one for the MAC, one for each address.</summary>
    private void Announce(L2Instance bridge, MacAddress mac, LocalMac local)
    {
        var config = bridge.Config;
        var address = AddressOf(config.Address);
        ImmutableArray<ExtendedCommunity> common =
        [
            .. local.Sequence > 0 || local.Sticky ? [ExtendedCommunity.OfMacMobility(local.Sticky, local.Sequence)] : (ReadOnlySpan<ExtendedCommunity>)[],
            .. local.DefaultGateway ? [ExtendedCommunity.DefaultGateway()] : (ReadOnlySpan<ExtendedCommunity>)[],
        ];
        _own.Set(new MacIpRoute(new(config.Rd, config.Tag, mac, null), local.Esi, EvpnLabel.Of(config.Vni), null), Attributes(address, config.Export, common, config.Preference));

        // A gateway is not a host: nobody is to route to it through the VRF (RFC 9135 section 4.1).
        var vrf = config.L3Vni is { } vni && !local.DefaultGateway ? _vrfs.GetValueOrDefault(vni)?.Config : null;
        foreach (var (ip, flags) in local.Addresses)
        {
            var communities = flags == NeighborFlags.None ? common : common.Add(ExtendedCommunity.Of(flags));
            var attributes = vrf is null
                ? Attributes(address, config.Export, communities, config.Preference)
                : Attributes(address, [.. config.Export.Union(vrf.Export)], communities.Add(ExtendedCommunity.OfRouterMac(RouterMacOf(vrf))), config.Preference);
            _own.Set(
                new MacIpRoute(new(config.Rd, config.Tag, mac, ip), local.Esi, EvpnLabel.Of(config.Vni), vrf is null ? null : EvpnLabel.Of(vrf.Vni)),
                attributes);
        }
    }

    private void Withdraw(L2Instance bridge, MacAddress mac, LocalMac local)
    {
        _own.Set(new MacIpRoute(new(bridge.Config.Rd, bridge.Config.Tag, mac, null), default, default, null), null);
        foreach (var ip in local.Addresses.Keys)
        {
            WithdrawNeighbor(bridge, mac, local, ip);
        }
    }

    private void WithdrawNeighbor(L2Instance bridge, MacAddress mac, LocalMac local, IpAddr ip) =>
        _own.Set(new MacIpRoute(new(bridge.Config.Rd, bridge.Config.Tag, mac, ip), local.Esi, default, null), null);

    private void AnnouncePrefix(L3Instance vrf, VtepEvent.PrefixSet local)
    {
        var config = vrf.Config;
        var route = new PrefixRoute(
            new(config.Rd, 0, local.Prefix), default, local.Gateway ?? IpAddr.FromNumber(local.Prefix.Family, 0), EvpnLabel.Of(config.Vni));
        ImmutableArray<ExtendedCommunity> communities = local.Gateway is null ? [ExtendedCommunity.OfRouterMac(RouterMacOf(config))] : [];
        _own.Set(route, Attributes(AddressOf(config.Address), config.Export, communities, local.Preference ?? config.Preference));
    }

    private MacAddress RouterMacOf(L3VniConfig config) => config.RouterMac ?? _config.RouterMac;

    private void WithdrawPrefix(L3Instance vrf, IpPrefix prefix) =>
        _own.Set(new PrefixRoute(new(vrf.Config.Rd, 0, prefix), default, IpAddr.FromNumber(prefix.Family, 0), EvpnLabel.Of(vrf.Config.Vni)), null);

    private PathAttributes Attributes(
        IpAddr nextHop, ImmutableArray<RouteTarget> targets, ImmutableArray<ExtendedCommunity> communities, RoutePreference preference = default, PmsiTunnel? tunnel = null) => new()
        {
            Origin = RouteOrigin.Igp,
            NextHop = nextHop,
            AsPath = PrependedPath(preference),
            LocalPref = preference.LocalPref,
            Med = preference.Med,
            ExtendedCommunities = [.. targets.Select(ExtendedCommunity.Of), Vxlan, .. communities],
            PmsiTunnel = tunnel,
        };

    private AsPath PrependedPath(RoutePreference preference) => preference.Prepend > 0 && _config.Asn is { } asn
        ? new([new AsPathSegment(AsPathSegmentKind.Sequence, [.. Enumerable.Repeat(asn.Value, Math.Min(preference.Prepend, RoutePreference.MaxPrepend))])])
        : AsPath.Empty;
}
