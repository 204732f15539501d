using System.Collections.Immutable;
using Fabric.Bgp.Wire;
using static Fabric.Bgp.Fsm.PeerAction;

namespace Fabric.Bgp.Fsm;

/// <content>The peer's OPEN: collision, refusal, negotiation.</content>
public static partial class PeerFsm
{
    private static PeerStep OnOpen(PeerState state, int connection, OpenMessage open, PeerFsmConfig config)
    {
        var onMain = IsMain(state, connection);
        if (!onMain && !(IsSecond(state, connection) && state.Second!.OpenSent))
        {
            return new(state, Nothing);
        }

        if (onMain && state.Phase is not PeerPhase.OpenSent)
        {
            return Unexpected(state);
        }

        if (Refusal(open, config) is var (refusal, why))
        {
            return onMain ? Fail(state, refusal, $"sent {refusal}: {why}") : DropSecond(state, refusal);
        }

        var actions = ImmutableArray.CreateBuilder<PeerAction>();
        var survivor = onMain ? state.Main! : state.Second!;
        var other = onMain ? state.Second : state.Main;
        var main = state;
        if (other is { OpenSent: true })
        {
            // RFC 4271 section 6.8: the connection opened by the speaker with the higher identifier stays (RFC 6286: then the higher AS).
            var weAreHigher = (config.RouterId, config.LocalAsn.Value).CompareTo((open.Identifier, open.AsNumber)) > 0;
            if (survivor.Incoming == weAreHigher)
            {
                actions.Add(new SendNotification(connection, NotificationMessage.Cease(BgpError.Collision)));
                actions.Add(new CloseTcp(connection));
                return new(state with { Main = other, Second = null }, actions.ToImmutable());
            }

            actions.Add(new SendNotification(other.Id, NotificationMessage.Cease(BgpError.Collision)));
            actions.Add(new CloseTcp(other.Id));
            main = state with { Second = null };
        }

        var session = Negotiate(open, config);
        actions.Add(new SendKeepalive(connection));
        if (session.HoldTime == TimeSpan.Zero)
        {
            actions.Add(new StopTimer(PeerTimer.Hold));
        }
        else
        {
            actions.Add(new StartTimer(PeerTimer.Hold, session.HoldTime, Jitter: false));
            actions.Add(new StartTimer(PeerTimer.Keepalive, session.KeepaliveTime, Jitter: true));
        }

        return new(main with { Phase = PeerPhase.OpenConfirm, Main = survivor, Session = session }, actions.ToImmutable());
    }

    /// <summary>RFC 4271 section 6.2, RFC 6286 for the identifier, RFC 5492 section 3 for a missing capability.</summary>
    private static (NotificationMessage Send, string Why)? Refusal(OpenMessage open, PeerFsmConfig config)
    {
        if (open.AsNumber == 0)
        {
            return (new(BgpError.Open, BgpError.BadPeerAs), "the peer says it is in AS 0 (RFC 7607)");
        }

        if (!config.RemoteAsn.Takes(open.AsNumber, config.LocalAsn))
        {
            return (new(BgpError.Open, BgpError.BadPeerAs), $"the peer is in AS {open.AsNumber}, configured is {config.RemoteAsn}");
        }

        if (open.HoldTime is 1 or 2)
        {
            return (new(BgpError.Open, BgpError.UnacceptableHoldTime), $"the peer proposes {open.HoldTime} s");
        }

        if (open.Identifier.IsUnspecified || (open.AsNumber == config.LocalAsn.Value && open.Identifier == config.RouterId))
        {
            return (new(BgpError.Open, BgpError.BadIdentifier), $"the peer has {open.Identifier}");
        }

        if (!config.Families.Any(f => open.Families.Contains(f)))
        {
            var wanted = Capability.Multiprotocol(config.Families[0]);
            return (
                new(BgpError.Open, BgpError.UnsupportedCapability, new Octets([wanted.Code, (byte)wanted.Value.Length, .. wanted.Value.Span])),
                $"the peer offers {string.Join(' ', open.Families)}, wanted is {string.Join(' ', config.Families)}");
        }

        return null;
    }

    /// <summary>What our OPEN and the peer's agree on.</summary>
    /// <param name="open">The peer's OPEN.</param>
    /// <param name="config">How the peer is configured.</param>
    public static NegotiatedSession Negotiate(OpenMessage open, PeerFsmConfig config)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(config);
        var peerHold = TimeSpan.FromSeconds(open.HoldTime);
        ImmutableArray<AddressFamily> families = [.. config.Families.Where(f => open.Families.Contains(f))];
        var addPath = open.AddPath;
        var restart = open.GracefulRestart;
        return new(
            open,
            peerHold < config.HoldTime ? peerHold : config.HoldTime,
            new SessionContext(
                open.FourOctetAs,
                open.AsNumber == config.LocalAsn.Value,
                families,
                config.ExtendedMessage && open.Has(Capability.ExtendedMessageCode) ? BgpFrame.MaxExtendedLength : BgpFrame.MaxLength)
            {
                AddPathReceive = PeerDoes(AddPathDirections.Send, config.AddPathReceive),
                AddPathSend = PeerDoes(AddPathDirections.Receive, config.AddPathSend),
            })
        {
            RouteRefresh = open.Has(Capability.RouteRefreshCode),
            EnhancedRouteRefresh = open.Has(Capability.EnhancedRouteRefreshCode),
            ExtendedNextHops = [.. open.ExtendedNextHops.Where(n => families.Contains(n.Family) && config.ExtendedNextHops.Contains(n))],
            PeerRestart = restart,
            GracefulNotification = restart is { Notification: true },
        };

        ImmutableArray<AddressFamily> PeerDoes(AddPathDirections direction, ImmutableArray<AddressFamily> ours) =>
            [.. families.Where(f => ours.Contains(f) && addPath.Any(o => o.Family == f && o.Directions.HasFlag(direction)))];
    }
}
