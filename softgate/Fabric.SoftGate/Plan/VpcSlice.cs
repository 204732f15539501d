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

    /// <summary>A part of the state by VPC. What names a VPC that is not there is left out: a controller never sends it.</summary>
    /// <param name="state">The state.</param>
    /// <param name="of">Uids of VPCs; null: all.</param>
    internal static Dictionary<int, VpcSlice> Of(SoftGateState state, IReadOnlySet<int>? of)
    {
        var vnets = Select(state.VNets, static v => v.Vpc, of);
        var nat = Select(state.Nat, static n => n.Vpc, of);
        var balancers = Select(state.Balancers, static b => b.Vpc, of);
        var addresses = Select(state.PublicAddresses, static a => a.Vpc, of);
        var lists = state.AccessLists.ToDictionary(l => l.Uid);
        var slices = new Dictionary<int, VpcSlice>();
        foreach (var vpc in state.Vpcs)
        {
            if (of?.Contains(vpc.Uid) == false)
            {
                continue;
            }

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

    private static ILookup<int, T> Select<T>(ValueList<T> parts, Func<T, int> vpcOf, IReadOnlySet<int>? of) =>
        (of is null ? parts : parts.Where(p => of.Contains(vpcOf(p)))).ToLookup(vpcOf);
}
