using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Validation;
using Fabric.Sqlite;
using Fabric.Storage.Access;
using Fabric.Storage.Writing;

namespace Fabric.Storage;

/// <summary>
/// The intent: the snapshot that everybody reads and the only way to change it. A change set is evaluated against the newest
/// snapshot, written with its history, numbers and audit entry in one transaction, and published once it is durable.
/// </summary>
public sealed partial class IntentStore
{
    private const int LongestTarget = 20;

    private readonly SqliteDatabase _database;
    private readonly StoreWriter _writer;
    private readonly SubscriptionHub _hub;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<IResourceCheck> _checks;

    internal IntentStore(SqliteDatabase database, StoreWriter writer, SubscriptionHub hub, TimeProvider time, IReadOnlyList<IResourceCheck> checks)
    {
        _checks = checks;
        _database = database;
        _writer = writer;
        _hub = hub;
        _time = time;
    }

    /// <summary>The intent as of the last commit. Never blocks.</summary>
    public IntentSnapshot Current => _writer.Current;

    /// <summary>Evaluates a change set and, unless it is refused or only tried out, writes it.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public async Task<CommitResult> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        if (request.DryRun)
        {
            var current = Current;
            return new CommitResult(ChangeSetEvaluator.Evaluate(current, request.Changes(current), _checks), null, false);
        }

        return await _writer.RunAsync(scope => Commit(scope, request), cancellationToken);
    }

    /// <summary>
    /// Notes that a device was read without what it had to give back: its releases up to a revision wait no longer. Makes no
    /// revision.
    /// </summary>
    /// <param name="deviceUid">The device.</param>
    /// <param name="throughRevision">The revision whose state the device was seen to have.</param>
    /// <param name="cancellationToken">Gives up before the write is queued.</param>
    /// <returns>The releases that were waiting.</returns>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public async Task<ImmutableArray<PendingRelease>> ProveReleasedAsync(int deviceUid, long throughRevision, CancellationToken cancellationToken)
    {
        if (!Current.Identifiers.PendingOn(deviceUid).Any(r => r.Revision <= throughRevision))
        {
            return [];
        }

        return await _writer.RunAsync(
            scope =>
            {
                ImmutableArray<PendingRelease> proved = [.. scope.Snapshot.Identifiers.PendingOn(deviceUid).Where(r => r.Revision <= throughRevision)];
                if (proved.IsEmpty)
                {
                    return proved;
                }

                scope.Execute(
                    "delete from pending_release where device_uid = @deviceUid and revision <= @throughRevision", new { deviceUid, throughRevision });
                var table = proved.Aggregate(scope.Snapshot.Identifiers, (t, release) => t.Proved(release));
                var snapshot = scope.Snapshot.With(table);
                scope.Snapshot = snapshot;
                scope.OnCommitted(() => _hub.Publish(new CommittedChange(snapshot, null, [], proved)));
                return proved;
            },
            cancellationToken);
    }

    /// <summary>Starts to listen. What was committed before is in <see cref="Current"/>; what comes after is in the queue.</summary>
    /// <param name="capacity">How many changes may wait in the queue.</param>
    public IntentSubscription Subscribe(int capacity = 1024) => _hub.Subscribe(capacity);

    private CommitResult Commit(WriteScope scope, CommitRequest request)
    {
        var now = _time.GetUtcNow();
        if (request.Idempotency is { } key)
        {
            switch (IdempotencyLog.Find(scope, key, now))
            {
                case { } kept when kept.RequestHash.AsSpan().SequenceEqual(key.RequestHash):
                    return new CommitResult(null, kept.Response, false);
                case not null:
                    return new CommitResult(null, null, true);
            }
        }

        var evaluation = ChangeSetEvaluator.Evaluate(scope.Snapshot, request.Changes(scope.Snapshot), _checks);
        if (!evaluation.Accepted)
        {
            return new CommitResult(evaluation, null, false);
        }

        if (!evaluation.Changes.IsEmpty)
        {
            Write(scope, evaluation, request.Origin, now);
        }

        if (request.Idempotency is not { } kept2)
        {
            return new CommitResult(evaluation, null, false);
        }

        var response = request.Respond!(evaluation);
        IdempotencyLog.Keep(scope, kept2, response, now);
        return new CommitResult(evaluation, response, false);
    }

    private void Write(WriteScope scope, Evaluation evaluation, WriteOrigin origin, DateTimeOffset now)
    {
        var after = evaluation.After;
        var time = now.ToUnixTimeMilliseconds();
        scope.Execute("update meta set revision = @Revision, next_uid = @NextUid", new { after.Revision, after.NextUid });
        scope.Execute(
            "insert into revision (number, author, role, reason, source, time) values (@Revision, @Author, @Role, @Reason, @Source, @time)",
            new { after.Revision, origin.Author, origin.Role, origin.Reason, origin.Source, time });
        foreach (var change in evaluation.Changes)
        {
            WriteResource(scope, change, after.Revision);
        }

        WriteIdentifiers(scope, evaluation);
        AuditLog.Write(scope, now, origin, "change", Describe(evaluation.Changes), after.Revision, AuditLog.Done);
        var revision = new RevisionInfo(after.Revision, origin, DateTimeOffset.FromUnixTimeMilliseconds(time));
        scope.Snapshot = after;
        scope.OnCommitted(() => _hub.Publish(new CommittedChange(after, revision, evaluation.Changes, evaluation.Forgotten)));
    }

    private static void WriteResource(WriteScope scope, ResourceChange change, long revision)
    {
        var row = ResourceRow.Of((change.After ?? change.Before)!);
        if (change.After is null)
        {
            scope.Execute("delete from resource where uid = @Uid", row);
        }
        else
        {
            scope.Execute(
                """
                insert into resource (uid, kind, name, revision, labels, spec) values (@Uid, @Kind, @Name, @Revision, @Labels, @Spec)
                on conflict (uid) do update set revision = excluded.revision, labels = excluded.labels, spec = excluded.spec
                """,
                row);
        }

        scope.Execute(
            """
            insert into resource_history (revision, uid, kind, name, deleted, created, labels, spec)
            values (@Revision, @Uid, @Kind, @Name, @Deleted, @Created, @Labels, @Spec)
            """,
            new { Revision = revision, row.Uid, row.Kind, row.Name, Deleted = change.After is null, Created = change.Before is null, row.Labels, row.Spec });
    }

    private static void WriteIdentifiers(WriteScope scope, Evaluation evaluation)
    {
        foreach (var dropped in evaluation.Dropped)
        {
            scope.Execute(
                "delete from identifier where space = @Space and scope_uid = @ScopeUid and owner_uid = @OwnerUid and part = @Part", IdentifierRow.Of(dropped));
        }

        foreach (var held in evaluation.Held)
        {
            scope.Execute(
                """
                insert into identifier (space, scope_uid, owner_uid, part, value, given)
                values (@Space, @ScopeUid, @OwnerUid, @Part, @Value, @Given)
                """,
                IdentifierRow.Of(held));
        }

        foreach (var release in evaluation.Releases)
        {
            scope.Execute(
                """
                insert into pending_release (space, scope_uid, value, device_uid, revision) values (@Space, @ScopeUid, @Value, @DeviceUid, @Revision)
                on conflict (space, scope_uid, value, device_uid) do update set revision = excluded.revision
                """,
                PendingReleaseRow.Of(release));
        }

        foreach (var release in evaluation.Forgotten)
        {
            scope.Execute(
                "delete from pending_release where space = @Space and scope_uid = @ScopeUid and value = @Value and device_uid = @DeviceUid",
                PendingReleaseRow.Of(release));
        }
    }

    private static string Describe(ImmutableArray<ResourceChange> changes)
    {
        var named = changes.Take(LongestTarget).Select(c => $"{(c.After is null ? "delete" : c.Before is null ? "create" : "update")} {c.Key}");
        var rest = changes.Length > LongestTarget ? $" and {changes.Length - LongestTarget} more" : "";
        return string.Join(", ", named) + rest;
    }

    internal static string WriteLabels(ImmutableSortedDictionary<string, string> labels) => JsonSerializer.Serialize(labels, IntentJson.Options);

    internal static ImmutableSortedDictionary<string, string> ReadLabels(string labels) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(labels, IntentJson.Options)!.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
