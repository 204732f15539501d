using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Intent;

/// <summary>Where addresses mean something to one resource only.</summary>
public enum ClaimScope
{
    /// <summary>Public addresses, over all VPCs.</summary>
    Public,

    /// <summary>Inside addresses of a VPC that are translated.</summary>
    Inside,

    /// <summary>Destinations of a VPC's static routes.</summary>
    Route,
}

/// <summary>An address or a prefix that a resource makes use of.</summary>
/// <param name="Prefix">The addresses.</param>
/// <param name="Owner">The resource.</param>
public readonly record struct AddressClaim(IpPrefix Prefix, ResourceKey Owner) : IComparable<AddressClaim>
{
    /// <inheritdoc/>
    public int CompareTo(AddressClaim other)
    {
        var byPrefix = Prefix.CompareTo(other.Prefix);
        return byPrefix != 0 ? byPrefix : Owner.CompareTo(other.Owner);
    }

    /// <summary>The claims of a resource, each with the scope; the scope's VPC is empty for public addresses.</summary>
    internal static IEnumerable<((ClaimScope Scope, string Vpc) Where, IpPrefix Prefix)> Of(ResourceSpec spec)
    {
        switch (spec)
        {
            case NatRuleSpec { Enabled: true } nat:
                foreach (var address in nat.Public.Distinct())
                {
                    yield return ((ClaimScope.Public, ""), IpPrefix.Host(address));
                }

                if (nat.PublicPrefix is { } outside)
                {
                    yield return ((ClaimScope.Public, ""), outside);
                }

                if (nat.Inside is { } inside)
                {
                    yield return ((ClaimScope.Inside, nat.Vpc), inside);
                }

                if (nat is { Type: NatType.Static, InsideAddress: { } host })
                {
                    yield return ((ClaimScope.Inside, nat.Vpc), IpPrefix.Host(host));
                }

                break;

            case LoadBalancerSpec { Enabled: true } balancer:
                yield return (balancer.Internal ? (ClaimScope.Inside, balancer.Vpc) : (ClaimScope.Public, ""), IpPrefix.Host(balancer.Address));
                break;

            case PublicAddressSpec address:
                yield return ((ClaimScope.Public, ""), address.Prefix);
                break;

            case StaticRouteSpec route:
                yield return ((ClaimScope.Route, route.Vpc), route.Prefix);
                break;
        }
    }
}
