using System.Diagnostics;
using System.Globalization;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Tests.Vtep;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.Bgp.Tests.Vtep.Fabrics;

namespace Fabric.Bgp.Tests.Lint;

public sealed class EvpnLinterTests
{
    private static readonly EvpnLinterOptions AtOnce = new() { RaiseAfter = TimeSpan.Zero };

    private readonly EvpnLinter _linter = new(AtOnce);

    [Fact]
    public void One_MAC_at_two_VTEPs_is_found_until_one_of_them_moves_on()
    {
        Clean(1, 2);
        Assert.Empty(Say(MacIp(1)));
        Raised("duplicate-mac", "MAC 02:00:00:00:00:01 of VNI 100", Say(MacIp(2)));
        Assert.Equal(
            ["type 2, VTEP 10.0.0.1, sequence 0", "type 2, VTEP 10.0.0.2, sequence 0"], Assert.Single(_linter.Findings).Evidence);
        Cleared("duplicate-mac", Say(MacIp(2, sequence: 1)));
        Assert.Empty(_linter.Findings);
    }

    [Fact]
    public void One_address_at_two_VTEPs_is_found_until_one_withdraws_it()
    {
        Clean(1, 2);
        Say(MacIp(1, ip: Ip));
        Raised("duplicate-ip", "address 10.1.0.1 of VNI 100", Say(MacIp(2, OtherMac, ip: Ip)));
        Cleared("duplicate-ip", Say(MacIp(2, OtherMac, ip: Ip, gone: true)));
    }

    [Fact]
    public void Routers_of_one_segment_gateways_and_reflectors_are_no_duplicates()
    {
        Clean(1, 2);
        foreach (var path in new[] { OnSegment(1), OnSegment(2), MacIp(1, esi: Esi), MacIp(2, esi: Esi), MacIp(1, OtherMac), MacIp(1, OtherMac, source: SecondPeer) })
        {
            Assert.Empty(Say(path));
        }

        Assert.Empty(Say(Gateway(1)));
        Assert.Empty(Say(Gateway(2)));
        Raised("duplicate-mac", "MAC 02:00:00:00:00:fe of VNI 100", Say(MacIp(3, MacAddress.Parse("02:00:00:00:00:fe"), vni: 100)), others: true);
    }

    [Fact]
    public void A_VTEP_with_two_routers_MACs_is_found()
    {
        Say(Prefix(1, "10.1.0.0/24", routerMac: RouterMac(1)));
        Raised("router-mac-conflict", "VTEP 10.0.0.1", Say(Prefix(1, "10.2.0.0/24", routerMac: RouterMac(2))));
        Cleared("router-mac-conflict", Say(Prefix(1, "10.2.0.0/24", routerMac: RouterMac(1))));
    }

    [Fact]
    public void A_route_target_without_importer_is_found_when_importers_are_known()
    {
        var linter = new EvpnLinter(AtOnce with { ImportersKnown = true });
        var target = RouteTarget.Parse("1:100");
        Raised("unimported-target", "route target 1:100", linter.Apply(Multicast(1), Start));
        Cleared("unimported-target", linter.Importer(target, true, Start));
        Raised("unimported-target", "route target 1:100", linter.Importer(target, false, Start));
        Cleared("unimported-target", linter.Importer(null, true, Start));
        linter.Importer(null, false, Start);
        Cleared("unimported-target", linter.Apply(Multicast(1, gone: true), Start));
    }

    [Fact]
    public void A_route_target_with_two_VNIs_is_found()
    {
        Say(Multicast(1));
        Raised("target-vni-mismatch", "route target 1:100", Say(Multicast(2, vni: 200)));
        Cleared("target-vni-mismatch", Say(Multicast(2, vni: 200, gone: true)));
    }

    [Fact]
    public void An_RD_whose_routes_carry_two_VNIs_is_found()
    {
        Say(Multicast(1, target: "1:1"));
        Raised("rd-vni-mismatch", "RD 10.0.0.1:1 tag 0", Say(MacIp(1, vni: 200, target: "1:2")), others: true);
        Cleared("rd-vni-mismatch", Say(MacIp(1, vni: 100, target: "1:1")), others: true);
    }

    [Fact]
    public void MACs_of_a_VTEP_that_wants_no_flooded_frames_are_found()
    {
        Raised("missing-multicast", "VTEP 10.0.0.1 in VNI 100", Say(MacIp(1)));
        Cleared("missing-multicast", Say(Multicast(1)));
        Raised("missing-multicast", "VTEP 10.0.0.1 in VNI 100", Say(Multicast(1, gone: true)));
        Cleared("missing-multicast", Say(MacIp(1, gone: true)));
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(0, 2, 1)]
    [InlineData(1, 0, 2)]
    [InlineData(1, 2, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 0)]
    public void A_Mac_on_a_segment_and_beside_it_is_found_in_whatever_order_the_routes_come(int first, int second, int third)
    {
        // Another RD each: three routes. One VTEP has the MAC on the segment and off it, another one on the segment.
        EvpnPathEvent[] paths = [MacIp(1, esi: Esi), (EvpnPathEvent.MacIp)MacIp(1) with { Source = SecondPeer }, MacIp(2, esi: Esi)];
        Clean(1, 2);
        Say(OnSegment(1));
        Say(OnSegment(2));
        Say(paths[first]);
        Say(paths[second]);
        Say(paths[third]);
        Assert.Contains(_linter.Findings, static f => f.Code == LintCode.DuplicateMac);
    }

    [Fact]
    public void A_segment_in_use_that_is_not_announced_is_found()
    {
        Clean(1);
        Raised("missing-auto-discovery", $"VTEP 10.0.0.1 on segment {Esi}", Say(MacIp(1, esi: Esi)));
        Say(InBridge(1));
        Assert.Single(_linter.Findings);
        Cleared("missing-auto-discovery", Say(OnSegment(1)));
    }

    [Fact]
    public void What_is_over_soon_is_not_raised_and_what_lasts_is_raised_with_the_time_it_began()
    {
        var linter = new EvpnLinter(new EvpnLinterOptions { RaiseAfter = TimeSpan.FromSeconds(5) });
        Assert.Empty(linter.Apply(MacIp(1), Start));
        Assert.Empty(linter.Findings);
        linter.Apply(Multicast(1), Start.AddSeconds(1));
        linter.Apply(Multicast(1, gone: true), Start.AddSeconds(3));
        Assert.Empty(linter.Tick(Start.AddSeconds(5)));
        Assert.Equal(Start.AddSeconds(8), linter.NextDeadline);
        Raised("missing-multicast", "VTEP 10.0.0.1 in VNI 100", linter.Tick(Start.AddSeconds(8)));
        Assert.Equal(Start.AddSeconds(3), Assert.Single(linter.Findings).FirstSeen);
        Assert.Null(linter.NextDeadline);
    }

    [Fact]
    public void Codes_have_texts_of_their_own() =>
        Assert.Equal(Enum.GetValues<LintCode>().Length, Enum.GetValues<LintCode>().Select(static c => c.Text()).Distinct().Count());

    [Fact]
    public void The_findings_are_those_of_a_linter_that_saw_only_what_is_left() => Prop.ForAll(
        Paths.ArrayOf().ToArbitrary(),
        paths =>
        {
            var (all, left) = (new EvpnLinter(AtOnce), new EvpnLinter(AtOnce));
            var raised = new HashSet<string>(StringComparer.Ordinal);
            foreach (var change in paths.SelectMany(p => all.Apply(p, Start)))
            {
                var name = $"{change.Finding.Code} {change.Finding.Subject}";
                Assert.True(change.Raised ? raised.Add(name) : raised.Remove(name));
            }

            foreach (var path in paths.GroupBy(static p => KeyOf(p)).Select(static g => g.Last()).Where(static p => p.Attributes is not null))
            {
                left.Apply(path, Start);
            }

            var (seen, expected) = (Show(all), Show(left));
            foreach (var path in paths)
            {
                all.Apply(path with { Attributes = null }, Start);
            }

            return seen == expected && raised.Count == left.Findings.Length && all.Findings.IsEmpty && all.Paths == 0 && all.IsEmpty;
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(3000).WithEndSize(60));

    [Fact]
    public void Clean_routes_cost_little()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("FABRIC_LINT_ROUTES") ?? "100000", CultureInfo.InvariantCulture);
        var linter = new EvpnLinter();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var floods = Enumerable.Range(1, 100).Select(static v => Multicast(v)).ToList();
        floods.ForEach(f => linter.Apply(f, Start));
        var attributes = Enumerable.Range(1, 100).Select(static v => MacIp(v).Attributes!).ToArray();
        var clock = Stopwatch.StartNew();
        for (var n = 0; n < count; n++)
        {
            var route = new MacIpRoute(
                new(Rd(1 + (n % 100)), 0, new MacAddress(0x0200_0000_0000u + (ulong)n), IpAddr.V4(0x0b00_0000u + (uint)n)), default, EvpnLabel.Of(L2), null);
            linter.Apply(new EvpnPathEvent.MacIp(Peer, route, attributes[n % 100]), Start);
        }

        var elapsed = clock.Elapsed;
        var octets = (GC.GetAllocatedBytesForCurrentThread() - before) / count;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{count} routes: {elapsed.TotalNanoseconds / count:F0} ns and {octets} octets allocated a route"));
        Assert.Empty(linter.Findings);
        Assert.Equal(count + 100, linter.Paths);
        Assert.InRange(octets, 0, 4000);
    }

    private static readonly Gen<EvpnPathEvent> Paths =
        from kind in Gen.Choose(0, 6)
        from vtep in Gen.Choose(1, 3)
        from item in Gen.Choose(0, 1)
        from variant in Gen.Choose(0, 5)
        from gone in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        from second in Gen.Elements(true, false)
        select Make(kind, vtep, item, variant, gone) with { Source = second ? SecondPeer : Peer };

    private static EvpnPathEvent Make(int kind, int vtep, int item, int variant, bool gone) => kind switch
    {
        0 => MacIp(vtep, item == 0 ? Mac : OtherMac, (uint)variant / 3, vni: variant == 0 ? 200u : 100u, gone: gone),
        1 => MacIp(vtep, item == 0 ? Mac : OtherMac, (uint)variant / 3, ip: Ip, esi: variant == 1 ? Esi : default, routed: variant == 2, gone: gone),
        2 => Multicast(vtep, gone, vni: variant == 0 ? 200u : 100u),
        3 => Prefix(vtep, $"10.{item}.0.0/16", routerMac: RouterMac(variant == 0 ? 1 : vtep), label: variant == 1 ? 5001u : 5000u, gone: gone),
        4 => OnSegment(vtep, gone),
        5 => InBridge(vtep, gone),
        _ => Router(vtep, gone: gone),
    };

    private static object KeyOf(EvpnPathEvent path) => path switch
    {
        EvpnPathEvent.MacIp p => (p.Source, p.Route.Key),
        EvpnPathEvent.Multicast p => (p.Source, p.Route.Key),
        EvpnPathEvent.Prefix p => (p.Source, p.Route.Key),
        EvpnPathEvent.AutoDiscovery p => (p.Source, p.Route.Key),
        EvpnPathEvent.Segment p => (p.Source, p.Route.Key),
        _ => throw new UnreachableException(),
    };

    private static string Show(EvpnLinter linter) => string.Join('\n', linter.Findings.Select(static f => $"{f.Code} {f.Subject} {string.Join(", ", f.Evidence)}"));

    private static EvpnPathEvent Gateway(int vtep)
    {
        var path = (EvpnPathEvent.MacIp)MacIp(vtep, MacAddress.Parse("02:00:00:00:00:fe"));
        return path with
        {
            Attributes = new PathAttributes
            {
                NextHop = path.Attributes!.NextHop,
                ExtendedCommunities = path.Attributes.ExtendedCommunities.Add(ExtendedCommunity.DefaultGateway()),
            },
        };
    }

    private static void Raised(string code, string subject, IEnumerable<LintEvent> events, bool others = false) =>
        Assert.Single(others ? events.Where(e => e.Finding.Code.Text() == code) : events, e => e.Raised && e.Finding.Code.Text() == code && e.Finding.Subject == subject);

    private static void Cleared(string code, IEnumerable<LintEvent> events, bool others = false) =>
        Assert.Single(others ? events.Where(e => e.Finding.Code.Text() == code) : events, e => !e.Raised && e.Finding.Code.Text() == code);

    private IEnumerable<LintEvent> Say(EvpnPathEvent path) => _linter.Apply(path, Start);

    private void Clean(params ReadOnlySpan<int> vteps)
    {
        foreach (var vtep in vteps)
        {
            Assert.Empty(Say(Multicast(vtep)));
        }
    }
}
