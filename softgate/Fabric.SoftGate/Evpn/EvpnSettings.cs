using Fabric.Bgp.Transport;

namespace Fabric.SoftGate.Evpn;

/// <summary>What EVPN sessions are made of, beyond the state.</summary>
internal sealed record EvpnSettings
{
    /// <summary>TCP port of the peers; they are dialled, never listened for: the box's own routing daemon listens.</summary>
    public ushort Port { get; init; } = 179;

    /// <summary>Hold time that is proposed.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long peers are asked to keep the node's routes while the agent is away (RFC 4724); not all of them do, for EVPN.</summary>
    public TimeSpan RestartTime { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>After this time from the start what is known counts as complete, whether or not all peers have said so.</summary>
    public TimeSpan CompleteAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Opens connections.</summary>
    public IBgpConnector Connector { get; init; } = new TcpBgpConnector();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
