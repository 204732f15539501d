using System.Collections.Immutable;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;
using Fabric.SoftGate.Plan;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.SoftGate.Tests.Evpn.Samples;

namespace Fabric.SoftGate.Tests.Evpn;

/// <summary>From rows of a VTEP's tables to places.</summary>
public sealed class OverlayRoutesTests
{
    private static readonly IpAddr Host1 = IpAddr.Parse("10.255.2.1");
    private static readonly IpAddr Host2 = IpAddr.Parse("10.255.2.2");
    private static readonly IpAddr Leaf = IpAddr.Parse("10.255.1.1");
    private static readonly MacAddress Vm = MacAddress.Parse("52:54:00:00:00:01");
    private static readonly MacAddress Other = MacAddress.Parse("52:54:00:00:00:02");
    private static readonly IpAddr Address = IpAddr.Parse("10.1.1.11");

    private readonly Learnt _learnt = new();
    private readonly OverlayRoutes _routes;

    public OverlayRoutesTests()
    {
        _routes = new OverlayRoutes(_learnt);
        _routes.Configure(State());
    }

    [Fact]
    public void A_MAC_with_address_is_a_host_and_follows_its_MAC()
    {
        _routes.Apply(Mac(Web, Vm, Host1));
        _routes.Apply(Neighbor(Web, Address, Vm, Host1));
        Assert.Equal(new Place(Host1, Web, Vm), _learnt.Hosts[(Red, Address)]);

        // It has moved, and the old host still says the address.
        _routes.Apply(Mac(Web, Vm, Host2));
        Assert.Equal(new Place(Host2, Web, Vm), _learnt.Hosts[(Red, Address)]);
        _routes.Apply(Neighbor(Web, Address, Vm, Host2));
        _routes.Apply(Neighbor(Web, Address, null, Host2));
        Assert.Empty(_learnt.Hosts);
        Assert.Equal(3, _learnt.Told);
    }

    [Fact]
    public void A_MAC_alone_is_the_place_of_the_addresses_that_the_orchestrator_knows()
    {
        _routes.Apply(Mac(Web, Vm, Host1));
        Assert.Empty(_learnt.Hosts);
        _routes.Configure(State().WithKnown(new(Vm, Address), new(Vm, IpAddr.Parse("2001:db8:1::11"))));
        Assert.Equal([Address, IpAddr.Parse("2001:db8:1::11")], _learnt.Hosts.Keys.Select(k => k.Address).Order());
        Assert.All(_learnt.Hosts.Values, p => Assert.Equal(new Place(Host1, Web, Vm), p));
        _routes.Apply(Mac(Web, Vm, null));
        Assert.Empty(_learnt.Hosts);
    }

    [Fact]
    public void Who_claims_an_address_that_is_another_ones_does_not_get_it()
    {
        _routes.Configure(State().WithKnown(new SoftGateKnownHost(Vm, Address)));
        _routes.Apply(Mac(Web, Vm, Host1));
        _routes.Apply(Mac(Web, Other, Host2));
        _routes.Apply(Neighbor(Web, Address, Other, Host2));
        Assert.Equal(new Place(Host1, Web, Vm), _learnt.Hosts[(Red, Address)]);

        // The one that is known is not there: only without protection another one may have it.
        _routes.Apply(Mac(Web, Vm, null));
        Assert.Equal(new Place(Host2, Web, Other), _learnt.Hosts[(Red, Address)]);
        _routes.Configure(State().WithKnown(new SoftGateKnownHost(Vm, Address)).WithRed(v => v with { AntiSpoof = true }));
        Assert.Empty(_learnt.Hosts);
    }

    [Theory]
    [InlineData("10.1.2.11")]
    [InlineData("192.0.2.1")]
    [InlineData("fe80::1")]
    public void An_address_outside_its_V_Net_is_nobodys(string address)
    {
        _routes.Apply(Mac(Web, Vm, Host1));
        _routes.Apply(Neighbor(Web, IpAddr.Parse(address), Vm, Host1));
        Assert.Empty(_learnt.Hosts);
    }

    [Fact]
    public void The_same_address_in_two_VPCs_is_two_hosts()
    {
        _routes.Apply(Neighbor(Web, Address, Vm, Host1));
        _routes.Apply(Neighbor(Far, Address, Other, Host2));
        Assert.Equal(new Place(Host1, Web, Vm), _learnt.Hosts[(Red, Address)]);
        Assert.Equal(new Place(Host2, Far, Other), _learnt.Hosts[(Blue, Address)]);
    }

    [Fact]
    public void A_host_behind_the_L3VNI_is_routed_to_unless_it_is_in_a_V_Net_of_the_node()
    {
        var routed = new Place(Leaf, Red, RouterMac);
        _routes.Apply(new VtepChange.Host(Red, Address, [new(Leaf, Red, RouterMac)]));
        Assert.Equal(routed, _learnt.Hosts[(Red, Address)]);
        _routes.Apply(Neighbor(Web, Address, Vm, Host1));
        Assert.Equal(new Place(Host1, Web, Vm), _learnt.Hosts[(Red, Address)]);
        _routes.Apply(Neighbor(Web, Address, null, Host1));
        Assert.Equal(routed, _learnt.Hosts[(Red, Address)]);
    }

    [Fact]
    public void Of_equal_ways_one_is_kept_while_it_is_there()
    {
        var prefix = IpPrefix.Parse("172.16.0.0/16");
        Destination first = new(Host1, Red, Vm), second = new(Host2, Red, Other);
        _routes.Apply(new VtepChange.Route(Red, prefix, [second]));
        _routes.Apply(new VtepChange.Route(Red, prefix, [first, second]));
        Assert.Equal(new Place(Host2, Red, Other), _learnt.Prefixes[(Red, prefix)]);
        Assert.Equal(1, _learnt.Told);
        _routes.Apply(new VtepChange.Route(Red, prefix, [first]));
        Assert.Equal(new Place(Host1, Red, Vm), _learnt.Prefixes[(Red, prefix)]);

        // No MAC, a VNI that is not the VPC's, a backup: no way.
        _routes.Apply(new VtepChange.Route(Red, prefix, [new(Host1, Red), new(Host1, Blue, Vm), new(Host1, Red, Vm, Backup: true)]));
        Assert.Empty(_learnt.Prefixes);
    }

    [Fact]
    public void Nothing_leads_to_the_pair_itself()
    {
        for (var node = 1; node <= 2; node++)
        {
            var own = Service(node);
            _routes.Apply(Mac(Web, Vm, own));
            _routes.Apply(Neighbor(Web, Address, Vm, own));
            _routes.Apply(new VtepChange.Host(Red, Address, [new(own, Red, RouterMac)]));
            _routes.Apply(new VtepChange.Route(Red, IpPrefix.Parse("0.0.0.0/0"), [new(own, Red, RouterMac)]));
            _routes.Apply(new VtepChange.Flood(Web, own, new(own, Web, 0)));
        }

        Assert.Equal(0, _learnt.Told);
        _routes.Configure(State() with { Partner = null });
        Assert.Equal(new Place(Service(2), Web, Vm), _learnt.Hosts[(Red, Address)]);
        _routes.Configure(State());
        Assert.Equal("", _learnt.Text());
    }

    [Fact]
    public void Flood_lists_are_told_and_taken_back()
    {
        _routes.Apply(new VtepChange.Flood(Web, Host1, new(Host1, Web, 0)));
        _routes.Apply(new VtepChange.Flood(Web, Host2, new(Host2, Data, 0)));
        Assert.Equal([(Web, Host1)], _learnt.Floods);
        _routes.Apply(new VtepChange.Flood(Web, Host1, null));
        Assert.Empty(_learnt.Floods);
    }

    [Fact]
    public void A_speaker_that_ends_takes_everything_with_it()
    {
        _routes.Apply(Neighbor(Web, Address, Vm, Host1));
        _routes.Apply(new VtepChange.Route(Red, IpPrefix.Parse("172.16.0.0/16"), [new(Leaf, Red, RouterMac)]));
        _routes.Apply(new VtepChange.Flood(Web, Host1, new(Host1, Web, 0)));
        Assert.Equal(2, _routes.Count);
        _routes.Reset();
        Assert.Equal("", _learnt.Text());
        Assert.Equal(0, _routes.Count);
    }

    /// <summary>Rows and states in any order: in the end is told what the last state and the last rows alone would tell.</summary>
    [Fact]
    public void What_is_told_depends_on_the_last_state_and_rows_only() => Prop.ForAll(
        Arb.From(Gen.ListOf(Gen.Choose(0, int.MaxValue - 1), 40)),
        seeds =>
        {
            var learnt = new Learnt();
            var routes = new OverlayRoutes(learnt);
            var rows = new Dictionary<string, VtepChange>();
            SoftGateState? state = null;
            foreach (var random in seeds.Select(s => new Random(s)))
            {
                if (state is null || random.Next(5) == 0)
                {
                    state = Random(random);
                    Forget(learnt, state);
                    routes.Configure(state);
                }
                else
                {
                    var (key, row) = Row(random);
                    rows[key] = row;
                    routes.Apply(row);
                }
            }

            var expected = new Learnt();
            var fresh = new OverlayRoutes(expected);
            fresh.Configure(state ?? State());
            foreach (var row in rows.Values)
            {
                fresh.Apply(row);
            }

            Assert.Equal(expected.Text(), learnt.Text());
        }).QuickCheckThrowOnFailure();

    /// <summary>VPCs that go are forgotten by those who have learnt, too.</summary>
    private static void Forget(Learnt learnt, SoftGateState state)
    {
        var vnis = state.Vpcs.Select(v => v.L3Vni).ToHashSet();
        foreach (var key in learnt.Hosts.Keys.Where(k => !vnis.Contains(k.L3Vni)).ToList())
        {
            learnt.Hosts.Remove(key);
        }

        foreach (var key in learnt.Prefixes.Keys.Where(k => !vnis.Contains(k.L3Vni)).ToList())
        {
            learnt.Prefixes.Remove(key);
        }
    }

    private static SoftGateState Random(Random random)
    {
        var state = State();
        state = state with
        {
            Partner = random.Next(3) == 0 ? null : state.Partner,
            Vpcs = state.Vpcs.Where(_ => random.Next(4) > 0).ToValueList(),
            VNets = state.VNets.Where(_ => random.Next(4) > 0).ToValueList(),
        };
        return (random.Next(2) == 0 ? state : state.WithKnown([.. Enumerable.Range(0, random.Next(4)).Select(_ => new SoftGateKnownHost(MacOf(random), AddressOf(random)))]))
            .WithRed(v => v with { AntiSpoof = random.Next(2) == 0 });
    }

    private static (string Key, VtepChange Row) Row(Random random)
    {
        var vni = new[] { Web, Data, Far }[random.Next(3)];
        var l3 = random.Next(2) == 0 ? Red : Blue;
        IpAddr? vtep = random.Next(4) == 0 ? null : new[] { Host1, Host2, Service(2) }[random.Next(3)];
        var (mac, address) = (MacOf(random), AddressOf(random));
        return random.Next(5) switch
        {
            0 or 1 => ($"mac {vni} {mac}", Mac(vni, mac, vtep)),
            2 => ($"neighbor {vni} {address}", Neighbor(vni, address, vtep is null ? null : mac, vtep ?? Host1)),
            3 => ($"host {l3} {address}", new VtepChange.Host(l3, address, vtep is null ? [] : [new(vtep, l3, RouterMac)])),
            _ => ($"flood {vni} {vtep ?? Host1}", new VtepChange.Flood(vni, vtep ?? Host1, vtep == Host2 ? new(Host2, vni, 0) : null)),
        };
    }

    private static MacAddress MacOf(Random random) => random.Next(2) == 0 ? Vm : Other;

    private static IpAddr AddressOf(Random random) => IpAddr.Parse(random.Next(2) == 0 ? "10.1.1.11" : "10.1.2.11");

    private static VtepChange.Mac Mac(Vni vni, MacAddress mac, IpAddr? vtep) => vtep is null
        ? new(vni, mac, null, [])
        : new(vni, mac, new MacEntry(vtep, vni, default, 0, Sticky: false, DefaultGateway: false, Duplicate: false), [new Destination(vtep, vni)]);

    private static VtepChange.Neighbor Neighbor(Vni vni, IpAddr address, MacAddress? mac, IpAddr vtep) =>
        new(vni, address, mac is { } one ? new NeighborEntry(one, vtep, default, DefaultGateway: false) : null);
}
