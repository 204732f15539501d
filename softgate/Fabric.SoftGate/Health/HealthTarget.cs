using Fabric.Primitives;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Plan;

namespace Fabric.SoftGate.Health;

/// <summary>A back end that is probed, and how.</summary>
/// <param name="Backend">The back end.</param>
/// <param name="Check">Its balancer, which says how.</param>
/// <param name="Dial">The address that stands for it in the probe namespace.</param>
internal sealed record HealthTarget(BackendName Backend, SoftGateBalancer Check, IpAddr Dial)
{
    /// <summary>The port that is dialled: of a back end that has none, the first of the balancer.</summary>
    internal ushort Port => Backend.Port == 0 ? Check.Ports.First : Backend.Port;

    internal TimeSpan Interval => TimeSpan.FromSeconds(Check.HealthInterval);

    internal TimeSpan Timeout => TimeSpan.FromSeconds(Check.HealthTimeout);

    /// <summary>What is to be probed of a balancer.</summary>
    internal static IEnumerable<HealthTarget> Of(SoftGateBalancer balancer, IEnumerable<BalancedBackend> backends) =>
        balancer.HealthCheck == SoftGateHealthCheck.None ? [] : backends.Select(b => new HealthTarget(
            new(balancer.Uid, b.Config.Address, b.Config.Port), balancer with { Backends = [] }, ProbeAddress.Of(b.Config.Address.Family, b.Index)));
}
