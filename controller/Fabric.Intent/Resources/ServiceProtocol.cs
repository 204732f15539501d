namespace Fabric.Intent.Resources;

/// <summary>A protocol with ports, by which a service is reached.</summary>
public enum ServiceProtocol
{
    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,
}
