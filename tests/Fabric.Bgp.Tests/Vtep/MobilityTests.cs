using Fabric.Bgp.Vtep;
using static Fabric.Bgp.Tests.Vtep.Fabrics;

namespace Fabric.Bgp.Tests.Vtep;

public sealed class MobilityTests
{
    [Fact]
    public void The_higher_sequence_number_wins_and_of_equal_ones_the_lower_VTEP()
    {
        var state = NewVtep();
        state.Say(MacIp(2));
        state.Say(MacIp(1));
        Assert.Equal(Address(1), state.Where()!.Vtep);
        state.Say(MacIp(3, sequence: 1));
        Assert.Equal((Address(3), 1u), (state.Where()!.Vtep, state.Where()!.Sequence));
        state.Say(MacIp(1, sequence: 1));
        Assert.Equal(Address(1), state.Where()!.Vtep);
    }

    [Fact]
    public void A_MAC_learnt_while_a_remote_one_exists_is_announced_with_the_next_sequence_number()
    {
        var state = NewVtep();
        state.Say(MacIp(1, sequence: 4));
        var actions = state.Do(new VtepEvent.MacLearnt(L2, Mac));
        Assert.True(state.Where()!.IsLocal);
        Assert.Equal((false, 5u), state.Announced()!.MacMobility);
        Assert.Contains(new VtepAction.MacMoved(L2, Mac, null, 5), actions);
    }

    [Fact]
    public void A_MAC_that_was_never_elsewhere_is_announced_without_mobility()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        Assert.Null(state.Announced()!.MacMobility);
    }

    [Fact]
    public void A_remote_claim_that_wins_ends_the_announcement_but_the_local_fact_stays()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Say(MacIp(1, sequence: 1));
        Assert.Equal(Address(1), state.Where()!.Vtep);
        Assert.Null(state.Announced());

        state.Say(MacIp(1, gone: true));
        Assert.True(state.Where()!.IsLocal);
        Assert.NotNull(state.Announced());
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(10, true)]
    public void Of_equal_sequence_numbers_here_and_there_the_lower_VTEP_wins(int remote, bool here)
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Say(MacIp(remote));
        Assert.Equal(here, state.Where()!.IsLocal);
        Assert.Equal(here, state.Announced() is not null);
    }

    [Fact]
    public void A_VTEP_that_restarted_wins_with_sequence_0_once_the_old_owner_withdraws()
    {
        // FRRouting/frr 10468: the highest number ever seen must not be remembered.
        var state = NewVtep();
        state.Say(MacIp(1, sequence: 7));
        state.Say(MacIp(2, sequence: 0));
        Assert.Equal(Address(1), state.Where()!.Vtep);
        state.Say(MacIp(1, gone: true));
        Assert.Equal((Address(2), 0u), (state.Where()!.Vtep, state.Where()!.Sequence));
    }

    [Fact]
    public void A_VTEP_that_restarted_here_takes_the_MAC_back_when_it_is_seen_again()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        state.Say(MacIp(1, sequence: 7));
        Assert.False(state.Where()!.IsLocal);
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        Assert.True(state.Where()!.IsLocal);
        Assert.Equal(8u, state.Announced()!.MacMobility!.Value.Sequence);
    }

    [Fact]
    public void Nothing_remote_removes_or_changes_what_was_injected()
    {
        // FRRouting/frr 21472.
        var state = NewVtep();
        state.Do(new VtepEvent.MacInjected(L2, Mac, Sequence: 3));
        state.Do(new VtepEvent.NeighborLearnt(L2, Mac, Ip));
        state.Do(new VtepEvent.PrefixSet(L3, Primitives.IpPrefix.Parse("10.1.0.0/24")));
        var before = state.Originated.ToHashSet();

        Assert.DoesNotContain(state.Say(MacIp(1, sequence: 100, sticky: true, ip: Ip, routed: true)), static a => a is VtepAction.Originate);
        state.Say(MacIp(1, sequence: 100));
        state.Say(Prefix(1, "10.1.0.0/24", routerMac: RouterMac(1)));
        state.Say(MacIp(1, ip: Ip, gone: true));
        state.Say(MacIp(1, gone: true));
        state.Say(Prefix(1, "10.1.0.0/24", gone: true));

        Assert.True(before.SetEquals(state.Originated));
        Assert.True(state.Where()!.IsLocal);
        Assert.True(state.L2View().Neighbors[Ip].IsLocal);
    }

    [Fact]
    public void A_withdrawal_with_the_key_of_an_own_route_changes_nothing_of_it()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        var before = state.Originated.ToHashSet();
        state.Say(MacIp(9));
        Assert.Empty(state.Say(MacIp(9, gone: true)));
        Assert.True(before.SetEquals(state.Originated));
    }

    [Fact]
    public void A_sticky_MAC_stays_whatever_the_sequence_number_and_the_conflict_is_told_once()
    {
        var state = NewVtep();
        state.Say(MacIp(2, sticky: true));
        state.Say(MacIp(1, sequence: 9));
        Assert.Equal(Address(2), state.Where()!.Vtep);

        var learnt = state.Do(new VtepEvent.MacLearnt(L2, Mac));
        Assert.Contains(new VtepAction.StickyConflict(L2, Mac, Address(2)), learnt);
        Assert.Equal(Address(2), state.Where()!.Vtep);
        Assert.Null(state.Announced());
        Assert.DoesNotContain(state.Do(new VtepEvent.MacLearnt(L2, Mac)), static a => a is VtepAction.StickyConflict);
    }

    [Fact]
    public void A_local_sticky_MAC_does_not_yield()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac, Sticky: true));
        Assert.Contains(new VtepAction.StickyConflict(L2, Mac, Address(1)), state.Say(MacIp(1, sequence: 9)));
        Assert.True(state.Where()!.IsLocal);
        Assert.Equal((true, 0u), state.Announced()!.MacMobility);
    }

    [Fact]
    public void Another_router_of_the_same_segment_is_no_move()
    {
        var state = NewVtep();
        state.Say(MacIp(1, sequence: 2, esi: Esi));
        var actions = state.Do(new VtepEvent.MacLearnt(L2, Mac, Esi));
        Assert.DoesNotContain(actions, static a => a is VtepAction.MacMoved);
        Assert.Equal(2u, state.Announced()!.MacMobility!.Value.Sequence);
        Assert.DoesNotContain(state.Say(MacIp(1, sequence: 3, esi: Esi)), static a => a is VtepAction.MacMoved);
        Assert.Equal(3u, state.Announced()!.MacMobility!.Value.Sequence);
    }

    [Fact]
    public void A_MAC_that_moves_too_often_is_frozen_until_it_is_tried_again()
    {
        var state = NewVtep(Config with { DuplicateRetry = TimeSpan.FromSeconds(60) });
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        var sequence = 0u;
        var told = new List<VtepAction>();
        for (var second = 1; second <= 4; second += 2)
        {
            told.AddRange(state.Say(MacIp(1, sequence: sequence + 1), second));
            told.AddRange(state.Do(new VtepEvent.MacLearnt(L2, Mac), second + 1));
            sequence += 2;
        }

        Assert.DoesNotContain(told, static a => a is VtepAction.DuplicateDetected);
        var last = state.Say(MacIp(1, sequence: sequence + 1), 5);
        Assert.Contains(new VtepAction.DuplicateDetected(L2, Mac, Start.AddSeconds(65)), last);
        Assert.True(state.Where()!.Duplicate);
        var owner = state.Where()!.Vtep;

        Assert.DoesNotContain(state.Do(new VtepEvent.MacLearnt(L2, Mac), 6), static a => a is VtepAction.Originate);
        Assert.DoesNotContain(state.Say(MacIp(1, sequence: 90), 7), static a => a is VtepAction.Originate);
        Assert.Equal(owner, state.Where()!.Vtep);
        Assert.Equal(Start.AddSeconds(65), state.NextDeadline);

        var retried = state.Do(new VtepEvent.Tick(), 65);
        Assert.Contains(new VtepAction.DuplicateEnded(L2, Mac), retried);
        Assert.False(state.Where()!.Duplicate);
        Assert.Equal(91u, state.Announced()!.MacMobility!.Value.Sequence);
    }

    [Fact]
    public void A_duplicate_without_retry_time_waits_for_somebody_to_clear_it()
    {
        var state = NewVtep(Config with { DuplicateMoves = 2 });
        state.Say(MacIp(1));
        state.Do(new VtepEvent.MacLearnt(L2, Mac), 1);
        Assert.Contains(new VtepAction.DuplicateDetected(L2, Mac, null), state.Say(MacIp(1, sequence: 2), 2));
        Assert.Null(state.NextDeadline);
        state.Do(new VtepEvent.DuplicateCleared(L2, Mac), 1000);
        Assert.Equal((Address(1), false), (state.Where()!.Vtep, state.Where()!.Duplicate));
    }

    [Fact]
    public void Moves_far_apart_make_no_duplicate()
    {
        var state = NewVtep();
        state.Do(new VtepEvent.MacLearnt(L2, Mac));
        for (var n = 0u; n < 20; n += 2)
        {
            state.Say(MacIp(1, sequence: n + 1), n * 100);
            state.Do(new VtepEvent.MacLearnt(L2, Mac), (n + 1) * 100);
        }

        Assert.False(state.Where()!.Duplicate);
        Assert.Equal(20u, state.Announced()!.MacMobility!.Value.Sequence);
    }
}
