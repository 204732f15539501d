using Fabric.Bgp.Transport;

namespace Fabric.SoftGate.Upstream;

/// <summary>What upstream sessions are made of, beyond the state.</summary>
internal sealed record UpstreamSettings
{
    /// <summary>TCP port of the routers; they are dialled, never listened for.</summary>
    public ushort Port { get; init; } = 179;

    /// <summary>Hold time that is proposed.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Time between attempts to connect.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long routers are asked to keep the node's routes while the agent is away (RFC 4724): the data path goes on.</summary>
    public TimeSpan RestartTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Prefixes of one IP version that a router may send; with more the session ends.</summary>
    public int MaxPrefixes { get; init; } = 1000;

    /// <summary>After this time from the first session on, what is known counts as complete, whether or not all routers have said so.</summary>
    public TimeSpan CompleteAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Opens connections.</summary>
    public IBgpConnector Connector { get; init; } = new TcpBgpConnector();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
