using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using static Fabric.Bgp.Tests.Vtep.Fabrics;

namespace Fabric.Bgp.Tests.Vtep;

public sealed class ViewTests
{
    [Fact]
    public void Flood_lists_hold_the_VTEPs_with_their_own_labels_and_flags()
    {
        var state = NewVtep();
        state.Say(Multicast(1));
        state.Say(Multicast(2, vni: 777, flags: 1));
        Assert.Equal(new FloodEntry(Address(1), L2, 0), state.L2View().Flood[Address(1)]);
        Assert.Equal(new Vni(777), state.L2View().Flood[Address(2)].Label);
        Assert.True(state.L2View().Flood[Address(2)].LeafInformationRequired);
        Assert.Equal([new VtepAction.FloodChanged(L2, Address(1), null)], state.Say(Multicast(1, gone: true)));
    }

    [Fact]
    public void A_second_reflector_changes_nothing_and_neither_does_its_loss()
    {
        var state = NewVtep();
        state.Say(MacIp(1, ip: Ip, routed: true));
        Assert.Empty(state.Say(MacIp(1, ip: Ip, routed: true, source: SecondPeer)));
        Assert.Empty(state.Say(MacIp(1, ip: Ip, gone: true)));
        Assert.NotEmpty(state.Say(MacIp(1, ip: Ip, gone: true, source: SecondPeer)));
        Assert.Equal(0, state.ImportedPaths);
    }

    [Fact]
    public void Routes_of_other_tenants_and_of_this_VTEP_are_not_kept()
    {
        var state = NewVtep();
        Assert.Empty(state.Say(MacIp(1, target: "1:999")));
        Assert.Empty(state.Say(MacIp(9)));
        Assert.Equal(0, state.ImportedPaths);
    }

    [Fact]
    public void Another_encapsulation_is_refused_with_a_reason()
    {
        var mpls = new PathAttributes
        {
            NextHop = Address(1),
            ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Parse("1:100")), ExtendedCommunity.Encapsulation(10)],
        };
        Assert.IsType<VtepAction.Ignored>(Assert.Single(NewVtep().Say(new EvpnPathEvent.MacIp(Peer, new(new(Rd(1), 0, Mac, null), default, EvpnLabel.Of(L2), null), mpls))));
    }

    [Fact]
    public void A_host_is_routed_to_its_VTEP_until_it_is_local()
    {
        var state = NewVtep();
        state.Say(MacIp(1, ip: Ip, routed: true));
        Assert.Equal([new HostPath(Address(1), L3, RouterMac(1), default)], state.L3View().Hosts[Ip]);
        Assert.Equal(new NeighborEntry(Mac, Address(1), NeighborFlags.None, false), state.L2View().Neighbors[Ip]);

        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Do(new VtepEvent.NeighborLearnt(L2, Mac, Ip));
        Assert.Empty(state.L3View().Hosts);
        Assert.True(state.L2View().Neighbors[Ip].IsLocal);

        state.Do(new VtepEvent.MacGone(L2, Mac));
        Assert.Equal(Address(1), state.L3View().Hosts[Ip].Single().Vtep);
    }

    [Fact]
    public void Equal_prefix_paths_are_used_together_and_a_better_one_alone()
    {
        var state = NewVtep();
        state.Say(Prefix(1, "0.0.0.0/0", routerMac: RouterMac(1)));
        state.Say(Prefix(2, "0.0.0.0/0", routerMac: RouterMac(2)));
        Assert.Equal([Address(1), Address(2)], state.L3View().Prefixes[IpPrefix.Parse("0.0.0.0/0")].Select(static p => p.Vtep));
        state.Say(Prefix(3, "0.0.0.0/0", routerMac: RouterMac(3), localPref: 200));
        var path = Assert.Single(state.L3View().Prefixes[IpPrefix.Parse("0.0.0.0/0")]);
        Assert.Equal([new Destination(Address(3), L3, RouterMac(3))], state.Destinations(L3, path));
    }

    [Fact]
    public void A_gateway_as_overlay_index_is_followed_when_it_moves()
    {
        var state = NewVtep();
        state.Say(Prefix(1, "192.0.2.0/24", gateway: Ip));
        var path = Assert.Single(state.L3View().Prefixes[IpPrefix.Parse("192.0.2.0/24")]);
        Assert.Equal(OverlayIndex.Gateway, path.Kind);
        Assert.Empty(state.Destinations(L3, path));

        Assert.Contains(new VtepAction.GatewayChanged(L3, Ip), state.Say(MacIp(2, ip: Ip)));
        Assert.Equal([new Destination(Address(2), L2, Mac)], state.Destinations(L3, path));
        state.Say(MacIp(3, ip: Ip, sequence: 1));
        Assert.Equal([new Destination(Address(3), L2, Mac)], state.Destinations(L3, path));
        state.Say(Prefix(1, "192.0.2.0/24", gone: true));
        Assert.DoesNotContain(state.Say(MacIp(3, ip: Ip, gone: true)), static a => a is VtepAction.GatewayChanged);
    }

    [Fact]
    public void A_segment_and_a_routers_MAC_are_overlay_indexes_too()
    {
        var state = NewVtep();
        state.Say(OnSegment(1));
        state.Say(InBridge(1));
        state.Say(MacIp(2, OtherMac));
        state.Say(Prefix(1, "192.0.2.0/24", esi: Esi, label: 0, routerMac: OtherMac));
        state.Say(Prefix(1, "192.0.3.0/24", label: 0, routerMac: OtherMac));
        var bySegment = Assert.Single(state.L3View().Prefixes[IpPrefix.Parse("192.0.2.0/24")]);
        var byMac = Assert.Single(state.L3View().Prefixes[IpPrefix.Parse("192.0.3.0/24")]);
        Assert.Equal([new Destination(Address(1), L2, OtherMac)], state.Destinations(L3, bySegment));
        Assert.Equal([new Destination(Address(2), L2, OtherMac)], state.Destinations(L3, byMac));
    }

    [Fact]
    public void A_prefix_with_two_overlay_indexes_or_none_is_treated_as_withdrawn()
    {
        var state = NewVtep();
        state.Say(Prefix(1, "192.0.2.0/24", routerMac: RouterMac(1)));
        Assert.Contains(state.Say(Prefix(1, "192.0.2.0/24", gateway: Ip, esi: Esi)), static a => a is VtepAction.Ignored);
        Assert.Empty(state.L3View().Prefixes);
        Assert.Contains(state.Say(Prefix(1, "192.0.2.0/24", label: 0)), static a => a is VtepAction.Ignored);
        Assert.Empty(state.L3View().Prefixes);
    }

    [Fact]
    public void What_is_local_makes_the_routes_of_RFC_9135()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Do(new VtepEvent.NeighborLearnt(L2, Mac, Ip, NeighborFlags.Router));
        state.Do(new VtepEvent.MacInjected(L2, OtherMac, Sticky: true, DefaultGateway: true));
        state.Do(new VtepEvent.NeighborLearnt(L2, OtherMac, IpAddr.Parse("10.1.0.254")));
        state.Do(new VtepEvent.PrefixSet(L3, IpPrefix.Parse("10.1.0.0/24")));

        var host = state.Originated.OfType<EvpnPathEvent.MacIp>().Single(static r => r.Route.Key.Ip == Ip);
        Assert.Equal((EvpnLabel.Of(L2), EvpnLabel.Of(L3)), (host.Route.Label1, host.Route.Label2));
        Assert.Equal(["1:100", "1:5000"], host.Attributes!.RouteTargets.Select(static t => t.ToString()));
        Assert.Equal(Config.RouterMac, host.Attributes.RouterMac);
        Assert.Contains(ExtendedCommunity.Of(NeighborFlags.Router), host.Attributes.ExtendedCommunities);

        var gateway = state.Originated.OfType<EvpnPathEvent.MacIp>().Single(static r => r.Route.Key is { Ip: not null } key && key.Mac == OtherMac);
        Assert.True(gateway.Attributes!.IsDefaultGateway);
        Assert.Null(gateway.Route.Label2);

        var flood = Assert.Single(state.Originated.OfType<EvpnPathEvent.Multicast>());
        Assert.Equal((EvpnLabel.Of(L2), Address(9)), (flood.Attributes!.PmsiTunnel!.Value.Label, flood.Attributes.PmsiTunnel.Value.Endpoint!.Value));
        var subnet = Assert.Single(state.Originated.OfType<EvpnPathEvent.Prefix>());
        Assert.Equal((EvpnLabel.Of(L3), (MacAddress?)Config.RouterMac), (subnet.Route.Label, subnet.Attributes!.RouterMac));

        state.Do(new VtepEvent.MacGone(L2, Mac));
        state.Do(new VtepEvent.MacGone(L2, OtherMac));
        state.Do(new VtepEvent.PrefixGone(L3, IpPrefix.Parse("10.1.0.0/24")));
        state.Do(new VtepEvent.L2VniRemoved(L2));
        Assert.Empty(state.Originated);
    }

    [Fact]
    public void A_changed_RD_moves_the_own_routes_and_a_changed_import_the_view()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Say(MacIp(1, OtherMac));
        state.Do(new VtepEvent.L2VniSet(Bridge with { Rd = Rd(77), Import = [RouteTarget.Parse("1:101")] }));
        Assert.All(state.Originated.OfType<EvpnPathEvent.MacIp>(), static r => Assert.Equal(Rd(77), r.Route.Key.Rd));
        Assert.Null(state.Where(OtherMac));
        Assert.True(state.Where()!.IsLocal);
        Assert.Equal(0, state.ImportedPaths);
    }

    [Fact]
    public void A_bridge_domain_that_is_removed_takes_its_local_hosts_with_it()
    {
        var state = NewVtep();
        state.Say(MacIp(1, ip: Ip, routed: true));
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Do(new VtepEvent.NeighborLearnt(L2, Mac, Ip));
        Assert.Empty(state.L3View().Hosts);
        state.Do(new VtepEvent.L2VniRemoved(L2));
        Assert.Equal(Address(1), state.L3View().Hosts[Ip].Single().Vtep);
    }

    [Fact]
    public void An_address_that_changes_its_MAC_here_is_announced_once()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Do(new VtepEvent.MacLearnt(L2, OtherMac));
        state.Do(new VtepEvent.NeighborLearnt(L2, Mac, Ip));
        state.Do(new VtepEvent.NeighborLearnt(L2, OtherMac, Ip));
        Assert.Equal(OtherMac, Assert.Single(state.Originated.OfType<EvpnPathEvent.MacIp>(), static r => r.Route.Key.Ip == Ip).Route.Key.Mac);
        Assert.Equal(OtherMac, state.L2View().Neighbors[Ip].Mac);
    }
}
