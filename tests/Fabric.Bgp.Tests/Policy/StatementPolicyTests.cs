using System.Collections.Immutable;
using System.Reflection;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Policy;
using Fabric.Bgp.Policy.Edits;
using Fabric.Bgp.Policy.Matches;
using Fabric.Bgp.Wire;
using Fabric.Primitives;
using static Fabric.Bgp.Tests.Policy.PolicyRoutes;

namespace Fabric.Bgp.Tests.Policy;

/// <summary>What statements decide, change and say about it.</summary>
public sealed class StatementPolicyTests
{
    private static readonly PolicyStatement AcceptAll = new("rest", [], [], PolicyVerdict.Accept);

    [Fact]
    public void The_first_statement_for_a_route_decides()
    {
        var policy = new StatementPolicy("p", [Statement("no-prefixes", PolicyVerdict.Reject, new EvpnTypeMatch([5])), AcceptAll]);
        Assert.NotNull(Run(policy, MacIp));
        Assert.Null(Run(policy, Prefix));
    }

    [Fact]
    public void What_no_statement_decides_is_refused_or_accepted_as_the_policy_says()
    {
        Assert.Null(Run(new StatementPolicy("p", []), MacIp));
        Assert.NotNull(Run(new StatementPolicy("p", [], PolicyVerdict.Accept), MacIp));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StatementPolicy("p", [], PolicyVerdict.Next));
    }

    [Fact]
    public void All_conditions_of_a_statement_must_hold()
    {
        var statement = Statement("s", PolicyVerdict.Accept, new EvpnTypeMatch([2]), new VniMatch([new(new Vni(1), new Vni(2))]));
        Assert.Null(Run(new StatementPolicy("p", [statement]), MacIp));
    }

    [Fact]
    public void A_later_statement_sees_what_an_earlier_one_has_changed()
    {
        var mark = new PolicyStatement("mark", [], [new EditCommunities(new(null, [], Patterns<CommunityPattern, uint>("65000:1")))], PolicyVerdict.Next);
        var marked = Statement("marked", PolicyVerdict.Accept, new CommunityMatch(new(Patterns<CommunityPattern, uint>("65000:1"), false)));
        Assert.Equal([0xfde8_0001], Run(new StatementPolicy("p", [mark, marked]), MacIp)!.Communities);
    }

    [Fact]
    public void A_route_that_nothing_changes_keeps_its_attribute_object_and_costs_no_memory()
    {
        var attributes = new PathAttributes
        {
            NextHop = IpAddr.Parse("10.0.0.1"),
            LocalPref = 200,
            Communities = [0xfde8_0001],
            ExtendedCommunities = [ExtendedCommunity.Of(RouteTarget.Parse("65000:10100"))],
            AsPath = AsPath.Sequence(65001, 65002),
        };
        var policy = new StatementPolicy(
            "p",
            [
                Statement("a", PolicyVerdict.Reject, new PrefixListMatch([new PrefixList("l", [new(IpPrefix.Parse("192.0.2.0/24"), 24, 32)])])),
                Statement("b", PolicyVerdict.Reject, new AsPathLengthMatch(3, 9), new AsPathMatch(AsPathPlace.Anywhere, [new Asn(7)])),
                Statement("c", PolicyVerdict.Reject, new LargeCommunityMatch(new(Patterns<LargeCommunityPattern, LargeCommunity>("1:*:*"), true))),
                new PolicyStatement(
                    "d",
                    [new RouteTargetMatch(new(Patterns<RouteTargetPattern, ExtendedCommunity>("65000:*"), false)), new NextHopMatch([IpPrefix.Parse("10.0.0.0/8")])],
                    [
                        new SetLocalPreference(200),
                        new EditCommunities(new(null, Patterns<CommunityPattern, uint>("65001:*"), Patterns<CommunityPattern, uint>("65000:1"))),
                        new SetNextHop(NextHopRule.AsInAttributes),
                    ],
                    PolicyVerdict.Accept),
            ]);
        Assert.Same(attributes, Run(policy, MacIp, attributes));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            policy.Apply(new PolicyRoute(AddressFamily.L2VpnEvpn, MacIp), attributes, out _);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void An_edit_of_one_attribute_leaves_all_others_as_they_were()
    {
        var full = new PathAttributes
        {
            Origin = RouteOrigin.Egp,
            AsPath = AsPath.Sequence(1, 2),
            NextHop = IpAddr.Parse("10.0.0.1"),
            Med = 5,
            LocalPref = 6,
            AtomicAggregate = true,
            Aggregator = new(7, IpAddr.Parse("10.0.0.7")),
            Communities = [8],
            OriginatorId = IpAddr.Parse("10.0.0.9"),
            ClusterList = [IpAddr.Parse("10.0.0.10")],
            ExtendedCommunities = [new(11)],
            PmsiTunnel = new(1, 6, new EvpnLabel(12), default),
            LargeCommunities = [new(13, 1, 2)],
            Unknown = [new(AttributeFlags.Optional, 200, new Octets([1]))],
        };
        var settable = typeof(PathAttributes).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).ToList();
        Assert.All(settable, p => Assert.NotEqual(p.GetValue(new PathAttributes()), p.GetValue(full)));

        var edited = Edit(full, new SetLocalPreference(99));
        Assert.Equal(99u, edited.LocalPref);
        Assert.All(settable.Where(p => p.Name != nameof(PathAttributes.LocalPref)), p => Assert.Equal(p.GetValue(full), p.GetValue(edited)));
    }

    [Fact]
    public void A_policy_depends_on_the_route_only_where_a_statement_that_is_asked_looks_at_it()
    {
        var looks = Statement("looks", PolicyVerdict.Reject, new EvpnTypeMatch([2]));
        var attributesOnly = Statement("target", PolicyVerdict.Accept, new RouteTargetMatch(new(Patterns<RouteTargetPattern, ExtendedCommunity>("1:1"), false)));
        Assert.False(new StatementPolicy("p", [attributesOnly, AcceptAll, looks]).DependsOnRoute);
        Assert.True(new StatementPolicy("p", [attributesOnly, looks, AcceptAll]).DependsOnRoute);
    }

    [Fact]
    public void Prefix_lists_see_unicast_prefixes_type_5_prefixes_and_type_2_addresses()
    {
        var list = new PrefixListMatch([new PrefixList("l", [new(IpPrefix.Parse("10.0.0.0/8"), 8, 32), new(IpPrefix.Parse("fd00::/8"), 8, 128)])]);
        Assert.True(Matches(list, MacIp));
        Assert.True(Matches(list, Prefix));
        Assert.True(Matches(list, UnicastRoute("10.2.3.0/24"), family: AddressFamily.Ipv4Unicast));
        Assert.True(Matches(list, UnicastRoute("fd00:1::/33"), family: AddressFamily.Ipv6Unicast));
        Assert.False(Matches(list, UnicastRoute("11.0.0.0/8"), family: AddressFamily.Ipv4Unicast));
        Assert.False(Matches(list, MacOnly));
        Assert.False(Matches(list, Multicast));
    }

    [Fact]
    public void Vni_ranges_see_labels_and_the_label_of_the_tunnel()
    {
        var range = new VniMatch([new(new Vni(10000), new Vni(10999))]);
        Assert.True(Matches(range, MacIp));
        Assert.True(Matches(range, AutoDiscovery));
        Assert.True(Matches(new VniMatch([new(new Vni(50001), new Vni(50001))]), MacIp));
        Assert.False(Matches(range, Prefix));
        Assert.False(Matches(range, Multicast));
        Assert.True(Matches(range, Multicast, new PathAttributes { PmsiTunnel = new(0, 6, new EvpnLabel(10100), default) }));
    }

    [Fact]
    public void A_route_that_cannot_be_read_fits_no_condition_on_its_fields_and_does_not_throw()
    {
        var any = new PrefixListMatch([new PrefixList("l", [new(IpPrefix.Parse("0.0.0.0/0"), 0, 32), new(IpPrefix.Parse("::/0"), 0, 128)])]);
        foreach (var whole in new[] { MacIp, Prefix, AutoDiscovery, Multicast })
        {
            for (var length = 0; length < whole.Length; length++)
            {
                Assert.False(Matches(any, whole[..length]));
                Assert.False(Matches(new MacMatch([MacAddress.Parse("02:00:00:00:00:01")]), whole[..length]));
            }
        }

        Assert.False(Matches(any, [33, 1, 2, 3, 4, 5], family: AddressFamily.Ipv4Unicast));
        Assert.False(Matches(any, [24, 1, 2], family: AddressFamily.Ipv4Unicast));
        Assert.False(Matches(any, [], family: AddressFamily.Ipv6Unicast));
    }

    [Fact]
    public void As_paths_are_looked_at_by_place_and_length()
    {
        var path = new PathAttributes { AsPath = new AsPath([new(AsPathSegmentKind.Sequence, [1, 2]), new(AsPathSegmentKind.Set, [3, 4])]) };
        Assert.True(Matches(new AsPathMatch(AsPathPlace.Anywhere, [new Asn(4)]), MacIp, path));
        Assert.True(Matches(new AsPathMatch(AsPathPlace.First, [new Asn(1)]), MacIp, path));
        Assert.False(Matches(new AsPathMatch(AsPathPlace.Origin, [new Asn(4)]), MacIp, path));
        Assert.True(Matches(new AsPathMatch(AsPathPlace.Origin, [new Asn(9)]), MacIp, new PathAttributes { AsPath = AsPath.Sequence(8, 9) }));
        Assert.True(Matches(new AsPathLengthMatch(3, 3), MacIp, path));
        Assert.Equal(3, path.AsPath.Length);
        Assert.True(Matches(new AsPathLengthMatch(0, 0), MacIp, new PathAttributes()));
        Assert.False(Matches(new AsPathMatch(AsPathPlace.Origin, [new Asn(9)]), MacIp, new PathAttributes()));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Any_or_all_communities_are_asked_for(bool all, bool holds) => Assert.Equal(
        holds,
        Matches(new CommunityMatch(new(Patterns<CommunityPattern, uint>("1:1", "2:*", "no-export"), all)), MacIp, new PathAttributes { Communities = [0x0002_0007, 0xffff_ff01] }));

    [Fact]
    public void Families_next_hops_and_macs_are_looked_at()
    {
        Assert.True(Matches(new FamilyMatch([AddressFamily.L2VpnEvpn]), MacIp));
        Assert.False(Matches(new FamilyMatch([AddressFamily.L2VpnEvpn]), UnicastRoute("10.0.0.0/8"), family: AddressFamily.Ipv4Unicast));
        Assert.True(Matches(new NextHopMatch([IpPrefix.Parse("10.1.1.0/24")]), MacIp));
        Assert.False(Matches(new NextHopMatch([IpPrefix.Parse("10.1.2.0/24")]), MacIp));
        Assert.True(Matches(new MacMatch([MacAddress.Parse("02:00:00:00:00:01")]), MacIp));
        Assert.False(Matches(new MacMatch([MacAddress.Parse("02:00:00:00:00:01")]), MacOnly));
    }

    [Theory]
    [InlineData(MedChange.Set, null, 7u, 7u)]
    [InlineData(MedChange.Add, null, 7u, 7u)]
    [InlineData(MedChange.Add, uint.MaxValue - 1, 7u, uint.MaxValue)]
    [InlineData(MedChange.Subtract, 10u, 7u, 3u)]
    [InlineData(MedChange.Subtract, 3u, 7u, 0u)]
    public void The_med_is_changed_and_never_wraps(MedChange change, uint? before, uint by, uint after) =>
        Assert.Equal(after, Edit(new PathAttributes { Med = before }, new ChangeMed(change, by)).Med);

    [Fact]
    public void Communities_are_set_deleted_and_added_in_this_order()
    {
        var change = new CommunityChange<CommunityPattern, uint>(
            Patterns<CommunityPattern, uint>("1:1", "2:2"), Patterns<CommunityPattern, uint>("1:*"), Patterns<CommunityPattern, uint>("3:3", "2:2"));
        Assert.Equal([0x0002_0002, 0x0003_0003], Edit(new PathAttributes { Communities = [9] }, new EditCommunities(change)).Communities);
    }

    [Fact]
    public void Route_targets_are_changed_and_other_extended_communities_stay()
    {
        var edit = new EditRouteTargets(Patterns<RouteTargetPattern, ExtendedCommunity>("*:10100"), Patterns<RouteTargetPattern, ExtendedCommunity>("65000:7"));
        var edited = Edit(Samples.Attributes(), edit);
        Assert.Equal([RouteTarget.Parse("65000:7")], edited.RouteTargets);
        Assert.Equal(ExtendedCommunity.VxlanTunnel, edited.TunnelType);
    }

    [Fact]
    public void Prepending_lengthens_the_first_sequence_or_begins_a_new_one()
    {
        Assert.Equal(AsPath.Sequence(9, 9, 1), Edit(new PathAttributes { AsPath = AsPath.Sequence(1) }, new PrependAs(new Asn(9), 2)).AsPath);
        Assert.Equal(AsPath.Sequence(9), Edit(new PathAttributes(), new PrependAs(new Asn(9), 1)).AsPath);
        var set = new AsPath([new(AsPathSegmentKind.Set, [3])]);
        Assert.Equal("9 {3}", Edit(new PathAttributes { AsPath = set }, new PrependAs(new Asn(9), 1)).AsPath.ToString());
        var full = new AsPath([new(AsPathSegmentKind.Sequence, [.. Enumerable.Repeat(1u, 250)])]);
        Assert.Equal([16, 250], Edit(new PathAttributes { AsPath = full }, new PrependAs(new Asn(9), 16)).AsPath.Segments.Select(s => s.Numbers.Length));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PrependAs(new Asn(1), 17));
    }

    [Fact]
    public void The_next_hop_rule_is_handed_on_with_the_answer()
    {
        Assert.Equal((NextHopRule.Self, "10.1.1.1"), NextHopAfter(PolicyVerdict.Accept, new SetNextHop(NextHopRule.Self)));
        Assert.Equal((NextHopRule.AsInAttributes, "10.9.9.9"), NextHopAfter(PolicyVerdict.Accept, new SetNextHop(NextHopRule.AsInAttributes, IpAddr.Parse("10.9.9.9"))));
        Assert.Equal((NextHopRule.AsInAttributes, "10.1.1.1"), NextHopAfter(PolicyVerdict.Accept, new SetNextHop(NextHopRule.AsInAttributes)));
        Assert.Equal((NextHopRule.Usual, null), NextHopAfter(PolicyVerdict.Next, new SetNextHop(NextHopRule.Self)));
    }

    [Fact]
    public void The_explanation_names_the_statement_that_decided_and_why_others_did_not()
    {
        var policy = new StatementPolicy("from-leaves", [Statement("type-5", PolicyVerdict.Reject, new EvpnTypeMatch([5])), Statement("low", PolicyVerdict.Accept, new VniMatch([new(new Vni(1), new Vni(99999))]))]);
        var explanation = policy.Explain(new PolicyRoute(AddressFamily.L2VpnEvpn, MacIp), Samples.Attributes());
        Assert.Equal("low", explanation.DecidedBy!.Name);
        Assert.Equal("policy from-leaves accepts: statement low (VNI in 1-99999)", explanation.ToString());
        Assert.Equal(["type-5: not for this route (EVPN route type 5)", "low: accept"], explanation.Steps.Select(s => s.ToString()));
        Assert.NotNull(explanation.Result);

        var none = policy.Explain(new PolicyRoute(AddressFamily.L2VpnEvpn, Multicast), Samples.Attributes());
        Assert.Null(none.DecidedBy);
        Assert.Equal("policy from-leaves refuses: no statement decides, the default applies", none.ToString());
    }

    [Fact]
    public void Policies_are_equal_when_they_say_the_same()
    {
        static StatementPolicy Make(uint preference) => new(
            "p",
            [
                new PolicyStatement(
                    "s",
                    [
                        new PrefixListMatch([new PrefixList("l", [new(IpPrefix.Parse("10.0.0.0/8"))])]),
                        new CommunityMatch(new(Patterns<CommunityPattern, uint>("1:*"), true)),
                        new MacMatch([MacAddress.Parse("02:00:00:00:00:01")]),
                    ],
                    [new SetLocalPreference(preference), new EditCommunities(new(null, [], Patterns<CommunityPattern, uint>("1:1"))), new PrependAs(new Asn(1), 2)],
                    PolicyVerdict.Accept),
            ]);
        Assert.Equal(Make(1), Make(1));
        Assert.Equal(Make(1).GetHashCode(), Make(1).GetHashCode());
        Assert.NotEqual(Make(1), Make(2));
    }

    private static PolicyStatement Statement(string name, PolicyVerdict verdict, params ReadOnlySpan<RouteMatch> matches) => new(name, [.. matches], [], verdict);

    private static (NextHopRule Rule, string? NextHop) NextHopAfter(PolicyVerdict verdict, RouteEdit edit)
    {
        var policy = new StatementPolicy("p", [new PolicyStatement("s", [], [edit], verdict)]);
        var result = policy.Apply(new PolicyRoute(AddressFamily.L2VpnEvpn, MacIp), Samples.Attributes(), out var rule);
        return (rule, result?.NextHop?.ToString());
    }
}
