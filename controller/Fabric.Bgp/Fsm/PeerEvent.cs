using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Fsm;

/// <summary>An event of RFC 4271 section 8.1. Events of a connection carry its number.</summary>
public abstract record PeerEvent
{
    private PeerEvent()
    {
    }

    /// <summary>Events 1 and 4: an operator or the configuration starts the peer.</summary>
    public sealed record ManualStart : PeerEvent;

    /// <summary>Event 2: stop, with what to tell the peer.</summary>
    /// <param name="Reason">A Cease notification.</param>
    public sealed record ManualStop(NotificationMessage Reason) : PeerEvent;

    /// <summary>End the session, if any, and start again after the idle hold time.</summary>
    /// <param name="Reason">A Cease notification.</param>
    public sealed record Restart(NotificationMessage Reason) : PeerEvent;

    /// <summary>Event 9.</summary>
    public sealed record ConnectRetryTimerExpires : PeerEvent;

    /// <summary>Event 10.</summary>
    public sealed record HoldTimerExpires : PeerEvent;

    /// <summary>Event 11.</summary>
    public sealed record KeepaliveTimerExpires : PeerEvent;

    /// <summary>Event 13.</summary>
    public sealed record IdleHoldTimerExpires : PeerEvent;

    /// <summary>A send on the main connection was stuck for the send hold time (RFC 9687); the runner keeps this timer.</summary>
    public sealed record SendHoldTimerExpires : PeerEvent;

    /// <summary>The peer has not come back within its restart time (RFC 4724).</summary>
    public sealed record RestartTimerExpires : PeerEvent;

    /// <summary>The peer is back but has not said End-of-RIB in time.</summary>
    public sealed record StalePathTimerExpires : PeerEvent;

    /// <summary>The peer has sent more routes than it may.</summary>
    /// <param name="Family">Of which family.</param>
    /// <param name="Limit">How many it may send.</param>
    public sealed record MaxPrefixesReached(AddressFamily Family, int Limit) : PeerEvent;

    /// <summary>Event 16: the connection we opened is up.</summary>
    /// <param name="Connection">Its number.</param>
    public sealed record TcpCrAcked(int Connection) : PeerEvent;

    /// <summary>Event 17: the peer has connected.</summary>
    public sealed record TcpConnectionConfirmed : PeerEvent;

    /// <summary>Event 18: a connection could not be opened, or was closed by the other side.</summary>
    /// <param name="Connection">Its number.</param>
    /// <param name="Reason">Text for people.</param>
    public sealed record TcpConnectionFails(int Connection, string Reason) : PeerEvent;

    /// <summary>Event 19.</summary>
    /// <param name="Connection">Its number.</param>
    /// <param name="Message">The OPEN.</param>
    public sealed record BgpOpen(int Connection, OpenMessage Message) : PeerEvent;

    /// <summary>Events 21, 22 and 28: something received must end the connection.</summary>
    /// <param name="Connection">Its number.</param>
    /// <param name="Error">What to send.</param>
    public sealed record MessageError(int Connection, NotificationMessage Error) : PeerEvent;

    /// <summary>Events 24 and 25.</summary>
    /// <param name="Connection">Its number.</param>
    /// <param name="Message">The NOTIFICATION.</param>
    public sealed record NotifMsg(int Connection, NotificationMessage Message) : PeerEvent;

    /// <summary>Event 26.</summary>
    /// <param name="Connection">Its number.</param>
    public sealed record KeepAliveMsg(int Connection) : PeerEvent;

    /// <summary>Event 27; the runner keeps the message itself.</summary>
    /// <param name="Connection">Its number.</param>
    public sealed record UpdateMsg(int Connection) : PeerEvent;

    /// <summary>End-of-RIB of a family (RFC 4724 section 2), after the <see cref="UpdateMsg"/> that carried it.</summary>
    /// <param name="Connection">Its number.</param>
    /// <param name="Family">The family.</param>
    public sealed record EndOfRib(int Connection, AddressFamily Family) : PeerEvent;

    /// <summary>ROUTE-REFRESH, RFC 2918 and RFC 7313.</summary>
    /// <param name="Connection">Its number.</param>
    /// <param name="Family">The family asked for.</param>
    /// <param name="Subtype">What it says; unknown ones are ignored.</param>
    public sealed record RouteRefreshMsg(int Connection, AddressFamily Family, RouteRefreshSubtype Subtype = RouteRefreshSubtype.Request) : PeerEvent;

    /// <summary>An operator wants the peer to send all its routes of a family again.</summary>
    /// <param name="Family">The family.</param>
    public sealed record RefreshWanted(AddressFamily Family) : PeerEvent;

    /// <summary>A route refresh that the peer has begun (BoRR) did not end in time (RFC 7313 section 4.2).</summary>
    public sealed record RefreshTimerExpires : PeerEvent;

    /// <summary>The event of a timer that has expired.</summary>
    public static PeerEvent Expiry(PeerTimer timer) => timer switch
    {
        PeerTimer.ConnectRetry => new ConnectRetryTimerExpires(),
        PeerTimer.Hold => new HoldTimerExpires(),
        PeerTimer.Keepalive => new KeepaliveTimerExpires(),
        PeerTimer.IdleHold => new IdleHoldTimerExpires(),
        PeerTimer.SendHold => new SendHoldTimerExpires(),
        PeerTimer.Restart => new RestartTimerExpires(),
        PeerTimer.StalePath => new StalePathTimerExpires(),
        PeerTimer.Refresh => new RefreshTimerExpires(),
        _ => throw new ArgumentOutOfRangeException(nameof(timer)),
    };
}
