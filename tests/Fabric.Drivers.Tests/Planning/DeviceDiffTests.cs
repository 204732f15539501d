using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.Drivers.Tests.Planning;

public sealed class DeviceDiffTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(500).WithStartSize(1000).WithEndSize(1_000_000);

    [Fact]
    public void Equal_states_differ_in_nothing() => Prop
        .ForAll<int>(seed => DeviceDiff.Compute(RandomStates.Make(seed), RandomStates.Make(seed)).IsEmpty)
        .Check(Many);

    [Fact]
    public void Applying_a_difference_gives_the_other_state() => Prop
        .ForAll<int, int>((a, b) => DeviceDiff.Apply(RandomStates.Make(a), DeviceDiff.Compute(RandomStates.Make(a), RandomStates.Make(b))).Equals(RandomStates.Make(b)))
        .Check(Many);

    [Fact]
    public void The_inverse_leads_back() => Prop
        .ForAll<int, int>((a, b) =>
        {
            var plan = DeviceDiff.Compute(RandomStates.Make(a), RandomStates.Make(b));
            return DeviceDiff.Apply(RandomStates.Make(b), plan.Inverse).Equals(RandomStates.Make(a));
        })
        .Check(Many);

    [Fact]
    public void At_every_moment_what_an_object_depends_on_is_there() => Prop
        .ForAll<int, int>((a, b) =>
        {
            var (current, desired) = (RandomStates.Make(a), RandomStates.Make(b));
            var everything = current.Concat(desired).Select(o => o.Key).ToHashSet();
            var state = current;
            foreach (var change in DeviceDiff.Compute(current, desired).Changes)
            {
                state = change.After is null ? state.Without(change.Key) : state.With(change.After);
                if (change.After is { } made && made.DependsOn.Any(k => desired.Contains(k) && !state.Contains(k)))
                {
                    return false;
                }

                if (change.After is null && current.Any(o => state.Contains(o.Key) && !desired.Contains(o.Key) && o.DependsOn.Contains(change.Key)))
                {
                    return false;
                }
            }

            return true;
        })
        .Check(Many);

    [Fact]
    public void The_difference_depends_on_the_states_only() => Prop
        .ForAll<int, int>((a, b) =>
        {
            var shuffled = DeviceState.Of(RandomStates.Make(b).Reverse());
            return DeviceDiff.Compute(RandomStates.Make(a), RandomStates.Make(b)).Changes.SequenceEqual(DeviceDiff.Compute(RandomStates.Make(a), shuffled).Changes);
        })
        .Check(Many);

    [Fact]
    public void What_cannot_change_in_place_is_replaced_with_all_that_depends_on_it()
    {
        var loopback = IpPrefix.Parse("10.0.0.1/32");
        var bgp = new BgpInstance(new Asn(1), loopback.Address, loopback, null, null, IsVtep: true);
        var before = DeviceState.Of([bgp, new FabricNeighbor("swp1"), new LoopbackAddress(loopback), new BgpNetwork(loopback)]);
        var plan = DeviceDiff.Compute(before, before.With(bgp with { Asn = new Asn(2) }));
        Assert.Equal(
            ["Remove BgpNetwork/10.0.0.1/32", "Remove FabricNeighbor/swp1", "Remove BgpInstance", "Add BgpInstance", "Add FabricNeighbor/swp1", "Add BgpNetwork/10.0.0.1/32"],
            plan.Changes.Select(c => $"{c.Kind} {c.Key}"));
    }

    [Fact]
    public void A_damaged_object_is_written_anew_in_place()
    {
        var bridge = new Bridge();
        var plan = DeviceDiff.Compute(DeviceState.Of([bridge with { Missing = ["up"] }]), DeviceState.Of([bridge]));
        Assert.Equal(new DeviceChange(bridge with { Missing = ["up"] }, bridge), Assert.Single(plan.Changes));
    }

    [Fact]
    public void The_text_of_a_change_and_of_a_plan_ends()
    {
        var plan = DeviceDiff.Compute(DeviceState.Empty, DeviceState.Of([new Bridge()]));
        Assert.StartsWith("Add Bridge", plan.ToString());
        Assert.Equal(plan.ToString(), plan.Changes[0].ToString());
    }
}
