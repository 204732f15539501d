using System.Collections.Immutable;
using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.TestKit.Intent;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.TestKit.Intent.IntentScript;

namespace Fabric.Compiler.Tests;

/// <summary>
/// Devices that are brought up to date one by one, in any order and as late as can be: nothing of an old owner meets a new one.
/// </summary>
public sealed class QuarantineProperties
{
    private static readonly IntentSnapshot Beginning = Start();

    // Change sets, mostly of V-Nets, each with the devices (by the bits of a number) that are reached before the next one.
    private static readonly Gen<(Step[] Steps, int Reached)[]> Scripts =
        from length in Gen.Choose(1, 30)
        from script in Gen.ArrayOf(
            from what in Gen.Frequency((6, Gen.Choose(0, 7)), (1, Gen.Choose(8, Kinds - 1)))
            from which in Gen.Choose(0, 35)
            from how in Gen.Choose(0, 9_999)
            from another in Gen.Choose(0, 3)
            from reached in Gen.Choose(0, 127)
            from alsoReached in Gen.Choose(0, 127)
            select (
                another == 0 ? new[] { new Step(what, which, how), new Step(how, what, which) } : [new Step(what, which, how)],
                reached & alsoReached),
            length)
        select script;

    [Fact]
    public void A_number_has_one_owner_on_all_devices_at_any_time() => Run((_, carried, _) =>
    {
        foreach (var vni in carried.Values.SelectMany(c => c).Where(c => c.Key >= 10_000).GroupBy(c => c.Key))
        {
            Assert.True(vni.Select(c => c.Value).Distinct().Count() == 1, $"VNI {vni.Key} is several things at once: uids {string.Join(", ", vni.Select(c => c.Value).Distinct())}");
        }
    });

    [Fact]
    public void A_device_is_seen_without_a_VNI_before_it_gets_it_for_another_owner() => Run((_, carried, earlier) =>
    {
        foreach (var (device, now) in carried)
        {
            foreach (var (vni, owner) in now)
            {
                Assert.True(
                    !earlier.TryGetValue(device, out var then) || !then.TryGetValue(vni, out var former) || former == owner,
                    $"device {device} goes from one owner of VNI {vni} to the next in one step");
            }
        }
    });

    [Fact]
    public void Numbers_are_held_by_what_exists_and_by_nobody_twice() => Run((snapshot, _, _) =>
    {
        var held = snapshot.Identifiers.Held.ToList();
        Assert.All(held, i => Assert.NotNull(snapshot.Find(i.Owner.Uid)));
        Assert.Equal(held.Count, held.Select(i => (i.Scope, i.Value)).Distinct().Count());
        Assert.All(snapshot.Identifiers.Pending, p => Assert.NotNull(snapshot.Find(p.DeviceUid)));
        foreach (var leaf in snapshot.All(ResourceKind.Device).Where(d => ((DeviceSpec)d.Spec).Role == DeviceRole.Leaf))
        {
            var needed = Placement.VNetsOf(snapshot, leaf).SelectMany(v => ((VNetSpec)v.Spec).Gateways.Count == 0
                ? new[] { v.Uid } : [v.Uid, snapshot.Find(ResourceKind.Vpc, ((VNetSpec)v.Spec).Vpc)!.Uid]).Distinct();
            Assert.Equal(needed.Order(), snapshot.Identifiers.In(new(IdentifierSpace.Vlan, leaf.Uid)).Select(i => i.Owner.Uid).Order());
        }
    });

    [Fact]
    public void In_the_end_nothing_waits()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(Arb.From(Scripts, Shorter), script =>
        {
            var snapshot = Play(script, (_, _, _) => { });
            for (var round = 0; round < 2; round++)
            {
                foreach (var device in snapshot.All(ResourceKind.Device).ToList())
                {
                    snapshot = Prove(snapshot, device);
                }
            }

            Assert.Empty(snapshot.Identifiers.Pending);
            Assert.All(snapshot.CompileAll().Values, c => Assert.Empty(c.Shortfalls));
        }));
    }

    private static IEnumerable<(Step[] Steps, int Reached)[]> Shorter((Step[] Steps, int Reached)[] script) =>
        Enumerable.Range(0, script.Length).Select(i => script.Where((_, j) => j != i).ToArray());

    private static void Run(Action<IntentSnapshot, Dictionary<int, Dictionary<long, int>>, Dictionary<int, Dictionary<long, int>>> holds) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Arb.From(Scripts, Shorter), script => { Play(script, holds); }));

    private static IntentSnapshot Play(
        (Step[] Steps, int Reached)[] script, Action<IntentSnapshot, Dictionary<int, Dictionary<long, int>>, Dictionary<int, Dictionary<long, int>>> holds)
    {
        // What is configured on each device, by uid: VNI and uid of its owner.
        var carried = new Dictionary<int, Dictionary<long, int>>();
        var snapshot = Beginning;
        foreach (var (steps, reached) in script)
        {
            snapshot = Evaluate(snapshot, steps).After;
            var earlier = carried.ToDictionary(c => c.Key, c => c.Value);
            var devices = snapshot.All(ResourceKind.Device).ToImmutableArray();
            foreach (var gone in carried.Keys.Except(devices.Select(d => d.Uid)).ToList())
            {
                carried.Remove(gone);
            }

            for (var i = 0; i < devices.Length; i++)
            {
                if ((reached & (1 << i)) == 0)
                {
                    continue;
                }

                var compilation = snapshot.Compile(devices[i].Key.Name);
                carried[devices[i].Uid] = compilation.State.Where(o => o is EvpnVni or Vrf).ToDictionary(
                    o => o is EvpnVni vni ? vni.Vni.Value : (long)((Vrf)o).L3Vni.Value,
                    o => snapshot.Find(compilation.Origins[o.Key].Resource)!.Uid);
                snapshot = Prove(snapshot, devices[i]);
            }

            holds(snapshot, carried, earlier);
        }

        return snapshot;
    }

    private static IntentSnapshot Prove(IntentSnapshot snapshot, Resource device) => snapshot.With(
        snapshot.Identifiers.PendingOn(device.Uid).ToImmutableArray().Aggregate(snapshot.Identifiers, (table, pending) => table.Proved(pending)));
}
