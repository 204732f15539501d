namespace Fabric.Bgp.Benchmarks.Wire;

/// <summary>RFC 4271 section 4.1.</summary>
public enum MessageType : byte
{
    None = 0,
    Open = 1,
    Update = 2,
    Notification = 3,
    Keepalive = 4,
    RouteRefresh = 5,
}
