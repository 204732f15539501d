using System.Collections.Immutable;
using Fabric.Bgp.Fsm;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Fsm;

/// <summary>What two OPENs agree on.</summary>
public sealed class NegotiationTests
{
    private static readonly ImmutableArray<AddressFamily> Both = [AddressFamily.L2VpnEvpn, AddressFamily.Ipv4Unicast];

    private static readonly PeerFsmConfig Config = Samples.Config with { Families = Both, AddPathReceive = Both, AddPathSend = Both, GracefulRestart = TimeSpan.FromSeconds(60) };

    [Fact]
    public void Two_of_us_agree_on_everything()
    {
        var session = PeerFsm.Negotiate((Config with { LocalAsn = new Asn(65001) }).Open(), Config);
        Assert.Equal(BgpFrame.MaxExtendedLength, session.Context.MaxMessageLength);
        Assert.True(session.Context.FourOctetAs && session.RouteRefresh && session.EnhancedRouteRefresh && session.GracefulNotification);
        Assert.False(session.Context.IsInternal);
        Assert.Equal(Both, session.Context.Families);
        Assert.Equal(Both, session.Context.AddPathReceive);
        Assert.Equal(Both, session.Context.AddPathSend);
        Assert.Equal([ExtendedNextHop.Ipv4OverIpv6], session.ExtendedNextHops);
        Assert.Equal(TimeSpan.FromSeconds(60), session.PeerRestart!.RestartTime);
        Assert.Equal(Both, session.RestartFamilies);
        Assert.Equal(Both, session.ForwardingPreserved);
    }

    [Fact]
    public void A_peer_without_capabilities_gets_the_protocol_of_old()
    {
        var session = PeerFsm.Negotiate(new OpenMessage { MyAs = 64999, HoldTime = 9, Identifier = IpAddr.Parse("1.1.1.1") }, Config);
        Assert.True(session.Context.IsInternal);
        Assert.Equal([AddressFamily.Ipv4Unicast], session.Context.Families);
        Assert.Equal(BgpFrame.MaxLength, session.Context.MaxMessageLength);
        Assert.False(session.Context.FourOctetAs || session.RouteRefresh || session.EnhancedRouteRefresh || session.GracefulNotification);
        Assert.Empty(session.Context.AddPathReceive);
        Assert.Empty(session.Context.AddPathSend);
        Assert.Empty(session.ExtendedNextHops);
        Assert.Empty(session.RestartFamilies);
        Assert.Null(session.PeerRestart);
    }

    [Theory]
    [InlineData(AddPathDirections.Receive, false, true)]
    [InlineData(AddPathDirections.Send, true, false)]
    [InlineData(AddPathDirections.Both, true, true)]
    public void Several_paths_flow_where_one_side_sends_and_the_other_receives(AddPathDirections peer, bool receive, bool send)
    {
        var open = Samples.PeerOpen();
        var session = PeerFsm.Negotiate(
            new OpenMessage
            {
                MyAs = open.MyAs,
                HoldTime = open.HoldTime,
                Identifier = open.Identifier,
                Capabilities = [.. open.Capabilities, Capability.AddPath([new(AddressFamily.L2VpnEvpn, peer), new(AddressFamily.Ipv4Unicast, peer)])],
            },
            Config);

        // The peer has no IPv4 unicast, whatever it says of paths in it.
        Assert.Equal(receive ? [AddressFamily.L2VpnEvpn] : [], session.Context.AddPathReceive);
        Assert.Equal(send ? [AddressFamily.L2VpnEvpn] : [], session.Context.AddPathSend);
    }

    [Fact]
    public void A_family_that_is_not_negotiated_is_not_kept_over_a_restart()
    {
        var session = PeerFsm.Negotiate(Samples.GracefulPeerOpen(notification: true, preserved: true), Config with { Families = [AddressFamily.Ipv4Unicast] });
        Assert.Empty(session.RestartFamilies);
        Assert.Empty(session.ForwardingPreserved);
    }

    [Fact]
    public void An_open_says_what_the_configuration_wants()
    {
        var open = Config.Open();
        Assert.Equal([new AddPathOffer(AddressFamily.L2VpnEvpn, AddPathDirections.Both), new(AddressFamily.Ipv4Unicast, AddPathDirections.Both)], open.AddPath);
        Assert.True(open.GracefulRestart!.Families.All(static f => f.ForwardingPreserved) && open.GracefulRestart.Notification && !open.GracefulRestart.Restarting);
        Assert.True((Config with { Restarting = true }).Open().GracefulRestart!.Restarting);
        Assert.Empty((Config with { GracefulRestart = null }).Open().GracefulRestart!.Families);
        Assert.False((Config with { ExtendedMessage = false }).Open().Has(Capability.ExtendedMessageCode));
        Assert.Equal([ExtendedNextHop.Ipv4OverIpv6], open.ExtendedNextHops);
        Assert.Empty(Samples.Config.Open().ExtendedNextHops);
    }

    [Fact]
    public void A_peer_in_as_0_is_refused()
    {
        var state = PeerState.Initial with { Phase = PeerPhase.OpenSent, Main = new(1, Incoming: false, OpenSent: true), NextConnection = 2 };
        var open = new OpenMessage { HoldTime = 9, Identifier = IpAddr.Parse("1.1.1.1"), Capabilities = [Capability.Multiprotocol(AddressFamily.L2VpnEvpn)] };
        var step = PeerFsm.Step(state, new PeerEvent.BgpOpen(1, open), Samples.Config with { RemoteAsn = null });
        Assert.Contains(new PeerAction.SendNotification(1, new(BgpError.Open, BgpError.BadPeerAs)), step.Do);
    }

    [Fact]
    public void Rest_times_grow_and_are_bounded()
    {
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 64], Enumerable.Range(1, 8).Select(static n => PeerFsm.IdleHoldTime(n).TotalSeconds));
        Assert.Equal([30, 60, 120, 240, 480, 960, 1920, 1920], Enumerable.Range(1, 8).Select(static n => PeerFsm.PrefixHoldTime(n).TotalSeconds));
    }

    [Fact]
    public void A_peer_that_sends_too_much_again_and_again_rests_longer_although_its_sessions_prove_stable()
    {
        var state = PeerState.Initial;
        List<double> rests = [];
        for (var n = 0; n < 3; n++)
        {
            Step(n == 0 ? new PeerEvent.ManualStart() : new PeerEvent.IdleHoldTimerExpires());
            var id = state.Main!.Id;
            PeerEvent[] session =
            [
                new PeerEvent.TcpCrAcked(id), new PeerEvent.BgpOpen(id, Samples.PeerOpen()), new PeerEvent.KeepAliveMsg(id),
                new PeerEvent.KeepaliveTimerExpires(), new PeerEvent.KeepaliveTimerExpires(), new PeerEvent.KeepaliveTimerExpires(),
            ];
            foreach (var e in session)
            {
                Step(e);
            }

            rests.Add(Step(new PeerEvent.MaxPrefixesReached(AddressFamily.L2VpnEvpn, 5))
                .OfType<PeerAction.StartTimer>().Single(static t => t.Timer == PeerTimer.IdleHold).After.TotalSeconds);
        }

        Assert.Equal([30, 60, 120], rests);
        Step(new PeerEvent.ManualStart());
        Assert.Equal(0, state.PrefixOverruns);

        ImmutableArray<PeerAction> Step(PeerEvent e)
        {
            var (next, actions) = PeerFsm.Step(state, e, Samples.Config);
            state = next;
            return actions;
        }
    }

    [Theory]
    [InlineData("65001", 65001u, true)]
    [InlineData("65001", 65002u, false)]
    [InlineData("internal", 64999u, true)]
    [InlineData("internal", 65001u, false)]
    [InlineData("external", 64999u, false)]
    [InlineData("external", 65001u, true)]
    public void The_as_of_a_peer_can_be_a_number_the_own_one_or_any_other(string configured, uint says, bool good)
    {
        Assert.True(RemoteAs.TryParse(configured, out var remote, out _));
        Assert.Equal(configured, remote.ToString());
        var state = new PeerState { Phase = PeerPhase.OpenSent, Main = new PeerConnection(1, false, true), NextConnection = 2 };
        var step = PeerFsm.Step(state, new PeerEvent.BgpOpen(1, Samples.PeerOpen(asn: says)), Samples.Config with { RemoteAsn = remote });
        Assert.Equal(good ? PeerPhase.OpenConfirm : PeerPhase.Idle, step.Next.Phase);
        Assert.Equal(good, !step.Do.OfType<PeerAction.SendNotification>().Any(static n => n.Message is { Code: BgpError.Open, Subcode: BgpError.BadPeerAs }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("any")]
    [InlineData("External")]
    [InlineData("0")]
    [InlineData("4294967296")]
    public void Other_words_for_an_as_are_refused(string text)
    {
        Assert.False(RemoteAs.TryParse(text, out _, out var error));
        Assert.StartsWith("give an AS number, internal or external", error, StringComparison.Ordinal);
    }
}
