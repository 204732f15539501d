using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;
using static Fabric.Bgp.Tests.Vtep.Fabrics;

namespace Fabric.Bgp.Tests.Vtep;

public sealed class SegmentTests
{
    private static readonly LocalSegmentConfig Segment = new() { Esi = Esi, Rd = RouteDistinguisher.Parse("10.0.0.9:7"), Vnis = [L2] };

    [Fact]
    public void A_MAC_on_a_segment_is_usable_only_while_its_VTEP_announces_the_segment()
    {
        var state = NewVtep();
        state.Say(MacIp(1, esi: Esi));
        Assert.Empty(state.Destinations(L2, state.Where()!));
        state.Say(OnSegment(1));
        Assert.Equal([new Destination(Address(1), L2)], state.Destinations(L2, state.Where()!));
    }

    [Fact]
    public void Frames_go_to_all_routers_of_a_segment_that_have_the_bridge_domain_there()
    {
        var state = NewVtep();
        state.Say(MacIp(2, esi: Esi));
        foreach (var path in new[] { OnSegment(1), InBridge(1), OnSegment(2), InBridge(2), OnSegment(3) })
        {
            state.Say(path);
        }

        Assert.Equal([Address(2), Address(1)], state.Destinations(L2, state.Where()!).Select(static d => d.Vtep!.Value));
    }

    [Fact]
    public void One_withdrawal_takes_a_VTEP_from_all_MACs_of_the_segment()
    {
        var state = NewVtep();
        for (var n = 0u; n < 100; n++)
        {
            state.Say(MacIp(1, new MacAddress(0x0200_0000_0000u + n), esi: Esi));
        }

        foreach (var path in new[] { OnSegment(1), InBridge(1), OnSegment(2), InBridge(2) })
        {
            state.Say(path);
        }

        Assert.Equal([new VtepAction.SegmentChanged(Esi, null)], state.Say(OnSegment(1, gone: true)));
        Assert.All(state.L2View().Macs.Values, e => Assert.Equal([Address(2)], state.Destinations(L2, e).Select(static d => d.Vtep!.Value)));
        state.Say(OnSegment(2, gone: true));
        Assert.Empty(state.Destinations(L2, state.Where()!));
    }

    [Fact]
    public void With_a_single_active_segment_the_others_are_backups()
    {
        var state = NewVtep();
        state.Say(MacIp(2, esi: Esi));
        foreach (var path in new[] { OnSegment(1, singleActive: true), InBridge(1), OnSegment(2, singleActive: true), InBridge(2) })
        {
            state.Say(path);
        }

        Assert.Equal(
            [new Destination(Address(2), L2), new Destination(Address(1), L2, Backup: true)], state.Destinations(L2, state.Where()!));
        state.Say(OnSegment(2, gone: true));
        Assert.Equal([new Destination(Address(1), L2)], state.Destinations(L2, state.Where()!));
    }

    [Fact]
    public void An_own_segment_is_announced_and_elected_for_after_a_while()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.SegmentSet(Segment));
        Assert.Single(state.Originated.OfType<EvpnPathEvent.Segment>());
        Assert.Equal(2, state.Originated.OfType<EvpnPathEvent.AutoDiscovery>().Count());
        state.Say(Router(1));
        Assert.Null(state.Forwarder(Esi, L2));

        Assert.Equal(Start.AddSeconds(3), state.NextDeadline);
        state.Do(new VtepEvent.Tick(), 3);
        Assert.Equal(new DfResult(DfElection.ServiceCarving, Address(1), Address(9)), state.Forwarder(Esi, L2));
        state.Say(Router(1, gone: true));
        Assert.Equal(new DfResult(DfElection.ServiceCarving, Address(9), null), state.Forwarder(Esi, L2));
        Assert.Contains(new VtepAction.ForwarderChanged(Esi, L2, null), state.Do(new VtepEvent.SegmentRemoved(Esi), 9));
        Assert.DoesNotContain(state.Originated, static r => r is EvpnPathEvent.Segment or EvpnPathEvent.AutoDiscovery);
    }

    [Fact]
    public void A_MAC_on_an_own_segment_goes_out_of_the_own_port()
    {
        var state = NewVtep();
        state.Say(MacIp(1, esi: Esi));
        state.Do(new VtepEvent.SegmentSet(Segment));
        Assert.Equal([default(Destination)], state.Destinations(L2, state.Where()!));
    }

    [Theory]
    [InlineData(100, 1)]
    [InlineData(101, 2)]
    [InlineData(102, 3)]
    public void The_default_election_takes_the_tag_modulo_the_number_of_routers(uint tag, int expected) =>
        Assert.Equal(Address(expected), DfElector.Elect(Esi, tag - 1, [new(Address(3), null), new(Address(1), null), new(Address(2), null)])!.Value.Forwarder);

    [Fact]
    public void Preference_decides_then_the_one_that_does_not_preempt_then_the_lower_address()
    {
        DfCandidate[] candidates = [With(1, 100), With(2, 200), With(3, 200, DfElection.DoNotPreempt), With(4, 200, DfElection.DoNotPreempt)];
        Assert.Equal(new DfResult(DfElection.HighestPreference, Address(3), Address(4)), DfElector.Elect(Esi, 1, candidates));
        Assert.Equal(Address(1), DfElector.Elect(Esi, 1, candidates.Select(c => c with { Election = c.Election!.Value with { Algorithm = DfElection.LowestPreference } }))!.Value.Forwarder);
    }

    [Fact]
    public void Routers_that_do_not_agree_fall_back_to_the_default()
    {
        Assert.Equal(DfElection.ServiceCarving, DfElector.Elect(Esi, 1, [With(1, 100), new(Address(2), null)])!.Value.Algorithm);
        Assert.Equal(DfElection.ServiceCarving, DfElector.Elect(Esi, 1, [With(1, 100), With(2, 100, DfElection.AcInfluenced)])!.Value.Algorithm);
        Assert.Equal(DfElection.ServiceCarving, DfElector.Elect(Esi, 1, [new(Address(1), new DfElection(9)), new(Address(2), new DfElection(9))])!.Value.Algorithm);
    }

    [Fact]
    public void A_router_without_the_bridge_domain_is_left_out_when_all_want_that()
    {
        DfCandidate[] candidates = [With(1, 200, DfElection.AcInfluenced) with { Attached = false }, With(2, 100, DfElection.AcInfluenced)];
        Assert.Equal(Address(2), DfElector.Elect(Esi, 1, candidates)!.Value.Forwarder);
    }

    [Fact]
    public void The_highest_random_weight_moves_only_the_tags_of_a_router_that_left()
    {
        DfCandidate[] all = [.. Enumerable.Range(1, 5).Select(static n => new DfCandidate(Address(n), new DfElection(DfElection.HighestRandomWeight)))];
        var before = Enumerable.Range(1, 1000).Select(t => DfElector.Elect(Esi, (uint)t, all)!.Value).ToList();
        var after = Enumerable.Range(1, 1000).Select(t => DfElector.Elect(Esi, (uint)t, all[1..])!.Value).ToList();
        Assert.All(before.Zip(after), pair => Assert.Equal(
            pair.First.Forwarder == Address(1) ? pair.First.Backup : pair.First.Forwarder, pair.Second.Forwarder));
        Assert.All(all, c => Assert.InRange(before.Count(r => r.Forwarder == c.Address), 100, 300));
    }

    private static DfCandidate With(int vtep, ushort preference, ushort capabilities = 0) =>
        new(Address(vtep), new DfElection(DfElection.HighestPreference, capabilities, preference));
}
