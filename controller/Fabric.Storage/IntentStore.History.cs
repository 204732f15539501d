using System.Collections.Immutable;
using Dapper;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Sqlite;

namespace Fabric.Storage;

/// <content>What was: every revision can be shown, compared and returned to.</content>
public sealed partial class IntentStore
{
    private const string SelectHistory =
        """
        select h.revision as Revision, h.uid as Uid, h.kind as Kind, h.name as Name, h.deleted as Deleted, h.created as Created, h.labels as Labels, h.spec as Spec
        from resource_history h
        """;

    private const string SelectRevision =
        "select number as Number, author as Author, role as Role, reason as Reason, source as Source, time as Time from revision";

    /// <summary>Revisions, newest first.</summary>
    /// <param name="before">Only revisions with a lower number; null: from the newest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableArray<RevisionInfo>> ListRevisionsAsync(long? before, int limit, CancellationToken cancellationToken) =>
        _database.ReadAsync<ImmutableArray<RevisionInfo>>(async connection =>
        {
            var rows = await connection.QueryAsync<RevisionRow>(new CommandDefinition(
                SelectRevision + " where number < @before order by number desc limit @limit",
                new { before = before ?? long.MaxValue, limit },
                cancellationToken: cancellationToken));
            return [.. rows.Select(r => r.ToRevision())];
        });

    /// <summary>The first revisions after one, oldest first, each with what it changed.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableArray<RevisionChanges>> ListChangesAsync(long after, int limit, CancellationToken cancellationToken) =>
        _database.ReadAsync<ImmutableArray<RevisionChanges>>(async connection =>
        {
            var revisions = (await connection.QueryAsync<RevisionRow>(new CommandDefinition(
                SelectRevision + " where number > @after order by number limit @limit", new { after, limit }, cancellationToken: cancellationToken))).ToList();
            if (revisions.Count == 0)
            {
                return [];
            }

            var rows = await connection.QueryAsync<HistoryRow>(new CommandDefinition(
                SelectHistory + " where h.revision > @after and h.revision <= @last order by h.revision, h.uid",
                new { after, last = revisions[^1].Number },
                cancellationToken: cancellationToken));
            var byRevision = rows.ToLookup(r => r.Revision);
            return [.. revisions.Select(r => new RevisionChanges(r.ToRevision(), [.. byRevision[r.Number].Select(ToPast)]))];
        });

    /// <summary>A revision with what it changed; null when there is none of this number.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<RevisionChanges?> FindRevisionAsync(long number, CancellationToken cancellationToken)
    {
        var found = await ListChangesAsync(number - 1, 1, cancellationToken);
        return found is [{ } only] && only.Revision.Number == number ? only : null;
    }

    /// <summary>A resource as it was at a revision; null when it was not there.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<Resource?> FindAtAsync(ResourceKey key, long revision, CancellationToken cancellationToken) => _database.ReadAsync(async connection =>
    {
        var row = await connection.QueryFirstOrDefaultAsync<HistoryRow>(new CommandDefinition(
            SelectHistory + " where h.kind = @Kind and h.name = @Name and h.revision <= @revision order by h.revision desc, h.deleted limit 1",
            new { Kind = key.Kind.ToString(), key.Name, revision },
            cancellationToken: cancellationToken));
        return row is null or { Deleted: not 0 } ? null : row.ToResource();
    });

    /// <summary>Every resource as it was at a revision, by key.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableSortedDictionary<ResourceKey, Resource>> ListAtAsync(long revision, CancellationToken cancellationToken) =>
        _database.ReadAsync(async connection =>
        {
            var rows = await connection.QueryAsync<HistoryRow>(new CommandDefinition(
                SelectHistory + " where h.deleted = 0 and h.revision = (select max(l.revision) from resource_history l where l.uid = h.uid and l.revision <= @revision)",
                new { revision },
                cancellationToken: cancellationToken));
            return rows.Select(r => r.ToResource()).ToImmutableSortedDictionary(r => r.Key, r => r);
        });

    /// <summary>What differs between two revisions, by key: each resource as it was at the one and at the other.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<ImmutableArray<ResourceChange>> CompareAsync(long from, long to, CancellationToken cancellationToken)
    {
        var before = await ListAtAsync(from, cancellationToken);
        var after = await ListAtAsync(to, cancellationToken);
        return
        [
            .. before.Keys.Union(after.Keys).Order()
                .Select(key => new ResourceChange(before.GetValueOrDefault(key), after.GetValueOrDefault(key)))
                .Where(c => c.Before?.Uid != c.After?.Uid || !c.Before!.Spec.Equals(c.After!.Spec) || !c.Before.Labels.SequenceEqual(c.After.Labels)),
        ];
    }

    /// <summary>The changes that lead from a snapshot back to what was there at an earlier revision.</summary>
    public static IReadOnlyList<Change> ChangesBack(IntentSnapshot current, ImmutableSortedDictionary<ResourceKey, Resource> then)
    {
        var changes = new List<Change>();
        foreach (var resource in ResourceKindInfo.All.SelectMany(k => current.All(k.Kind)).Where(r => !then.ContainsKey(r.Key)))
        {
            changes.Add(new Change(ChangeOperation.Delete, resource.Key, null));
        }

        changes.AddRange(then.Values.Select(r => new Change(ChangeOperation.Apply, r.Key, r.Spec, r.Labels)));
        return changes;
    }

    private static PastChange ToPast(HistoryRow row) =>
        new(row.Deleted != 0 ? PastOperation.Deleted : row.Created != 0 ? PastOperation.Created : PastOperation.Updated, row.ToResource());
}

/// <summary>A revision with what it changed.</summary>
/// <param name="Revision">The revision.</param>
/// <param name="Changes">What happened to each resource.</param>
public sealed record RevisionChanges(RevisionInfo Revision, ImmutableArray<PastChange> Changes);

/// <summary>What a revision did to one resource.</summary>
/// <param name="Operation">What happened.</param>
/// <param name="Resource">The resource after it; after a deletion, as it was last.</param>
public sealed record PastChange(PastOperation Operation, Resource Resource);

/// <summary>What a revision did to a resource.</summary>
public enum PastOperation
{
    /// <summary>It was made.</summary>
    Created,

    /// <summary>It was changed.</summary>
    Updated,

    /// <summary>It was removed.</summary>
    Deleted,
}
