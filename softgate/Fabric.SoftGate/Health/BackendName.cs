using Fabric.Primitives;

namespace Fabric.SoftGate.Health;

/// <summary>A back end as both nodes of a pair call it.</summary>
/// <param name="Balancer">Uid of the load balancer.</param>
/// <param name="Address">Its address in the VPC.</param>
/// <param name="Port">Its port; 0: the one that was asked for.</param>
internal readonly record struct BackendName(int Balancer, IpAddr Address, ushort Port);
