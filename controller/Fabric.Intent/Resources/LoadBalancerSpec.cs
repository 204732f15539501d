using Fabric.Primitives;

namespace Fabric.Intent.Resources;

/// <summary>How a load balancer chooses.</summary>
public enum BalancingAlgorithm
{
    /// <summary>By addresses and ports, evenly by weight.</summary>
    RoundRobin,

    /// <summary>By the client's address.</summary>
    SourceAffinity,

    /// <summary>By how many sessions the back ends have.</summary>
    LeastConnections,
}

/// <summary>How back ends are probed.</summary>
public enum HealthCheckType
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By a TCP connection.</summary>
    Tcp,

    /// <summary>By an HTTP request, answered with 2xx or 3xx.</summary>
    Http,
}

/// <summary>A layer 4 load balancer of a VPC in its site's SoftGates.</summary>
public sealed record LoadBalancerSpec : ResourceSpec
{
    /// <summary>Most back ends.</summary>
    public const int MaxBackends = 256;

    /// <summary>The VPC of the back ends.</summary>
    public required string Vpc { get; init; }

    /// <summary>The address that clients use: a public one in an IpamSubnet of a system VPC, or one of the VPC when internal.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>True: reached from inside the VPC.</summary>
    public bool Internal { get; init; }

    /// <summary>The protocol.</summary>
    public required ServiceProtocol Protocol { get; init; }

    /// <summary>The ports that clients use.</summary>
    public required PortRange Ports { get; init; }

    /// <summary>How it chooses.</summary>
    public BalancingAlgorithm Algorithm { get; init; }

    /// <summary>Clients that may use it; empty: all.</summary>
    public ValueList<IpPrefix> Sources { get; init; } = [];

    /// <summary>True: back ends see the gateway's address instead of the client's.</summary>
    public bool SourceNat { get; init; }

    /// <summary>How back ends are probed; absent: not at all.</summary>
    public HealthCheckSpec? HealthCheck { get; init; }

    /// <summary>Who answers, at most <see cref="MaxBackends"/>.</summary>
    public ValueList<BackendSpec> Backends { get; init; } = [];

    /// <summary>False: kept and not in force.</summary>
    public bool Enabled { get; init; } = true;

    /// <inheritdoc/>
    public override IEnumerable<ResourceReference> GetReferences() => [new("/spec/vpc", new(ResourceKind.Vpc, Vpc))];
}

/// <summary>How back ends are probed.</summary>
public sealed record HealthCheckSpec
{
    /// <summary>By what.</summary>
    public required HealthCheckType Type { get; init; }

    /// <summary>http: path that is asked for, beginning with a slash.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Time between two probes, seconds, 1..3600.</summary>
    public int IntervalSeconds { get; init; } = 2;

    /// <summary>Time that a probe may take, seconds, 1..600.</summary>
    public int TimeoutSeconds { get; init; } = 1;

    /// <summary>Probes in a row that change the verdict, 1..10.</summary>
    public int Threshold { get; init; } = 2;
}

/// <summary>A back end of a <see cref="LoadBalancerSpec"/>.</summary>
public sealed record BackendSpec
{
    /// <summary>Its address in the VPC.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>Its port; absent: the one that the client used.</summary>
    public ushort? Port { get; init; }

    /// <summary>Its share, 0..256; 0: what it has it keeps, nothing new comes.</summary>
    public int Weight { get; init; } = 1;
}
