using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Plan;

/// <summary>A VPC with all of the state that belongs to it and to no other VPC. Equal slices give equal contents of maps.</summary>
internal sealed record VpcSlice
{
    internal required SoftGateVpc Vpc { get; init; }

    internal ValueList<SoftGateVNet> VNets { get; init; }

    internal ValueList<SoftGateNat> Nat { get; init; }

    internal ValueList<SoftGateBalancer> Balancers { get; init; }

    internal ValueList<SoftGatePublicAddress> PublicAddresses { get; init; }

    /// <summary>Lists that the VPC, its V-Nets or its addresses name, by uid.</summary>
    internal ValueList<SoftGateAccessList> Lists { get; init; }

    /// <summary>The state by VPC. What names a VPC that is not there is left out: a controller never sends it.</summary>
    internal static Dictionary<int, VpcSlice> Of(SoftGateState state)
    {
        var vnets = state.VNets.ToLookup(v => v.Vpc);
        var nat = state.Nat.ToLookup(n => n.Vpc);
        var balancers = state.Balancers.ToLookup(b => b.Vpc);
        var addresses = state.PublicAddresses.ToLookup(a => a.Vpc);
        var lists = state.AccessLists.ToDictionary(l => l.Uid);
        var slices = new Dictionary<int, VpcSlice>(state.Vpcs.Count);
        foreach (var vpc in state.Vpcs)
        {
            var named = new SortedSet<int>();
            Name(vpc.AccessList);
            foreach (var vnet in vnets[vpc.Uid])
            {
                Name(vnet.IngressList);
                Name(vnet.EgressList);
            }

            foreach (var address in addresses[vpc.Uid])
            {
                Name(address.AccessList);
            }

            slices.Add(vpc.Uid, new VpcSlice
            {
                Vpc = vpc,
                VNets = vnets[vpc.Uid].ToValueList(),
                Nat = nat[vpc.Uid].ToValueList(),
                Balancers = balancers[vpc.Uid].ToValueList(),
                PublicAddresses = addresses[vpc.Uid].ToValueList(),
                Lists = named.Where(lists.ContainsKey).Select(uid => lists[uid]).ToValueList(),
            });

            void Name(int? list)
            {
                if (list is { } uid)
                {
                    named.Add(uid);
                }
            }
        }

        return slices;
    }
}
