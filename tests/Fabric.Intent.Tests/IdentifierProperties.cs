using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.TestKit.Intent;
using FsCheck;
using FsCheck.Fluent;
using static Fabric.TestKit.Intent.IntentScript;

namespace Fabric.Intent.Tests;

/// <summary>What holds of numbers after any sequence of change sets, while devices prove releases whenever they like.</summary>
public sealed class IdentifierProperties
{
    private static readonly IntentSnapshot Beginning = Start();

    private static readonly Gen<Step> Steps =
        from what in Gen.Frequency((5, Gen.Choose(0, 7)), (2, Gen.Choose(8, Kinds - 1)))
        from which in Gen.Choose(0, 35)
        from how in Gen.Choose(0, 9_999)
        select new Step(what, which, how);

    private static readonly Gen<(Step[] Steps, int Prove)[]> Scripts =
        from length in Gen.Choose(1, 25)
        from script in Gen.ArrayOf(
            from size in Gen.Choose(1, 4)
            from steps in Gen.ArrayOf(Steps, size)
            from prove in Gen.Choose(0, 40)
            select (steps, prove),
            length)
        select script;

    [Fact]
    public void Number_is_held_once_in_its_scope() => Run((_, evaluation) =>
    {
        var held = evaluation.After.Identifiers.Held.ToList();
        Assert.Equal(held.Count, held.Select(i => (i.Scope, i.Value)).Distinct().Count());
        Assert.Equal(held.Count, held.Select(i => (i.Scope, i.Owner)).Distinct().Count());
        Assert.All(held, i => Assert.Equal(i.Owner, evaluation.After.Identifiers.OwnerOf(i.Scope, i.Value)));
    });

    [Fact]
    public void Pool_never_gives_a_number_that_a_device_may_still_carry() => Run((before, evaluation) =>
    {
        // Neither one that was waiting, unless for a device that the same change set takes out of the inventory, nor one that the
        // change set takes from somebody.
        var waiting = before.Identifiers.Pending.Except(evaluation.Forgotten).ToList();
        foreach (var given in evaluation.Held.Where(i => !i.Given))
        {
            Assert.DoesNotContain(waiting, r => r.Scope == given.Scope && r.Value == given.Value);
            Assert.DoesNotContain(evaluation.Releases, r => r.Scope == given.Scope && r.Value == given.Value);
        }
    });

    [Fact]
    public void Given_number_is_held_exactly_as_given() => Run((_, evaluation) =>
    {
        var after = evaluation.After;
        foreach (var vnet in after.All(ResourceKind.VNet))
        {
            var spec = (VNetSpec)vnet.Spec;
            var held = after.Identifiers.Find(IdentifierAssigner.VniScope(after.Find(ResourceKind.Site, spec.Site)!), new(vnet.Uid));
            Assert.NotNull(held);
            Assert.Equal(spec.Vni is not null, held.Given);
            Assert.True(spec.Vni is null || spec.Vni.Value.Value == held.Value);
        }
    });

    [Fact]
    public void Same_changes_give_the_same_numbers() => Run((before, evaluation) =>
    {
        var changes = Redo(evaluation);
        Assert.Equal(TextOf(ChangeSetEvaluator.Evaluate(before, changes).After), TextOf(ChangeSetEvaluator.Evaluate(before, changes).After));
    });

    [Fact]
    public void Numbers_of_what_is_not_changed_stay() => Run((before, evaluation) =>
    {
        // A leaf's VLANs follow the V-Nets that it carries; everything else belongs to its owner.
        var changed = evaluation.Changes.Select(c => (c.Before ?? c.After)!.Uid).ToHashSet();
        foreach (var held in before.Identifiers.Held.Where(i => i.Scope.Space != IdentifierSpace.Vlan && !changed.Contains(i.Owner.Uid)))
        {
            Assert.Equal(held, evaluation.After.Identifiers.Find(held.Scope, held.Owner));
        }
    });

    [Fact]
    public void Order_of_changes_makes_no_difference_but_for_the_uids_of_what_is_new() => Run((before, evaluation) =>
    {
        var changes = Redo(evaluation);
        var backwards = ChangeSetEvaluator.Evaluate(before, [.. changes.Reverse()]);
        Assert.True(backwards.Accepted, string.Join("; ", backwards.Errors.Select(e => e.Message)));
        foreach (var kind in ResourceKindInfo.All)
        {
            Assert.Equal(
                evaluation.After.All(kind.Kind).Select(r => (r.Key, r.Revision, r.Spec)), backwards.After.All(kind.Kind).Select(r => (r.Key, r.Revision, r.Spec)));
        }

        Assert.Equal(NumbersOfOld(evaluation), NumbersOfOld(backwards));

        static IEnumerable<string> NumbersOfOld(Evaluation e) => e.After.Identifiers.Held
            .Where(i => i.Owner.Uid < e.Before.NextUid && i.Scope.Space is not (IdentifierSpace.Vlan or IdentifierSpace.Vni)).Select(i => i.ToString()).Order(StringComparer.Ordinal);
    });

    [Fact]
    public void Refused_change_set_leaves_everything() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(Arb.From(Scripts), script =>
    {
        var snapshot = Beginning;
        foreach (var (steps, _) in script)
        {
            var evaluation = ChangeSetEvaluator.Evaluate(snapshot, ChangesOf(snapshot, steps));
            if (!evaluation.Accepted)
            {
                Assert.Same(snapshot, evaluation.After);
                Assert.Empty(evaluation.Changes);
                Assert.Empty(evaluation.Held);
                Assert.Empty(evaluation.Dropped);
                Assert.Empty(evaluation.Releases);
                Assert.Empty(evaluation.Forgotten);
                Assert.All(evaluation.Errors, e => Assert.NotEmpty(e.Message));
            }

            snapshot = evaluation.After;
        }
    }));

    [Fact]
    public void Evaluation_says_all_that_changed_of_the_numbers() => Run((before, evaluation) =>
    {
        // What a store writes from the evaluation must lead to the same table.
        var table = evaluation.Dropped.Aggregate(before.Identifiers, (t, d) => t.Drop(d.Scope, d.Owner));
        table = evaluation.Held.Aggregate(table, (t, h) => t.Hold(h));
        table = evaluation.Releases.Aggregate(table, (t, r) => t.Await(r));
        table = evaluation.Forgotten.Aggregate(table, (t, f) => t.Proved(f));
        Assert.Equal(TextOf(evaluation.After), TextOf(evaluation.After.With(table)));
    });

    private static IReadOnlyList<Change> Redo(Evaluation evaluation) =>
        [.. evaluation.Changes.Select(c => new Change(c.After is null ? ChangeOperation.Delete : ChangeOperation.Apply, c.Key, c.After?.Spec, c.After?.Labels))];

    private static string TextOf(IntentSnapshot snapshot) => string.Join('\n',
        snapshot.Identifiers.Held.Select(i => i.ToString()).Concat(snapshot.Identifiers.Pending.Select(p => p.ToString())).Order(StringComparer.Ordinal));

    private static void Run(Action<IntentSnapshot, Evaluation> check) => Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(Arb.From(Scripts), script =>
    {
        var snapshot = Beginning;
        foreach (var (steps, prove) in script)
        {
            var evaluation = Evaluate(snapshot, steps);
            if (evaluation.Accepted)
            {
                check(snapshot, evaluation);
            }

            snapshot = evaluation.After;
            var pending = snapshot.Identifiers.Pending.OrderBy(p => p.ToString(), StringComparer.Ordinal).ToList();
            if (prove < pending.Count)
            {
                snapshot = snapshot.With(snapshot.Identifiers.Proved(pending[prove]));
            }
        }
    }));
}
