using Fabric.Primitives;

namespace Fabric.Controller.RouteReflector;

/// <summary>A peer that is configured by its address, or by the interface behind which it is.</summary>
public sealed record Neighbor
{
    /// <summary>Its address; 0.0.0.0 when it is found on <see cref="Interface"/>.</summary>
    public IpAddr Address { get; init; }

    /// <summary>The interface of an unnumbered neighbor, which is found by router advertisements; else null.</summary>
    public string? Interface { get; init; }

    /// <summary>Address or interface.</summary>
    public string Name => Interface ?? Address.ToString();

    /// <summary>Name of its group; null: the top level says what the neighbor does not.</summary>
    public string? Group { get; init; }

    /// <summary>Its TCP port.</summary>
    public ushort Port { get; init; } = 179;

    /// <summary>Source address of the connection; null leaves it to the routing table.</summary>
    public IpAddr? LocalAddress { get; init; }

    /// <summary>Whether to wait for it to connect and never to connect.</summary>
    public bool Passive { get; init; }

    /// <summary>A name for people.</summary>
    public string? Description { get; init; }

    /// <summary>How the session runs, complete.</summary>
    public required SessionSettings Session { get; init; }
}
