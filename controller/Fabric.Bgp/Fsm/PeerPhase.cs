namespace Fabric.Bgp.Fsm;

/// <summary>The states of RFC 4271 section 8.2.2.</summary>
public enum PeerPhase
{
    /// <summary>Stopped, or waiting for the idle hold timer.</summary>
    Idle,

    /// <summary>A TCP connection is being opened.</summary>
    Connect,

    /// <summary>Waiting for the connect retry timer or for the peer to connect.</summary>
    Active,

    /// <summary>OPEN sent, waiting for the peer's.</summary>
    OpenSent,

    /// <summary>OPEN exchanged, waiting for KEEPALIVE.</summary>
    OpenConfirm,

    /// <summary>Routes flow.</summary>
    Established,
}

/// <summary>Timers of a peer.</summary>
public enum PeerTimer
{
    /// <summary>ConnectRetryTimer.</summary>
    ConnectRetry,

    /// <summary>HoldTimer.</summary>
    Hold,

    /// <summary>KeepaliveTimer.</summary>
    Keepalive,

    /// <summary>IdleHoldTimer: damps a peer that fails again and again.</summary>
    IdleHold,

    /// <summary>SendHoldTimer (RFC 9687): the runner starts it when a send is stuck and stops it when the send goes on.</summary>
    SendHold,

    /// <summary>Bounds how long routes of a peer that restarts are kept without a session (RFC 4724).</summary>
    Restart,

    /// <summary>Bounds how long they are kept after the peer is back.</summary>
    StalePath,

    /// <summary>Bounds how long routes are kept that the peer has not repeated in a route refresh that does not end (RFC 7313).</summary>
    Refresh,
}
