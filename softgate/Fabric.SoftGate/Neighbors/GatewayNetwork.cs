using System.Collections.Frozen;
using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Neighbors;

/// <summary>A V-Net as its gateway sees it.</summary>
internal sealed class GatewayNetwork
{
    private readonly FrozenDictionary<IpAddr, MacAddress> _known;

    internal GatewayNetwork(SoftGateState state, SoftGateVNet vnet, SoftGateVpc vpc)
    {
        VNet = vnet;
        Vpc = vpc;
        Mac = state.Node.GatewayMac;
        Source = vpc.Owner == state.Partner?.Name ? state.Partner.ServiceVtep : state.Node.ServiceVtep;
        _known = vnet.KnownHosts.GroupBy(h => h.Address).ToFrozenDictionary(g => g.Key, g => g.First().Mac);
    }

    internal SoftGateVNet VNet { get; }

    internal SoftGateVpc Vpc { get; }

    /// <summary>The gateway's MAC.</summary>
    internal MacAddress Mac { get; }

    /// <summary>Outer source of frames to the V-Net: where answers come, and the data path sends from.</summary>
    internal IpAddr Source { get; }

    /// <summary>Own address to ask from; null: the address is none of a host of the V-Net.</summary>
    internal IpAddr? GatewayFor(IpAddr host)
    {
        foreach (var gateway in VNet.Gateways)
        {
            if (gateway.Network.Contains(host))
            {
                return VNet.Gateways.Any(g => g.Address == host) || IsReserved(gateway.Network, host) ? null : gateway.Address;
            }
        }

        return null;
    }

    /// <summary>Whether somebody with a MAC may have an address: what the orchestrator says comes first, and where it guards the VPC, only that counts.</summary>
    internal bool MayHave(IpAddr host, MacAddress mac) =>
        mac != Mac && GatewayFor(host) is not null && (_known.TryGetValue(host, out var right) ? right == mac : !Vpc.AntiSpoof);

    /// <summary>Network and broadcast address of IPv4; RFC 3021 has none in a /31. Subnet-router anycast of IPv6.</summary>
    private static bool IsReserved(IpPrefix network, IpAddr host) =>
        network.Length < network.Address.BitLength - 1 && (host == network.Address || (host.IsV4 && host == network.LastAddress));
}
