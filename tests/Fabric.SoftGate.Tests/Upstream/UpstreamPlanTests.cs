using Fabric.Bgp;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Glass;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Tests.Evpn;
using Fabric.SoftGate.Upstream;

namespace Fabric.SoftGate.Tests.Upstream;

/// <summary>From states to sessions and announcements.</summary>
public sealed class UpstreamPlanTests
{
    [Fact]
    public void Public_addresses_are_those_of_rules_balancers_and_routed_prefixes_with_their_owners()
    {
        var plan = UpstreamPlan.Of(State());
        Assert.Equal(
            """
            192.0.2.64/28 True
            2001:db8:9::/48 True
            2001:db8:ffff::1/128 False
            203.0.113.1/32 True
            203.0.113.2/32 False
            203.0.113.3/32 False
            203.0.113.4/32 True
            203.0.113.5/32 True
            """,
            string.Join('\n', plan.Public.Select(p => $"{p.Key} {p.Value}").Order(StringComparer.Ordinal)));

        // Whose VPC is not there, and what is internal, is nobody's.
        Assert.All(UpstreamPlan.Of(State() with { Partner = null }).Public.Values, Assert.True);
    }

    [Fact]
    public void The_owner_is_plain_the_partner_longer_and_an_owner_without_sessions_the_longest()
    {
        var plan = UpstreamPlan.Of(State());
        var (own, partners) = (IpPrefix.Parse("203.0.113.1/32"), IpPrefix.Parse("203.0.113.2/32"));
        Assert.Equal((0, 3), (plan.Announced(healthy: true, ready: true)[own], plan.Announced(healthy: true, ready: true)[partners]));
        Assert.Equal((6, 3), (plan.Announced(healthy: true, ready: false)[own], plan.Announced(healthy: true, ready: false)[partners]));
        Assert.Empty(plan.Announced(healthy: false, ready: true));
        Assert.Equal("65041 65041 65041", plan.Attributes(3).AsPath.ToString());
        Assert.Null(RouteInjection.Unicast(own, plan.Attributes(6)).Fault());
    }

    [Fact]
    public void Sessions_carry_the_families_that_their_link_has_next_hops_for()
    {
        var peers = UpstreamPlan.Of(State()).Peers(new()).ToDictionary(p => p.Address.ToString());
        Assert.Equal(["198.51.100.1", "198.51.100.17", "2001:db8:f1::1"], peers.Keys.Order(StringComparer.Ordinal));

        // Both versions over one session: nobody on the link speaks the other one.
        var both = peers["198.51.100.1"];
        Assert.Equal([AddressFamily.Ipv4Unicast, AddressFamily.Ipv6Unicast], both.Families);
        Assert.Equal(("198.51.100.0", "198.51.100.0", "2001:db8:f0::2"), ($"{both.LocalAddress}", $"{both.NextHopV4}", $"{both.NextHopV6}"));
        Assert.Equal([AddressFamily.Ipv4Unicast], peers["198.51.100.17"].Families);
        Assert.Equal([AddressFamily.Ipv6Unicast], peers["2001:db8:f1::1"].Families);
        Assert.All(peers.Values, p => Assert.True(p is { OwnRoutesOnly: true, OpenWithoutPolicy: false, Import: not null, Export: not null, MaxPrefixes: 1000 }));
    }

    [Theory]
    [InlineData("0.0.0.0/0", true)]
    [InlineData("::/0", true)]
    [InlineData("192.0.2.0/24", true)]
    [InlineData("2001:db8::/32", true)]
    [InlineData("0.0.0.0/8", false)]
    [InlineData("127.0.0.1/32", false)]
    [InlineData("169.254.0.0/16", false)]
    [InlineData("224.0.0.0/4", false)]
    [InlineData("::1/128", false)]
    [InlineData("fe80::/64", false)]
    [InlineData("ff02::/16", false)]
    public void Routers_may_send_ways_to_hosts(string prefix, bool passes)
    {
        var import = UpstreamPlan.Of(State()).Peers(new()).First().Import!;
        var route = RouteInjection.Unicast(IpPrefix.Parse(prefix), new PathAttributes());
        Assert.Equal(passes, import.Apply(new PolicyRoute(route.Family, route.Nlri.Span), new PathAttributes()) is not null);
    }

    [Fact]
    public void The_same_state_gives_the_same_sessions_and_other_addresses_leave_them_alone()
    {
        var before = UpstreamPlan.Of(State()).Peers(new()).ToList();
        Assert.Equal(before, UpstreamPlan.Of(SoftGateJson.Read(SoftGateJson.Write(State()))).Peers(new()));
        Assert.Equal(before, UpstreamPlan.Of(State() with { Nat = [], PublicAddresses = [] }).Peers(new()));
    }

    internal static SoftGateState State()
    {
        var state = Samples.State();
        return state with
        {
            Node = state.Node with
            {
                Upstreams =
                [
                    new()
                    {
                        Port = "eth3", Addresses = [IpInterface.Parse("198.51.100.0/31"), IpInterface.Parse("2001:db8:f0::2/64")],
                        Peers = [new(IpAddr.Parse("198.51.100.1"), new Asn(65100)), new(IpAddr.Parse("198.51.100.9"), new Asn(65041))],
                    },
                    new()
                    {
                        Port = "eth4", Vlan = new VlanId(7), Addresses = [IpInterface.Parse("198.51.100.16/31"), IpInterface.Parse("2001:db8:f1::2/64")],
                        Peers = [new(IpAddr.Parse("198.51.100.17"), new Asn(65100)), new(IpAddr.Parse("2001:db8:f1::1"), new Asn(65100))],
                    },
                ],
            },
            Nat =
            [
                .. state.Nat,
                new() { Uid = 32, Vpc = 2, Kind = SoftGateNatKind.Static, InsideAddress = IpAddr.Parse("10.1.1.5"), Public = [IpAddr.Parse("203.0.113.2")] },
                new() { Uid = 33, Vpc = 2, Kind = SoftGateNatKind.Source, Public = [IpAddr.Parse("203.0.113.3"), IpAddr.Parse("2001:db8:ffff::1")] },
                new()
                {
                    Uid = 34, Vpc = 1, Kind = SoftGateNatKind.Prefix, Inside = IpPrefix.Parse("fd00::/48"), PublicPrefix = IpPrefix.Parse("2001:db8:9::/48"),
                },
                new() { Uid = 35, Vpc = 99, Kind = SoftGateNatKind.Source, Public = [IpAddr.Parse("203.0.113.99")] },
            ],
            Balancers =
            [
                new() { Uid = 41, Vpc = 1, Address = IpAddr.Parse("203.0.113.4"), Protocol = 6, Ports = new(80, 80) },
                new() { Uid = 42, Vpc = 1, Address = IpAddr.Parse("10.1.1.80"), Internal = true, Protocol = 6, Ports = new(80, 80) },
            ],
            PublicAddresses =
            [
                new() { Prefix = IpPrefix.Parse("203.0.113.5/32"), Vpc = 1 },
                new() { Prefix = IpPrefix.Parse("192.0.2.64/28"), Vpc = 1, Routed = true },
            ],
        };
    }
}
