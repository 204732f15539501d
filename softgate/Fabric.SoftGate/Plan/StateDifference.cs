using Fabric.Primitives;
using Fabric.SoftGate.Contracts;

namespace Fabric.SoftGate.Plan;

/// <summary>Which VPCs two states may say different things about. Costs little where the second state shares its parts with the first.</summary>
internal static class StateDifference
{
    /// <summary>Uids of VPCs; may name some that have not changed, and some that are gone.</summary>
    internal static HashSet<int> Vpcs(SoftGateState before, SoftGateState after)
    {
        var vpcs = new HashSet<int>();
        Add(before.Vpcs, after.Vpcs, static v => v.Uid, vpcs);
        Add(before.VNets, after.VNets, static v => v.Vpc, vpcs);
        Add(before.Nat, after.Nat, static n => n.Vpc, vpcs);
        Add(before.Balancers, after.Balancers, static b => b.Vpc, vpcs);
        Add(before.PublicAddresses, after.PublicAddresses, static a => a.Vpc, vpcs);
        return vpcs;
    }

    /// <summary>Owners of what lies between the equal beginning and the equal end.</summary>
    private static void Add<T>(ValueList<T> before, ValueList<T> after, Func<T, int> vpcOf, HashSet<int> vpcs)
        where T : IEquatable<T>
    {
        var old = before.AsSpan();
        var now = after.AsSpan();
        var same = old.CommonPrefixLength(now);
        old = old[same..];
        now = now[same..];
        while (!old.IsEmpty && !now.IsEmpty && old[^1].Equals(now[^1]))
        {
            old = old[..^1];
            now = now[..^1];
        }

        foreach (var part in old)
        {
            vpcs.Add(vpcOf(part));
        }

        foreach (var part in now)
        {
            vpcs.Add(vpcOf(part));
        }
    }
}
