using System.Net.Security;

namespace Fabric.SoftGate.Sync;

/// <summary>How the session to the partner works.</summary>
internal sealed record SyncSettings
{
    /// <summary>TCP port of the node with the higher loopback, which listens; the other one dials.</summary>
    public ushort Port { get; init; } = 17917;

    /// <summary>Time between attempts to connect.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After this time without a word the partner is gone; a word is said at least three times as often.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A node that has not heard of its partner for this time from the start on takes its VPCs without it.</summary>
    public TimeSpan AloneAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two passes over all sessions: those in use are told again, so that they do not age there. Below the shortest timeout.</summary>
    public TimeSpan Pass { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Events that may wait for the partner; what does not fit is told by the next pass.</summary>
    public int QueueLength { get; init; } = 1 << 16;

    /// <summary>Wraps a connection into TLS, as the listening (true) or the dialling side, and proves that the partner is the Device of a uid; null: as it is.</summary>
    public Func<Stream, bool, int, CancellationToken, Task<SslStream>>? Secure { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
