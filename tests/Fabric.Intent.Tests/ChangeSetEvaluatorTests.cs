using System.Collections.Immutable;
using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Fabric.TestKit.Intent;

namespace Fabric.Intent.Tests;

/// <summary>What a change set does, and why it is refused.</summary>
public sealed class ChangeSetEvaluatorTests
{
    private static readonly ResourceKey Acme = new(ResourceKind.Tenant, "acme");

    [Fact]
    public void Empty_change_set_changes_nothing()
    {
        var evaluation = ChangeSetEvaluator.Evaluate(IntentSnapshot.Empty, []);
        Assert.True(evaluation.Accepted);
        Assert.Same(IntentSnapshot.Empty, evaluation.After);
    }

    [Fact]
    public void New_resource_has_the_next_uid_and_revision()
    {
        var evaluation = Accept(IntentSnapshot.Empty, Create(Acme));
        Assert.Equal((1, 1L), (evaluation.After.Find(Acme)!.Uid, evaluation.After.Find(Acme)!.Revision));
        Assert.Equal((1L, 2), (evaluation.After.Revision, evaluation.After.NextUid));
    }

    [Fact]
    public void Uid_is_never_given_again()
    {
        var snapshot = Accept(IntentSnapshot.Empty, Create(Acme)).After;
        snapshot = Accept(snapshot, Delete(Acme)).After;
        snapshot = Accept(snapshot, Create(Acme)).After;
        Assert.Equal(2, snapshot.Find(Acme)!.Uid);
    }

    [Fact]
    public void What_is_as_wanted_already_is_no_change()
    {
        var snapshot = Accept(IntentSnapshot.Empty, Create(Acme) with { Labels = Labels(("a", "b")) }).After;
        var evaluation = Accept(snapshot, Create(Acme) with { Operation = ChangeOperation.Apply, Labels = Labels(("a", "b")) });
        Assert.Same(snapshot, evaluation.After);
        Assert.Empty(evaluation.Changes);
    }

    [Fact]
    public void Absent_labels_stay_and_empty_ones_go()
    {
        var snapshot = Accept(IntentSnapshot.Empty, Create(Acme) with { Labels = Labels(("a", "b")) }).After;
        snapshot = Accept(snapshot, new Change(ChangeOperation.Update, Acme, new TenantSpec { Description = "x" })).After;
        Assert.Equal("b", snapshot.Find(Acme)!.Labels["a"]);
        snapshot = Accept(snapshot, new Change(ChangeOperation.Update, Acme, new TenantSpec { Description = "x" }, Labels())).After;
        Assert.Empty(snapshot.Find(Acme)!.Labels);
    }

    [Fact]
    public void Refusals_have_their_kind()
    {
        var snapshot = Accept(IntentSnapshot.Empty, Create(Acme)).After;
        Refuse(snapshot, ChangeErrorKind.AlreadyExists, "/name", Create(Acme));
        Refuse(snapshot, ChangeErrorKind.NotFound, "", new Change(ChangeOperation.Update, new(ResourceKind.Tenant, "ghost"), new TenantSpec()));
        Refuse(snapshot, ChangeErrorKind.NotFound, "", Delete(new(ResourceKind.Tenant, "ghost")));
        Refuse(snapshot, ChangeErrorKind.Stale, "", Delete(Acme) with { ExpectedRevision = 9 });
        Refuse(snapshot, ChangeErrorKind.Stale, "", new Change(ChangeOperation.Apply, Acme, new TenantSpec(), null, 0));
        Refuse(snapshot, ChangeErrorKind.Stale, "", new Change(ChangeOperation.Apply, new(ResourceKind.Tenant, "ghost"), new TenantSpec(), null, 1));
        Refuse(snapshot, ChangeErrorKind.Invalid, "", Delete(Acme), Delete(Acme));
        Refuse(snapshot, ChangeErrorKind.Invalid, "/name", Create(new(ResourceKind.Tenant, "")));
        Refuse(snapshot, ChangeErrorKind.Invalid, "/labels", Create(new(ResourceKind.Tenant, "l")) with { Labels = Labels(("", "b")) });
        Refuse(snapshot, ChangeErrorKind.Invalid, "/spec/tenant", new Change(ChangeOperation.Create, new(ResourceKind.Vpc, "v"), new VpcSpec { Tenant = "ghost" }));
    }

    [Fact]
    public void Expected_revision_zero_means_that_it_is_not_there() =>
        Accept(IntentSnapshot.Empty, new Change(ChangeOperation.Apply, Acme, new TenantSpec(), null, 0));

    [Fact]
    public void What_is_needed_goes_only_with_what_needs_it()
    {
        var vpc = new ResourceKey(ResourceKind.Vpc, "v");
        var snapshot = Accept(IntentSnapshot.Empty, Create(Acme), new Change(ChangeOperation.Create, vpc, new VpcSpec { Tenant = "acme" })).After;
        Refuse(snapshot, ChangeErrorKind.InUse, "", Delete(Acme));
        var evaluation = Accept(snapshot, Delete(Acme), Delete(vpc));
        Assert.Equal(0, evaluation.After.Count(ResourceKind.Tenant) + evaluation.After.Count(ResourceKind.Vpc));
    }

    [Fact]
    public void Every_error_of_a_change_set_is_told_with_its_index()
    {
        var evaluation = ChangeSetEvaluator.Evaluate(IntentSnapshot.Empty,
        [
            Create(Acme),
            new Change(ChangeOperation.Create, new(ResourceKind.Vpc, "a"), new VpcSpec { Tenant = "ghost" }),
            new Change(ChangeOperation.Create, new(ResourceKind.Vpc, "b"), new VpcSpec { Tenant = "ghost" }),
        ]);
        Assert.Equal([1, 2], evaluation.Errors.Select(e => e.ChangeIndex));
        Assert.Same(IntentSnapshot.Empty, evaluation.After);
    }

    [Theory]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData("\u3000a")]
    [InlineData("a\tb")]
    [InlineData("a\u0085b")]
    [InlineData("a\u2028b")]
    [InlineData(".")]
    [InlineData("..")]
    public void Names_that_cannot_be_shown_or_kept_are_refused(string name) => Refuse(IntentSnapshot.Empty, ChangeErrorKind.Invalid, "/name", Create(new(ResourceKind.Tenant, name)));

    [Fact]
    public void Half_of_a_surrogate_pair_is_no_name() => Refuse(IntentSnapshot.Empty, ChangeErrorKind.Invalid, "/name", Create(new(ResourceKind.Tenant, "a\ud800")));

    [Theory]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("…")]
    [InlineData("🐧")]
    [InlineData("-rf")]
    public void Other_names_are_taken(string name) => Accept(IntentSnapshot.Empty, Create(new(ResourceKind.Tenant, name)));

    [Fact]
    public void Given_asn_may_be_shared_by_a_pair_but_is_nobody_elses()
    {
        var fabric = new TestFabric().Spines(2).Leaves(3);
        var spines = fabric.Snapshot.Identifiers.Find(new(IdentifierSpace.Asn, Site(fabric).Uid), new(Site(fabric).Uid, IdentifierAssigner.SpinesPart))!.Value;
        fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf1", d => d with { Asn = new Asn(65_001) })
            .Change<DeviceSpec>(ResourceKind.Device, "leaf2", d => d with { Asn = new Asn(65_001) }).Commit();
        fabric.Change<DeviceSpec>(ResourceKind.Device, "spine1", d => d with { Asn = new Asn(spines) }).Commit();
        var clash = fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf3", d => d with { Asn = new Asn(spines) }).Try();
        Assert.Contains("the site's spines", Assert.Single(clash.Errors).Message, StringComparison.Ordinal);
        var fabricNumber = fabric.Snapshot.Identifiers.Find(new(IdentifierSpace.FabricNumber, 0), new(Site(fabric).Uid))!.Value;
        clash = fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf3", d => d with { Asn = new Asn(fabricNumber) }).Try();
        Assert.Contains("fabric number", Assert.Single(clash.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Asn_of_another_leaf_is_not_taken_from_it()
    {
        var fabric = new TestFabric().Spines(1).Leaves(2);
        var leaf1 = fabric.Snapshot.Find(ResourceKind.Device, "leaf1")!;
        var asn = fabric.Snapshot.Identifiers.Find(new(IdentifierSpace.Asn, Site(fabric).Uid), new(leaf1.Uid))!.Value;
        var clash = fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf2", d => d with { Asn = new Asn(asn) }).Try();
        Assert.Contains("Device 'leaf1'", Assert.Single(clash.Errors).Message, StringComparison.Ordinal);

        // Its own it may fix.
        Assert.True(fabric.Change<DeviceSpec>(ResourceKind.Device, "leaf1", d => d with { Asn = new Asn(asn) }).Try().Accepted);
    }

    [Fact]
    public void Exhausted_pool_is_said_and_works_again_when_a_device_has_proved_a_number_gone()
    {
        var fabric = new TestFabric(spec: new SiteSpec { Controllers = [IpAddr.Parse("172.31.255.1")], VniPool = new NumberRange(10_000, 10_001) })
            .Spines(1).Leaves(1).Vpc("v").VNet("a", "v", on: "leaf1:srv1").VNet("b", "v", on: "leaf1:srv2");
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "a").Commit();
        var refused = fabric.VNet("c", "v", on: "leaf1:srv3").Try();
        Assert.Contains("no VNI is free in 10000..10001", Assert.Single(refused.Errors).Message, StringComparison.Ordinal);
        Assert.True(fabric.Prove("leaf1").VNet("c", "v", on: "leaf1:srv3").Try().Accepted);
    }

    [Fact]
    public void Vni_from_outside_is_never_refused_for_quarantine()
    {
        var fabric = new TestFabric().Spines(1).Leaves(1).Vpc("v").VNet("a", "v", 5_001, on: "leaf1:srv1");
        fabric.Commit();
        fabric.Delete(ResourceKind.VNet, "a").Commit();
        var leaf = fabric.Snapshot.Find(ResourceKind.Device, "leaf1")!;
        Assert.True(fabric.VNet("b", "v", 5_001, on: "leaf1:srv1").Try().Accepted);
        Assert.True(fabric.Snapshot.Identifiers.IsPendingOn(leaf.Uid, IdentifierAssigner.VniScope(Site(fabric)), 5_001));
    }

    private static Resource Site(TestFabric fabric) => fabric.Snapshot.Find(ResourceKind.Site, fabric.Site)!;

    private static Change Create(ResourceKey key) => new(ChangeOperation.Create, key, new TenantSpec());

    private static Change Delete(ResourceKey key) => new(ChangeOperation.Delete, key, null);

    private static ImmutableSortedDictionary<string, string> Labels(params (string Key, string Value)[] labels) =>
        labels.ToImmutableSortedDictionary(l => l.Key, l => l.Value, StringComparer.Ordinal);

    private static Evaluation Accept(IntentSnapshot snapshot, params Change[] changes)
    {
        var evaluation = ChangeSetEvaluator.Evaluate(snapshot, changes);
        Assert.True(evaluation.Accepted, string.Join("; ", evaluation.Errors.Select(e => e.Message)));
        return evaluation;
    }

    private static void Refuse(IntentSnapshot snapshot, ChangeErrorKind kind, string pointer, params Change[] changes)
    {
        var evaluation = ChangeSetEvaluator.Evaluate(snapshot, changes);
        Assert.Contains(evaluation.Errors, e => e.Kind == kind && e.Pointer == pointer);
        Assert.Same(snapshot, evaluation.After);
    }
}
