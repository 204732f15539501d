namespace Fabric.Bgp.Transport;

/// <summary>Buffers of the sockets of BGP connections. Beyond the system's limits (net.core.wmem_max, rmem_max) they need CAP_NET_ADMIN.</summary>
public sealed record BgpSocketOptions
{
    /// <summary>Send buffer in octets; null leaves it to the kernel.</summary>
    public int? SendBuffer { get; init; } = 1 << 20;

    /// <summary>Receive buffer in octets; null leaves it to the kernel.</summary>
    public int? ReceiveBuffer { get; init; } = 1 << 20;
}
