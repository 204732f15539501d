using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Evpn;
using Fabric.TestKit.Files;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.SoftGate.Tests.Evpn;

/// <summary>From states to routes.</summary>
public sealed class EvpnPlanTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_node_says_of_each_VPC_where_its_owner_is(int node) => Golden.Verify($"g{node}.txt", string.Join('\n', Routes(Samples.State(node))) + "\n");

    [Fact]
    public void Both_nodes_say_the_same_but_for_the_route_distinguisher()
    {
        Assert.Equal(Without(Routes(Samples.State(1))), Without(Routes(Samples.State(2))));

        static IEnumerable<string> Without(IEnumerable<string> routes) => routes.Select(r => r[(r.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Only_a_VPC_with_a_way_out_gets_a_default_route()
    {
        var state = Samples.State() with { Nat = [] };
        Assert.Equal(["::/0"], Defaults(state, Samples.Blue));
        Assert.Equal([], Defaults(state, Samples.Red));
        Assert.Equal(["0.0.0.0/0"], Defaults(state.WithRed(v => v with { RoutedIpv4 = true }), Samples.Red));
        Assert.Equal(["::/0"], Defaults(state.WithRed(v => v with { RoutedIpv6 = true }), Samples.Red));
        var balancer = new SoftGateBalancer { Uid = 1, Vpc = 1, Address = IpAddr.Parse("203.0.113.9"), Protocol = 6, Ports = new(80, 80) };
        Assert.Equal(["0.0.0.0/0"], Defaults(state with { Balancers = [balancer] }, Samples.Red));
        Assert.Equal([], Defaults(state with { Balancers = [balancer with { Internal = true }] }, Samples.Red));
        Assert.Equal(["0.0.0.0/0"], Defaults(state with { PublicAddresses = [new() { Prefix = IpPrefix.Parse("203.0.113.64/28"), Vpc = 1, Routed = true }] }, Samples.Red));
        var prefix = new SoftGateNat
        {
            Uid = 1,
            Vpc = 1,
            Kind = SoftGateNatKind.Prefix,
            Inside = IpPrefix.Parse("fd00::/48"),
            PublicPrefix = IpPrefix.Parse("2001:db8:9::/48"),
        };
        Assert.Equal(["::/0"], Defaults(state with { Nat = [prefix] }, Samples.Red));

        static IEnumerable<string> Defaults(SoftGateState state, Vni vni) => EvpnPlan.Of(state).Vrfs[vni].Prefixes.Where(p => p.Length == 0).Select(p => $"{p}");
    }

    [Fact]
    public void Without_a_partner_everything_is_the_nodes_own() =>
        Assert.All(EvpnPlan.Of(Samples.State() with { Partner = null }).Vrfs.Values, v => Assert.Equal(Samples.Service(1), v.Vtep));

    [Fact]
    public void An_IPv6_loopback_still_has_an_identifier_of_its_own()
    {
        var node = Samples.State().Node with { Loopback = IpAddr.Parse("2001:db8::1") };
        Assert.Equal(IpAddr.Parse("0.7.0.41"), EvpnPlan.RouterIdOf(node));
        Assert.All(EvpnPlan.Of(Samples.State() with { Node = node }).Peers(new()), p => Assert.Null(p.LocalAddress));
    }

    [Fact]
    public void The_same_state_changes_nothing_and_another_owner_changes_next_hops_only()
    {
        var plan = EvpnPlan.Of(Samples.State());
        Assert.Equal([], EvpnPlan.Events(plan, EvpnPlan.Of(SoftGateJson.Read(SoftGateJson.Write(Samples.State())))));
        var events = EvpnPlan.Events(plan, EvpnPlan.Of(Samples.State().WithRed(v => v with { Owner = "g2" })));
        Assert.Equal(3, events.Count);
        Assert.All(events, e => Assert.True(e is VtepEvent.L2VniSet { Config.Address: var a } && a == Samples.Service(2) || e is VtepEvent.L3VniSet { Config.Address: var b } && b == Samples.Service(2)));
    }

    /// <summary>Whatever states follow each other, what is said is what the last one alone would say.</summary>
    [Fact]
    public void Changes_lead_to_the_routes_of_the_last_state() => Prop.ForAll(
        Arb.From(Gen.ListOf(Gen.Choose(0, int.MaxValue - 1), 8)),
        seeds =>
        {
            var speaker = Speaker();
            EvpnPlan? plan = null;
            foreach (var state in seeds.Select(s => Random(new Random(s))).Append(Random(new Random(seeds.Count))))
            {
                var next = EvpnPlan.Of(state);
                Tell(speaker, EvpnPlan.Events(plan, next));
                plan = next;
                Assert.Equal(Routes(state), Text(speaker));
            }
        }).QuickCheckThrowOnFailure();

    private static SoftGateState Random(Random random)
    {
        var state = Samples.State();
        return state with
        {
            Node = state.Node with { GatewayMac = random.Next(4) == 0 ? Samples.RouterMac : Samples.GatewayMac, DeviceNumber = (ushort)(random.Next(5) == 0 ? 50 : 41) },
            Vpcs = state.Vpcs.Where(_ => random.Next(4) > 0).Select(v => v with { Owner = $"g{1 + random.Next(2)}", RoutedIpv4 = random.Next(2) == 0 }).ToValueList(),
            VNets = state.VNets.Where(_ => random.Next(4) > 0)
                .Select(v => v with { Gateways = v.Gateways.Where(_ => random.Next(3) > 0).ToValueList(), Vpc = random.Next(4) == 0 ? 2 : v.Vpc }).ToValueList(),
            Nat = random.Next(2) == 0 ? [] : state.Nat,
        };
    }

    private static VtepState Speaker() => new(new VtepConfig { Addresses = [Samples.Service(1)], RouterMac = Samples.RouterMac, Asn = new Asn(65041) });

    private static void Tell(VtepState speaker, IEnumerable<VtepEvent> events)
    {
        foreach (var e in events)
        {
            foreach (var action in speaker.Apply(e, DateTimeOffset.UnixEpoch))
            {
                Assert.False(action is VtepAction.Ignored, $"{e}: {action}");
            }
        }
    }

    private static List<string> Routes(SoftGateState state)
    {
        var speaker = Speaker();
        Tell(speaker, EvpnPlan.Events(null, EvpnPlan.Of(state)));
        return Text(speaker);
    }

    private static List<string> Text(VtepState speaker) => [.. speaker.Originated.Select(Text).Order(StringComparer.Ordinal)];

    private static string Text(EvpnPathEvent path) => path switch
    {
        EvpnPathEvent.Multicast p => $"{p.Route.Key.Rd} flood {p.Route.Key.Originator} vni {p.Attributes!.PmsiTunnel!.Value.Label.Vni} to {p.Attributes.PmsiTunnel.Value.Endpoint}{Text(p.Attributes)}",
        EvpnPathEvent.MacIp p => $"{p.Route.Key.Rd} mac {p.Route.Key.Mac} ip {p.Route.Key.Ip?.ToString() ?? "-"} vni {p.Route.Label1.Vni}/{p.Route.Label2?.Vni}{Text(p.Attributes!)}",
        EvpnPathEvent.Prefix p => $"{p.Route.Key.Rd} prefix {p.Route.Key.Prefix} vni {p.Route.Label.Vni} gateway {p.Route.Gateway}{Text(p.Attributes!)}",
        _ => throw new ArgumentException($"{path}"),
    };

    private static string Text(PathAttributes attributes) =>
        $" via {attributes.NextHop} rt {string.Join(',', attributes.RouteTargets)}{(attributes.IsDefaultGateway ? " default-gateway" : "")}"
        + $"{(attributes.RouterMac is { } mac ? $" router-mac {mac}" : "")}{(attributes.AsPath.ToString() is { Length: > 0 } path ? $" path {path}" : "")}";
}
