using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.AccessLists;

/// <summary>The sources that may use a load balancer, as an access list: <c>service.acl</c> refers to it.</summary>
public static class SourceRanges
{
    /// <summary>The list; null: all sources may, and there is none. Equal ranges give equal lists but for the uid and the name.</summary>
    public static SoftGateAccessList? ListOf(SoftGateBalancer balancer) =>
        AddressClasses.IsAny(balancer.Sources)
            ? null
            : new()
            {
                Uid = balancer.Uid,
                Name = $"sources of load balancer {balancer.Uid}",
                Rules = [new() { Number = 1, Permit = true, Sources = [.. balancer.Sources.Distinct().Order()] }],
            };
}
