using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Intent;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.TestKit.Intent.IntentScript;

namespace Fabric.Compiler.Tests;

/// <summary>What holds of every compilation, whatever change sets led to the intent.</summary>
public sealed class CompilerProperties
{
    private static readonly IntentSnapshot Beginning = Start();

    private static readonly Gen<Step> Steps =
        from what in Gen.Choose(0, Kinds - 1)
        from which in Gen.Choose(0, 35)
        from how in Gen.Choose(0, 9_999)
        select new Step(what, which, how);

    private static readonly Gen<Step[][]> Scripts =
        from sets in Gen.Choose(1, 12)
        from script in Gen.ArrayOf(Steps.NonEmptyListOf().Select(l => l.Take(4).ToArray()), sets)
        select script;

    private static readonly Gen<DeviceCapabilities> AnyCapabilities =
        from bridges in Gen.Elements(true, true, true, false)
        from routes in Gen.Elements(true, true, true, false)
        from bfd in Gen.Elements(true, false)
        select new DeviceCapabilities(bridges, routes, bfd);

    [Fact]
    public void Compiling_twice_gives_the_same() => Always((_, after, capabilities) =>
    {
        var first = after.CompileAll(capabilities);
        var second = after.CompileAll(capabilities);
        Assert.Equal(StateText.Of(first), StateText.Of(second));
        Assert.All(first, d => Assert.Equal(d.Value.State, second[d.Key].State));
    });

    [Fact]
    public void The_order_in_which_intent_arrived_does_not_matter() => Always((_, after, capabilities) =>
    {
        var random = new Random(after.Revision.GetHashCode());
        var resources = ResourceKindInfo.All.SelectMany(k => after.All(k.Kind)).ToArray();
        random.Shuffle(resources);
        var rebuilt = IntentSnapshot.Empty.At(after.Revision, after.NextUid).With(after.Identifiers);
        rebuilt = resources.Aggregate(rebuilt, (s, r) => s.With(r));
        Assert.Equal(StateText.Of(after.CompileAll(capabilities)), StateText.Of(rebuilt.CompileAll(capabilities)));
        Assert.All(resources, r => Assert.Equal(after.ReferrersOf(r.Key), rebuilt.ReferrersOf(r.Key)));
    });

    [Fact]
    public void The_order_of_the_changes_in_a_set_does_not_matter_to_what_exists() => EverySet((before, steps) =>
    {
        var changes = ChangesOf(before, steps).Where(c => c.Operation == ChangeOperation.Delete || before.Find(c.Key) is not null).ToArray();
        var forth = ChangeSetEvaluator.Evaluate(before, changes);
        var back = ChangeSetEvaluator.Evaluate(before, [.. changes.Reverse()]);
        Assert.Equal(forth.Accepted, back.Accepted);
        Assert.Equal(StateText.Of(forth.After.CompileAll()), StateText.Of(back.After.CompileAll()));
        Assert.Equal(forth.After.Identifiers.Held.ToHashSet(), back.After.Identifiers.Held.ToHashSet());
        Assert.Equal(forth.After.Identifiers.Pending.ToHashSet(), back.After.Identifiers.Pending.ToHashSet());
    });

    [Fact]
    public void What_an_object_depends_on_is_there() => Always((_, after, capabilities) => Assert.All(
        after.CompileAll(capabilities).Values.SelectMany(c => c.State.Select(o => (c.State, o))),
        pair => Assert.All(
            pair.o.DependsOn.Where(key => !IsOfNoConcern(pair.o, key)), key => Assert.True(pair.State.Contains(key), $"{pair.o.Key} depends on {key}"))));

    [Fact]
    public void A_VNet_is_on_a_device_exactly_when_its_placement_says_so() => Always((_, after, capabilities) =>
    {
        foreach (var (name, compilation) in after.CompileAll(capabilities))
        {
            var placed = after.All(ResourceKind.VNet)
                .Where(v => Placement.DevicesOf(after, (VNetSpec)v.Spec).Any(d => d.Key.Name == name)).Select(v => v.Key).ToHashSet();
            var present = compilation.State.All<EvpnVni>().Select(v => compilation.Origins[v.Key].Resource);
            var absent = compilation.Shortfalls.Where(s => s.Reason != ShortfallReason.CannotRoute && !compilation.State.Contains(KeyOf(after, s.VNet))).Select(s => s.VNet);
            Assert.Equal(placed.Order(), present.Concat(absent).Order());
        }
    });

    [Fact]
    public void A_device_holds_an_L3VNI_exactly_when_it_is_gateway_for_the_VPC() => Always((_, after, capabilities) =>
    {
        foreach (var compilation in after.CompileAll(capabilities).Values)
        {
            Assert.Equal(
                compilation.State.All<GatewayInterface>().Select(g => g.L3Vni).Distinct().Order(), compilation.State.All<Vrf>().Select(v => v.L3Vni).Order());
        }
    });

    [Fact]
    public void The_plan_between_two_compilations_leads_from_one_to_the_other() => Always((before, after, capabilities) =>
    {
        var former = before.CompileAll(capabilities);
        foreach (var (name, compilation) in after.CompileAll(capabilities))
        {
            var from = former.GetValueOrDefault(name)?.State ?? DeviceState.Empty;
            Assert.Equal(compilation.State, DeviceDiff.Apply(from, DeviceDiff.Compute(from, compilation.State)));
            Assert.True(DeviceDiff.Compute(compilation.State, compilation.State).IsEmpty);
        }
    });

    [Fact]
    public void Every_device_that_a_change_set_concerns_is_in_its_impact() => EverySet((before, steps) =>
    {
        var evaluation = Evaluate(before, steps);
        var impact = Impact.DevicesOf(evaluation.Before, evaluation.After, evaluation.Changes);
        var former = before.CompileAll();
        var concerned = evaluation.After.CompileAll()
            .Where(d => !former.TryGetValue(d.Key, out var was) || !was.State.Equals(d.Value.State) || !was.Shortfalls.SequenceEqual(d.Value.Shortfalls))
            .Select(d => d.Key);
        Assert.Empty(concerned.Except(impact, StringComparer.Ordinal));
        Assert.All(impact, name => Assert.True(evaluation.After.Find(ResourceKind.Device, name)?.Spec is DeviceSpec { IsManaged: true }));
    });

    [Fact]
    public void Route_targets_name_the_VNI_and_route_distinguishers_the_device_too() => Always((_, after, capabilities) =>
    {
        var all = after.CompileAll(capabilities).SelectMany(d => d.Value.State.All<EvpnVni>().Select(v => (d.Key, v.Vni, v.Rd, v.Rt))
            .Concat(d.Value.State.All<Vrf>().Select(v => (d.Key, Vni: v.L3Vni, v.Rd, v.Rt)))).ToList();
        var fabric = after.NumberOf(IdentifierSpace.FabricNumber, 0, new(after.Find(ResourceKind.Site, "dc1")!.Uid));
        Assert.Equal(all.Count, all.Select(v => v.Rd).Distinct().Count());
        Assert.All(all, v => Assert.Equal($"{fabric}:{v.Vni}", v.Rt.ToString()));
        Assert.All(all, v => Assert.EndsWith($":{v.Vni}", v.Rd.ToString(), StringComparison.Ordinal));
        Assert.All(all.GroupBy(v => v.Key), d => Assert.Single(d.Select(v => v.Rd.ToString().Split(':')[0]).Distinct(StringComparer.Ordinal)));
    });

    [Fact]
    public void No_management_address_is_in_any_object_but_the_controllers_neighbour() => Always((_, after, capabilities) => Assert.All(
        after.CompileAll(capabilities).SelectMany(d => d.Value.State).Where(o => o is not ControllerNeighbor),
        o => Assert.DoesNotContain("172.31.", o.ToString(), StringComparison.Ordinal)));

    [Fact]
    public void Loopbacks_and_router_ids_are_unique() => Always((_, after, capabilities) =>
    {
        var states = after.CompileAll(capabilities).Values.Select(c => c.State).ToList();
        Assert.Equal(states.Count, states.SelectMany(s => s.All<BgpInstance>()).Select(b => b.RouterId).Distinct().Count());
        var networks = states.SelectMany(s => s.All<BgpNetwork>()).ToLookup(n => n.StandIn, n => n.Prefix);
        Assert.Equal(networks[false].Count(), networks[false].Distinct().Count());
        Assert.Subset(networks[false].ToHashSet(), networks[true].ToHashSet());
        Assert.All(states, s => Assert.Equal(s.All<LoopbackAddress>().Select(l => l.Address).Order(), s.All<BgpNetwork>().Select(n => n.Prefix).Order()));
    });

    /// <summary>A tunnel comes after the VRF whose L3VNI it carries; that of an L2VNI has none.</summary>
    private static bool IsOfNoConcern(DeviceObject item, ObjectKey dependency) =>
        item is VxlanTunnel tunnel && (dependency.Class == ObjectClass.GatewayInterface || (tunnel.SuppressNeighbours && dependency.Class == ObjectClass.Vrf));

    private static ObjectKey KeyOf(IntentSnapshot snapshot, ResourceKey vnet) => new(
        ObjectClass.EvpnVni,
        new Vni(snapshot.NumberOf(IdentifierSpace.Vni, snapshot.Find(ResourceKind.Site, "dc1")!.Uid, new(snapshot.Find(vnet)!.Uid))).ToString());

    private static void Always(Action<IntentSnapshot, IntentSnapshot, DeviceCapabilities> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(60),
        Prop.ForAll(Scripts.ToArbitrary(), AnyCapabilities.ToArbitrary(), (script, capabilities) =>
        {
            var (before, after) = (Beginning, Beginning);
            foreach (var steps in script)
            {
                (before, after) = (after, Evaluate(after, steps).After);
            }

            holds(before, after, capabilities);
        }));

    private static void EverySet(Action<IntentSnapshot, Step[]> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(60),
        Prop.ForAll(Scripts.ToArbitrary(), script =>
        {
            var snapshot = Beginning;
            foreach (var steps in script)
            {
                holds(snapshot, steps);
                snapshot = Evaluate(snapshot, steps).After;
            }
        }));
}
