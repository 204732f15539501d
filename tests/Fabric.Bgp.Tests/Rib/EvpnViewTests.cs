using Fabric.Bgp.Attributes;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Wire;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Bgp.Tests.Rib;

public sealed class EvpnViewTests
{
    private readonly TableFeed _feed = new();
    private readonly RibPeer _first;
    private readonly RibPeer _second;

    public EvpnViewTests() => (_first, _second) = (_feed.AddPeer("192.0.2.1"), _feed.AddPeer("192.0.2.2"));

    [Fact]
    public void Filters_select_by_each_field_and_by_all_together()
    {
        var update = Samples.Announce(
            Samples.Attributes("10.1.1.1", "100:10100"),
            Samples.MacIp("02:00:00:00:00:01", "10.0.1.11", l3Vni: 5000),
            Samples.MacIp("02:00:00:00:00:02"));
        update.EvpnAnnounced.Prefix.Add(Samples.Prefix("10.0.1.0/24"));
        Apply(_first, update);
        var other = Samples.Announce(Samples.Attributes("10.1.1.2", "100:10200"), Samples.MacIp("02:00:00:00:00:03", "10.0.1.11", "2:10200", 10200));
        other.EvpnAnnounced.Multicast.Add(Samples.Multicast("10.1.1.2", "2:10200"));
        Apply(_second, other);

        Assert.Equal(5, Count(new()));
        Assert.Equal(2, Count(EvpnRouteFilter.ForVni(new Vni(10100))));
        Assert.Equal(2, Count(EvpnRouteFilter.ForVni(new Vni(5000))));
        Assert.Equal(2, Count(new() { RouteTarget = RouteTarget.Parse("100:10200") }));
        Assert.Equal(1, Count(new() { Mac = MacAddress.Parse("02:00:00:00:00:02") }));
        Assert.Equal(3, Count(new() { Ip = IpAddr.Parse("10.0.1.11") }));
        Assert.Equal(1, Count(new() { Ip = IpAddr.Parse("10.0.1.99") }));
        Assert.Equal(2, Count(new() { Vtep = IpAddr.Parse("10.1.1.2") }));
        Assert.Equal(3, Count(new() { Type = 2 }));
        Assert.Equal(1, Count(new() { Type = 5 }));
        Assert.Equal(3, Count(new() { Peer = _first.Address }));
        Assert.Equal(1, Count(new() { Rd = RouteDistinguisher.Parse("2:10200"), Type = 3 }));
        Assert.Equal(1, Count(new() { Ip = IpAddr.Parse("10.0.1.11"), Vtep = IpAddr.Parse("10.1.1.2"), Type = 2 }));
        Assert.Equal(0, Count(new() { Mac = MacAddress.Parse("02:00:00:00:00:02"), Type = 5 }));
        Assert.Equal(2, Count(new() { Vnis = new HashSet<Vni> { new(5000), new(77) } }));
    }

    [Fact]
    public void A_new_label_replaces_the_route_because_it_is_not_part_of_the_key()
    {
        Apply(_first, Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01", vni: 1)));
        Apply(_first, Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01", vni: 2)));
        Assert.Equal(new Vni(2), Assert.Single(_feed.Query()).Vni);
        Assert.Equal(1, _first.AllRoutes);
        Apply(_first, Samples.Withdraw(Samples.MacIp("02:00:00:00:00:01", vni: 0)));
        Assert.Equal(0, _feed.Table.Count(FamilyIndex.Evpn));
    }

    [Fact]
    public void The_higher_mobility_sequence_is_shown_whatever_the_path_length()
    {
        var route = Samples.MacIp("02:00:00:00:00:01");
        Apply(_first, Samples.Announce(Samples.Attributes("10.1.1.1"), route));
        Apply(_second, Samples.Announce(
            new PathAttributes
            {
                AsPath = AsPath.Sequence(1, 2, 3, 4, 5),
                NextHop = IpAddr.Parse("10.1.1.2"),
                ExtendedCommunities = [ExtendedCommunity.OfMacMobility(sticky: false, 7)],
            },
            route));
        var view = Assert.Single(_feed.Query());
        Assert.Equal((IpAddr.Parse("10.1.1.2"), 7u), (view.NextHop, view.MobilitySequence));
        Assert.Equal([false, true], view.Paths.Select(static p => p.Preferred));
    }

    [Fact]
    public void Communities_are_shown_by_meaning()
    {
        Apply(_first, Samples.Announce(
            new PathAttributes
            {
                NextHop = IpAddr.Parse("10.1.1.1"),
                ExtendedCommunities =
                [
                    ExtendedCommunity.Of(RouteTarget.Parse("1:2")),
                    ExtendedCommunity.Encapsulation(8),
                    ExtendedCommunity.DefaultGateway(),
                    ExtendedCommunity.OfRouterMac(MacAddress.Parse("02:00:00:00:00:aa")),
                    ExtendedCommunity.OfMacMobility(sticky: true, 3),
                    new(0x0602_0200_0000_00bb),
                    new(0x8006_0000_0000_0001),
                ],
            },
            Samples.MacIp("02:00:00:00:00:01")));
        var view = Assert.Single(_feed.Query());
        Assert.True(view.DefaultGateway);
        Assert.True(view.Sticky);
        Assert.Equal(3u, view.MobilitySequence);
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:aa"), view.RouterMac);
        Assert.Equal(
            ["rt:1:2", "encap:vxlan", "default-gateway", "router-mac:02:00:00:00:00:aa", "mac-mobility:3 sticky", "es-import:02:00:00:00:00:bb", "0x8006000000000001"],
            view.ExtendedCommunities);
    }

    [Fact]
    public void Equal_attributes_are_kept_once_and_go_with_their_last_route()
    {
        Apply(_first, Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:01")));
        Apply(_first, Samples.Announce(Samples.Attributes(), Samples.MacIp("02:00:00:00:00:02")));
        Assert.Equal(1, _feed.Table.Sets.Count);
        Apply(_first, Samples.Withdraw(Samples.MacIp("02:00:00:00:00:01")));
        Assert.Equal(1, _feed.Table.Sets.Count);
        Apply(_first, Samples.Withdraw(Samples.MacIp("02:00:00:00:00:02")));
        Assert.Equal(0, _feed.Table.Sets.Count);
    }

    /// <summary>Against a model: a map from peer and key to next hop.</summary>
    [Fact]
    public void The_table_is_what_the_peers_say()
    {
        var steps = (from peer in Gen.Choose(0, 2)
                     from mac in Gen.Choose(1, 6)
                     from vtep in Gen.Choose(1, 3)
                     from kind in Gen.Choose(0, 9)
                     select (peer, mac, vtep, kind)).ArrayOf();
        Prop.ForAll(
            steps.ToArbitrary(),
            sequence =>
            {
                var feed = new TableFeed();
                RibPeer[] peers = [.. Enumerable.Range(1, 3).Select(i => feed.AddPeer($"10.9.0.{i}"))];
                var model = new Dictionary<(int Peer, string Mac), string>();
                foreach (var (peer, mac, vtep, kind) in sequence)
                {
                    var (name, hop) = ($"02:00:00:00:00:{mac:x2}", $"10.0.0.{vtep}");
                    if (kind < 6)
                    {
                        feed.Apply(peers[peer], Samples.Announce(Samples.Attributes(hop), Samples.MacIp(name)));
                        model[(peer, name)] = hop;
                    }
                    else if (kind < 9)
                    {
                        feed.Apply(peers[peer], Samples.Withdraw(Samples.MacIp(name)));
                        model.Remove((peer, name));
                    }
                    else
                    {
                        feed.Flush(peers[peer]);
                        model.Keys.Where(k => k.Peer == peer).ToList().ForEach(k => model.Remove(k));
                    }

                    var shown = feed.Query().SelectMany(static r => r.Paths.Select(p => (p.Peer!.Value, r.Mac.ToString()!, p.NextHop.ToString()!)));
                    Assert.Equal(model.Select(m => (peers[m.Key.Peer].Address, m.Key.Mac, m.Value)).ToHashSet(), shown.ToHashSet());
                    Assert.Equal(model.Keys.Select(static k => k.Mac).Distinct().Count(), feed.Table.Count(FamilyIndex.Evpn));
                    Assert.Equal(model.Values.Distinct().Count(), feed.Table.Sets.Count);
                    for (var i = 0; i < 3; i++)
                    {
                        Assert.Equal(model.Keys.Count(k => k.Peer == i), peers[i].AllRoutes);
                    }
                }

                return true;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(60));
    }

    private int Count(EvpnRouteFilter filter) => _feed.Query(filter).Count;

    private void Apply(RibPeer peer, UpdateMessage update) => _feed.Apply(peer, update);
}
