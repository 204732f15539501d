using System.Collections.Immutable;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.TestKit.Intent;
using static Fabric.TestKit.Intent.IntentScript;

namespace Fabric.Storage.Tests;

/// <summary>What is committed is there, all of it, and nothing else.</summary>
public sealed class IntentStoreTests
{
    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public async Task What_is_kept_can_be_read_by_the_owner_only()
    {
        await using var fixture = new StoreFixture();
        await fixture.CommitAsync(StoreFixture.Tenant("red"));
        File.SetUnixFileMode(fixture.Directory, File.GetUnixFileMode(fixture.Directory) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Assert.All(Directory.EnumerateFiles(fixture.Directory), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.True(File.Exists(fixture.Path + "-wal"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Reopened_store_has_the_same_intent_after_any_work(int seed)
    {
        await using var fixture = new StoreFixture();
        var random = new Random(seed);
        var beginning = Start();
        var everything = ResourceKindInfo.All.SelectMany(k => beginning.All(k.Kind)).Select(r => new Change(ChangeOperation.Create, r.Key, r.Spec, r.Labels)).ToList();
        Assert.True((await fixture.CommitAsync([.. everything])).Evaluation!.Accepted);
        var accepted = 0;
        for (var i = 0; i < 120; i++)
        {
            var steps = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => new Step(random.Next(Kinds), random.Next(36), random.Next(10_000))).ToList();
            var result = await fixture.Store.Intent.CommitAsync(
                new CommitRequest { Changes = snapshot => ChangesOf(snapshot, steps), Origin = StoreFixture.Origin }, CancellationToken.None);
            accepted += result.Evaluation!.Accepted ? 1 : 0;
            var snapshot = fixture.Store.Intent.Current;
            Assert.Same(result.Evaluation.After, snapshot);
            if (random.Next(3) == 0 && snapshot.Identifiers.Pending.FirstOrDefault() is { } pending)
            {
                Assert.NotEmpty(await fixture.Store.Intent.ProveReleasedAsync(pending.DeviceUid, pending.Revision, CancellationToken.None));
                Assert.DoesNotContain(fixture.Store.Intent.Current.Identifiers.PendingOn(pending.DeviceUid), p => p.Revision <= pending.Revision);
            }

            if (i % 20 == 0)
            {
                var before = TextOf(fixture.Store.Intent.Current);
                await fixture.ReopenAsync();
                Assert.Equal(before, TextOf(fixture.Store.Intent.Current));
            }
        }

        Assert.True(accepted > 30, $"only {accepted} were accepted");
    }

    [Fact]
    public async Task History_leads_from_nothing_to_now()
    {
        await using var fixture = new StoreFixture();
        await fixture.CommitAsync(StoreFixture.Tenant("a", "1"));
        await fixture.CommitAsync(StoreFixture.Tenant("a", "2"), StoreFixture.Tenant("b"));
        await fixture.CommitAsync(StoreFixture.Delete(ResourceKind.Tenant, "a"));
        await fixture.CommitAsync(StoreFixture.Tenant("a", "3"));
        var intent = fixture.Store.Intent;
        var changes = await intent.ListChangesAsync(0, 10, CancellationToken.None);
        Assert.Equal(["Created a", "Updated a,Created b", "Deleted a", "Created a"], changes.Select(r => string.Join(',', r.Changes.Select(c => $"{c.Operation} {c.Resource.Key.Name}"))));
        var described = await Task.WhenAll(Enumerable.Range(0, 5).Select(async r =>
            ((await intent.FindAtAsync(new(ResourceKind.Tenant, "a"), r, CancellationToken.None))?.Spec as TenantSpec)?.Description ?? ""));
        Assert.Equal(["", "1", "2", "", "3"], described);
        var counted = await Task.WhenAll(Enumerable.Range(0, 5).Select(async r => (await intent.ListAtAsync(r, CancellationToken.None)).Count));
        Assert.Equal([0, 1, 2, 1, 2], counted);
        var now = await intent.ListAtAsync(4, CancellationToken.None);
        Assert.Equal(intent.Current.All(ResourceKind.Tenant).Select(r => (r.Key, r.Uid, r.Revision)), now.Values.Select(r => (r.Key, r.Uid, r.Revision)));
        Assert.Null(await intent.FindRevisionAsync(0, CancellationToken.None));
        Assert.Null(await intent.FindRevisionAsync(5, CancellationToken.None));
        Assert.Equal([4L, 3L], (await intent.ListRevisionsAsync(null, 2, CancellationToken.None)).Select(r => r.Number));
        Assert.Equal([2L, 1L], (await intent.ListRevisionsAsync(3, 5, CancellationToken.None)).Select(r => r.Number));
    }

    [Fact]
    public async Task Refused_change_set_writes_nothing()
    {
        await using var fixture = new StoreFixture();
        await fixture.CommitAsync(StoreFixture.Tenant("a"));
        var before = fixture.Store.Intent.Current;
        var result = await fixture.CommitAsync(StoreFixture.Tenant("b"), StoreFixture.Delete(ResourceKind.Tenant, "ghost"));
        Assert.False(result.Evaluation!.Accepted);
        Assert.Same(before, fixture.Store.Intent.Current);
        await fixture.ReopenAsync();
        Assert.Equal(TextOf(before), TextOf(fixture.Store.Intent.Current));
        Assert.Single(await fixture.Store.Audit.ListAsync(null, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Work_that_throws_fails_alone()
    {
        await using var fixture = new StoreFixture();
        var tasks = Enumerable.Range(0, 50).Select(i => fixture.Store.Intent.CommitAsync(
            new CommitRequest
            {
                Changes = _ => i % 10 == 5 ? throw new InvalidOperationException("broken") : [StoreFixture.Tenant($"t{i}")],
                Origin = StoreFixture.Origin,
            },
            CancellationToken.None)).ToList();
        foreach (var (i, task) in tasks.Index())
        {
            if (i % 10 == 5)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => task);
            }
            else
            {
                Assert.True((await task).Evaluation!.Accepted);
            }
        }

        Assert.Equal((45, 45L), (fixture.Store.Intent.Current.Count(ResourceKind.Tenant), fixture.Store.Intent.Current.Revision));
        await fixture.ReopenAsync();
        Assert.Equal(45, fixture.Store.Intent.Current.Count(ResourceKind.Tenant));
    }

    [Fact]
    public async Task Response_that_cannot_be_made_undoes_its_change_set_and_no_other_of_its_transaction()
    {
        await using var fixture = new StoreFixture();
        using var gate = new ManualResetEventSlim();
        var first = fixture.Store.Intent.CommitAsync(
            new CommitRequest
            {
                Changes = _ =>
                {
                    gate.Wait(TimeSpan.FromSeconds(20));
                    return [StoreFixture.Tenant("first")];
                },
                Origin = StoreFixture.Origin,
            },
            CancellationToken.None);

        // They wait together behind the first, and so share a transaction.
        var before = fixture.CommitAsync(StoreFixture.Tenant("before"));
        var key = new IdempotencyKey("token", "k", [1]);
        var broken = fixture.Store.Intent.CommitAsync(
            new CommitRequest
            {
                Changes = _ => [StoreFixture.Tenant("broken")],
                Origin = StoreFixture.Origin,
                Idempotency = key,
                Respond = _ => throw new InvalidOperationException("broken"),
            },
            CancellationToken.None);
        var after = fixture.CommitAsync(StoreFixture.Tenant("after"));
        gate.Set();
        await Assert.ThrowsAsync<InvalidOperationException>(() => broken);
        await Task.WhenAll(first, before, after);
        Assert.Equal(["after", "before", "first"], fixture.Store.Intent.Current.All(ResourceKind.Tenant).Select(r => r.Key.Name));
        var text = TextOf(fixture.Store.Intent.Current);
        await fixture.ReopenAsync();
        Assert.Equal(text, TextOf(fixture.Store.Intent.Current));
        Assert.Equal(3, (await fixture.Store.Audit.ListAsync(null, 10, CancellationToken.None)).Length);
    }

    [Fact]
    public async Task Subscriber_gets_every_commit_in_order()
    {
        await using var fixture = new StoreFixture();
        using var subscription = fixture.Store.Intent.Subscribe();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => fixture.CommitAsync(StoreFixture.Tenant($"t{i}"))));
        for (var revision = 1; revision <= 200; revision++)
        {
            Assert.True(subscription.Reader.TryRead(out var change));
            Assert.Equal((revision, revision), (change.Revision!.Number, change.Snapshot.Revision));
        }

        Assert.False(subscription.Reader.TryRead(out _));
        Assert.False(subscription.Overflowed);
    }

    [Fact]
    public async Task Slow_subscriber_keeps_what_fitted_and_is_told()
    {
        await using var fixture = new StoreFixture();
        using var subscription = fixture.Store.Intent.Subscribe(capacity: 3);
        for (var i = 0; i < 5; i++)
        {
            await fixture.CommitAsync(StoreFixture.Tenant($"t{i}"));
        }

        Assert.True(subscription.Overflowed);
        var kept = await subscription.Reader.ReadAllAsync().Select(c => c.Revision!.Number).ToListAsync();
        Assert.Equal([1L, 2L, 3L], kept);
    }

    [Fact]
    public async Task Proved_releases_are_published_without_a_revision()
    {
        await using var fixture = new StoreFixture();
        var fabric = new TestFabric().Spines(1).Leaves(1).Vpc("v").VNet("n", "v", on: "leaf1:srv1").Snapshot;
        await fixture.CommitAsync([.. ResourceKindInfo.All.SelectMany(k => fabric.All(k.Kind)).Select(r => new Change(ChangeOperation.Create, r.Key, r.Spec, r.Labels))]);
        await fixture.CommitAsync(StoreFixture.Delete(ResourceKind.VNet, "n"));
        var leaf = fixture.Store.Intent.Current.Find(ResourceKind.Device, "leaf1")!;
        Assert.NotEmpty(fixture.Store.Intent.Current.Identifiers.PendingOn(leaf.Uid));
        using var subscription = fixture.Store.Intent.Subscribe();
        Assert.Empty(await fixture.Store.Intent.ProveReleasedAsync(leaf.Uid, 1, CancellationToken.None));
        var proved = await fixture.Store.Intent.ProveReleasedAsync(leaf.Uid, 2, CancellationToken.None);
        Assert.NotEmpty(proved);
        Assert.True(subscription.Reader.TryRead(out var change));
        Assert.Null(change.Revision);
        Assert.Equal(proved, change.Proved);
        Assert.Empty(fixture.Store.Intent.Current.Identifiers.PendingOn(leaf.Uid));
        Assert.Equal(2, fixture.Store.Intent.Current.Revision);
        await fixture.ReopenAsync();
        Assert.Empty(fixture.Store.Intent.Current.Identifiers.Pending);
    }

    private static string TextOf(IntentSnapshot snapshot) => string.Join('\n',
        ResourceKindInfo.All.SelectMany(k => snapshot.All(k.Kind))
            .Select(r => $"{r.Key} {r.Uid} {r.Revision} {IntentStore.WriteLabels(r.Labels)} {IntentJson.WriteSpec(r.Spec)}")
            .Concat(snapshot.Identifiers.Held.Select(i => i.ToString()).Order(StringComparer.Ordinal))
            .Concat(snapshot.Identifiers.Pending.Select(p => p.ToString()).Order(StringComparer.Ordinal))
            .Prepend($"{snapshot.Revision} {snapshot.NextUid}"));
}
