using Fabric.Bgp;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Evpn;

/// <summary>What the node is to its EVPN peers. A change of it ends all sessions.</summary>
/// <param name="Asn">Own AS.</param>
/// <param name="RouterId">BGP identifier.</param>
/// <param name="ServiceVtep">Own service VTEP address.</param>
/// <param name="RouterMac">Router MAC of its L3VNIs.</param>
internal sealed record EvpnIdentity(Asn Asn, IpAddr RouterId, IpAddr ServiceVtep, MacAddress RouterMac);

/// <summary>A V-Net as it is announced: a flood list entry and the gateway's addresses.</summary>
/// <param name="Vni">L2VNI.</param>
/// <param name="L3Vni">L3VNI of its VPC.</param>
/// <param name="Rd">Route distinguisher of the routes.</param>
/// <param name="Target">Their route target; others' routes with it are taken.</param>
/// <param name="Vtep">Their next hop: the service VTEP of the node that owns the VPC.</param>
/// <param name="GatewayMac">MAC of the gateway.</param>
/// <param name="Gateways">Its addresses.</param>
internal sealed record EvpnBridge(
    Vni Vni, Vni L3Vni, RouteDistinguisher Rd, RouteTarget Target, IpAddr Vtep, MacAddress GatewayMac, ValueList<IpAddr> Gateways);

/// <summary>A VPC as it is announced: prefixes that the SoftGate leads to.</summary>
/// <param name="Vni">L3VNI.</param>
/// <param name="Rd">Route distinguisher of the routes.</param>
/// <param name="Target">Their route target; others' routes with it are taken.</param>
/// <param name="Vtep">Their next hop: the service VTEP of the node that owns the VPC.</param>
/// <param name="RouterMac">Router MAC, the same on both nodes.</param>
/// <param name="Prefixes">The prefixes, in order.</param>
internal sealed record EvpnVrf(Vni Vni, RouteDistinguisher Rd, RouteTarget Target, IpAddr Vtep, MacAddress RouterMac, ValueList<IpPrefix> Prefixes);

/// <summary>
/// What a node says in EVPN, from its state alone. Both nodes of a pair say the same of a VPC but for the route distinguisher: with the next hop of the
/// one that owns it.
/// </summary>
internal sealed class EvpnPlan
{
    private static readonly IpPrefix[] Defaults = [IpPrefix.Parse("0.0.0.0/0"), IpPrefix.Parse("::/0")];

    private readonly SoftGateNode _node;
    private readonly SoftGatePartner? _partner;

    private EvpnPlan(SoftGateState state)
    {
        (_node, _partner) = (state.Node, state.Partner);
        Identity = new(_node.Asn, RouterIdOf(_node), _node.ServiceVtep, _node.RouterMac);
    }

    /// <summary>What the node is.</summary>
    internal EvpnIdentity Identity { get; }

    /// <summary>V-Nets by L2VNI.</summary>
    internal Dictionary<Vni, EvpnBridge> Bridges { get; } = [];

    /// <summary>VPCs by L3VNI.</summary>
    internal Dictionary<Vni, EvpnVrf> Vrfs { get; } = [];

    /// <summary>The BGP identifier of a node: its loopback, or numbers that nobody else in the fabric has where that is IPv6 (RFC 6286).</summary>
    internal static IpAddr RouterIdOf(SoftGateNode node) => node.Loopback.IsV4 ? node.Loopback : IpAddr.V4(((uint)node.FabricNumber << 16) | node.DeviceNumber);

    /// <summary>What a state says. What names a VPC that is not there is left out, and so is a VNI that is there already.</summary>
    internal static EvpnPlan Of(SoftGateState state)
    {
        var plan = new EvpnPlan(state);
        var vnets = state.VNets.ToLookup(v => v.Vpc);
        var outside = OutsideOf(state);
        foreach (var vpc in state.Vpcs)
        {
            plan.Add(vpc, vnets[vpc.Uid], [.. Defaults.Where(d => outside.Contains((vpc.Uid, d.Family)))]);
        }

        return plan;
    }

    /// <summary>The sessions: from the loopback, and for own routes only.</summary>
    internal IReadOnlyCollection<SpeakerPeerConfig> Peers(EvpnSettings settings) =>
    [
        .. _node.EvpnPeers.DistinctBy(p => p.Address).Select(p => new SpeakerPeerConfig
        {
            Address = p.Address,
            Port = settings.Port,
            RemoteAsn = p.Asn,
            LocalAddress = p.Address.Family == _node.Loopback.Family ? _node.Loopback : null,
            Families = [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership],
            OwnRoutesOnly = true,
            OpenWithoutPolicy = true,
            HoldTime = settings.HoldTime,
            ConnectRetry = settings.ConnectRetry,
            GracefulRestart = settings.RestartTime,
        }),
    ];

    /// <summary>What a speaker that says <paramref name="before"/> (nothing, when null) must be told to say <paramref name="after"/>.</summary>
    internal static IReadOnlyList<VtepEvent> Events(EvpnPlan? before, EvpnPlan after)
    {
        var events = new List<VtepEvent>();
        events.AddRange(before?.Bridges.Keys.Where(v => !after.Bridges.ContainsKey(v)).Select(v => new VtepEvent.L2VniRemoved(v)) ?? []);
        events.AddRange(before?.Vrfs.Keys.Where(v => !after.Vrfs.ContainsKey(v)).Select(v => new VtepEvent.L3VniRemoved(v)) ?? []);
        foreach (var vrf in after.Vrfs.Values)
        {
            Add(events, before?.Vrfs.GetValueOrDefault(vrf.Vni), vrf);
        }

        foreach (var bridge in after.Bridges.Values)
        {
            Add(events, before?.Bridges.GetValueOrDefault(bridge.Vni), bridge);
        }

        return events;
    }

    private static void Add(List<VtepEvent> events, EvpnVrf? before, EvpnVrf after)
    {
        if (before is null || before with { Prefixes = after.Prefixes } != after)
        {
            events.Add(new VtepEvent.L3VniSet(new()
            {
                Vni = after.Vni,
                Rd = after.Rd,
                Import = [after.Target],
                Export = [after.Target],
                Address = after.Vtep,
                RouterMac = after.RouterMac,
            }));
        }

        events.AddRange((before?.Prefixes ?? []).Except(after.Prefixes).Select(p => new VtepEvent.PrefixGone(after.Vni, p)));
        events.AddRange(after.Prefixes.Except(before?.Prefixes ?? []).Select(p => new VtepEvent.PrefixSet(after.Vni, p)));
    }

    private static void Add(List<VtepEvent> events, EvpnBridge? before, EvpnBridge after)
    {
        if (before is null || before with { GatewayMac = after.GatewayMac, Gateways = after.Gateways } != after)
        {
            events.Add(new VtepEvent.L2VniSet(new()
            {
                Vni = after.Vni,
                Rd = after.Rd,
                Import = [after.Target],
                Export = [after.Target],
                Address = after.Vtep,
                L3Vni = after.L3Vni,
            }));
        }

        // The addresses go and come with the MAC.
        var had = before is { Gateways.Count: > 0 } ? before : null;
        if (had is not null && (after.Gateways.Count == 0 || had.GatewayMac != after.GatewayMac))
        {
            events.Add(new VtepEvent.MacGone(after.Vni, had.GatewayMac));
            had = null;
        }

        if (had is null && after.Gateways.Count > 0)
        {
            events.Add(new VtepEvent.MacInjected(after.Vni, after.GatewayMac, DefaultGateway: true));
        }

        events.AddRange((had?.Gateways ?? []).Except(after.Gateways).Select(g => new VtepEvent.NeighborGone(after.Vni, g)));
        events.AddRange(after.Gateways.Except(had?.Gateways ?? []).Select(g => new VtepEvent.NeighborLearnt(after.Vni, after.GatewayMac, g)));
    }

    /// <summary>VPCs that have a way out, by IP version.</summary>
    private static HashSet<(int Vpc, IpFamily Family)> OutsideOf(SoftGateState state) =>
    [
        .. state.Vpcs.Where(v => v.RoutedIpv4).Select(v => (v.Uid, IpFamily.V4)),
        .. state.Vpcs.Where(v => v.RoutedIpv6).Select(v => (v.Uid, IpFamily.V6)),
        .. state.Nat.SelectMany(n => n.Public.Select(p => (n.Vpc, p.Family))),
        .. state.Nat.Where(n => n.PublicPrefix is not null).Select(n => (n.Vpc, n.PublicPrefix!.Value.Family)),
        .. state.Balancers.Where(b => !b.Internal).Select(b => (b.Vpc, b.Address.Family)),
        .. state.PublicAddresses.Select(a => (a.Vpc, a.Prefix.Family)),
    ];

    private void Add(SoftGateVpc vpc, IEnumerable<SoftGateVNet> vnets, IpPrefix[] defaults)
    {
        var vtep = _partner is { } partner && vpc.Owner == partner.Name ? partner.ServiceVtep : _node.ServiceVtep;
        var tiers = new SortedSet<IpPrefix>();
        foreach (var vnet in vnets)
        {
            tiers.UnionWith(vnet.Gateways.Select(g => g.Network));
            Bridges.TryAdd(vnet.Vni, new(
                vnet.Vni, vpc.L3Vni, RdOf(vnet.Vni), TargetOf(vnet.Vni), vtep, _node.GatewayMac, vnet.Gateways.Select(g => g.Address).Distinct().ToValueList()));
        }

        // What lies behind a tier is reached by the way that leads to the tier.
        var behind = vpc.StaticRoutes.Where(r => tiers.Any(t => t.Contains(r.NextHop))).Select(r => r.Prefix);
        Vrfs.TryAdd(vpc.L3Vni, new(
            vpc.L3Vni, RdOf(vpc.L3Vni), TargetOf(vpc.L3Vni), vtep, _node.RouterMac, defaults.Concat(tiers).Concat(behind).Distinct().Order().ToValueList()));
    }

    private RouteDistinguisher RdOf(Vni vni) => RouteDistinguisher.Type0(_node.DeviceNumber, vni.Value);

    private RouteTarget TargetOf(Vni vni) => RouteTarget.Type0(_node.FabricNumber, vni.Value);
}
