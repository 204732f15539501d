using System.Collections.Immutable;
using Fabric.Bgp.Wire;

namespace Fabric.Bgp.Fsm;

/// <summary>Something the runner must do, as data.</summary>
public abstract record PeerAction
{
    private PeerAction()
    {
    }

    /// <summary>Begin to open a TCP connection under this number.</summary>
    /// <param name="Connection">Its number.</param>
    public sealed record OpenTcp(int Connection) : PeerAction;

    /// <summary>Adopt the connection the peer has just opened under this number.</summary>
    /// <param name="Connection">Its number.</param>
    public sealed record AcceptTcp(int Connection) : PeerAction;

    /// <summary>Refuse the connection the peer has just opened.</summary>
    public sealed record RefuseTcp : PeerAction;

    /// <summary>Close a connection after what is queued on it went out.</summary>
    /// <param name="Connection">Its number.</param>
    public sealed record CloseTcp(int Connection) : PeerAction;

    /// <summary>Send an OPEN.</summary>
    /// <param name="Connection">On which connection.</param>
    /// <param name="Message">The OPEN.</param>
    public sealed record SendOpen(int Connection, OpenMessage Message) : PeerAction;

    /// <summary>Send a KEEPALIVE.</summary>
    /// <param name="Connection">On which connection.</param>
    public sealed record SendKeepalive(int Connection) : PeerAction;

    /// <summary>Send a NOTIFICATION.</summary>
    /// <param name="Connection">On which connection.</param>
    /// <param name="Message">The NOTIFICATION.</param>
    public sealed record SendNotification(int Connection, NotificationMessage Message) : PeerAction;

    /// <summary>Start a timer, or start it anew.</summary>
    /// <param name="Timer">Which.</param>
    /// <param name="After">When it fires.</param>
    /// <param name="Jitter">Take 75 to 100 % of the time by chance (RFC 4271 section 10).</param>
    public sealed record StartTimer(PeerTimer Timer, TimeSpan After, bool Jitter) : PeerAction;

    /// <summary>Stop a timer.</summary>
    /// <param name="Timer">Which.</param>
    public sealed record StopTimer(PeerTimer Timer) : PeerAction;

    /// <summary>Stop every timer.</summary>
    public sealed record StopAllTimers : PeerAction;

    /// <summary>The session is established.</summary>
    /// <param name="Connection">The connection that carries it.</param>
    /// <param name="Session">What was agreed.</param>
    public sealed record SessionUp(int Connection, NegotiatedSession Session) : PeerAction;

    /// <summary>
    /// The established session is over. Routes of the families kept become stale, except those that were stale already
    /// (RFC 4724 section 4.2: two restarts in a row); these and all other routes of the peer go.
    /// </summary>
    /// <param name="Keep">Families whose routes stay as stale ones for the peer's restart time; mostly empty.</param>
    public sealed record SessionDown(ImmutableArray<AddressFamily> Keep) : PeerAction;

    /// <summary>Stale routes of these families go; what the peer has sent anew meanwhile is not stale.</summary>
    /// <param name="Families">The families.</param>
    public sealed record PurgeStale(ImmutableArray<AddressFamily> Families) : PeerAction;

    /// <summary>The UPDATE belongs to the session. Its routes go from the reader to the table; the owner only has to know that the peer is alive.</summary>
    public sealed record InstallRoutes : PeerAction;

    /// <summary>Send all routes of a family again.</summary>
    /// <param name="Family">The family.</param>
    public sealed record ResendRoutes(AddressFamily Family) : PeerAction;

    /// <summary>BoRR: mark the peer's routes of a family; all that stay follow (RFC 7313 section 4.2).</summary>
    /// <param name="Family">The family.</param>
    public sealed record RefreshBegins(AddressFamily Family) : PeerAction;

    /// <summary>EoRR: routes of the family that are marked since <see cref="RefreshBegins"/> and did not come again go.</summary>
    /// <param name="Family">The family.</param>
    public sealed record RefreshEnds(AddressFamily Family) : PeerAction;

    /// <summary>The refresh of these families never ended: routes that are marked since <see cref="RefreshBegins"/> and did not come again go.</summary>
    /// <param name="Families">The families.</param>
    public sealed record PurgeAwaited(ImmutableArray<AddressFamily> Families) : PeerAction;

    /// <summary>Ask the peer for all its routes of a family (RFC 2918).</summary>
    /// <param name="Connection">On which connection.</param>
    /// <param name="Family">The family.</param>
    public sealed record SendRouteRefresh(int Connection, AddressFamily Family) : PeerAction;

    /// <summary>Tell why a session or an attempt ended.</summary>
    /// <param name="Reason">Text for people.</param>
    public sealed record Report(string Reason) : PeerAction;
}
