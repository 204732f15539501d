using System.Collections.Immutable;
using Dapper;
using Fabric.Sqlite;
using Fabric.Storage.Writing;

namespace Fabric.Storage.Access;

/// <summary>Who did what, when and why; refused attempts on what guards access, too.</summary>
public sealed class AuditLog
{
    /// <summary>Outcome of what was carried out.</summary>
    public const string Done = "done";

    /// <summary>Outcome of what the author was not allowed to do.</summary>
    public const string Refused = "refused";

    private readonly SqliteDatabase _database;
    private readonly StoreWriter _writer;
    private readonly TimeProvider _time;

    internal AuditLog(SqliteDatabase database, StoreWriter writer, TimeProvider time)
    {
        _database = database;
        _writer = writer;
        _time = time;
    }

    /// <summary>Notes an attempt that was refused for lack of a role.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task RefuseAsync(WriteOrigin origin, string action, string target, CancellationToken cancellationToken) => _writer.RunAsync(
        scope =>
        {
            Write(scope, _time.GetUtcNow(), origin, action, target, null, Refused);
            return true;
        },
        cancellationToken);

    /// <summary>Entries, newest first.</summary>
    /// <param name="before">Only entries with a lower id; null: from the newest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableArray<AuditEntry>> ListAsync(long? before, int limit, CancellationToken cancellationToken) => _database.ReadAsync<ImmutableArray<AuditEntry>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(
                """
                select id as Id, time as Time, author as Author, role as Role, action as Action, target as Target, reason as Reason, source as Source,
                       revision as Revision, outcome as Outcome
                from audit where id < @before order by id desc limit @limit
                """,
                new { before = before ?? long.MaxValue, limit },
                cancellationToken: cancellationToken));
            return [.. rows.Select(r => r.ToEntry())];
        });

    internal static void Write(WriteScope scope, DateTimeOffset now, WriteOrigin origin, string action, string target, long? revision, string outcome) =>
        scope.Execute(
            """
            insert into audit (time, author, role, action, target, reason, source, revision, outcome)
            values (@Time, @Author, @Role, @action, @target, @Reason, @Source, @revision, @outcome)
            """,
            new { Time = now.ToUnixTimeMilliseconds(), origin.Author, origin.Role, action, target, origin.Reason, origin.Source, revision, outcome });

    private sealed record Row
    {
        public long Id { get; init; }

        public long Time { get; init; }

        public string Author { get; init; } = "";

        public string Role { get; init; } = "";

        public string Action { get; init; } = "";

        public string Target { get; init; } = "";

        public string Reason { get; init; } = "";

        public string Source { get; init; } = "";

        public long? Revision { get; init; }

        public string Outcome { get; init; } = "";

        public AuditEntry ToEntry() =>
            new(Id, DateTimeOffset.FromUnixTimeMilliseconds(Time), new WriteOrigin(Author, Role, Reason, Source), Action, Target, Revision, Outcome);
    }
}

/// <summary>One entry of the audit log.</summary>
/// <param name="Id">Its number, ascending.</param>
/// <param name="Time">When.</param>
/// <param name="Origin">Who and why.</param>
/// <param name="Action">What kind of write: <c>change</c>, <c>bgp.inject</c>, <c>token.create</c>, <c>token.revoke</c>, or a refused request's method.</param>
/// <param name="Target">On what.</param>
/// <param name="Revision">The revision that it made; null where it made none.</param>
/// <param name="Outcome"><see cref="AuditLog.Done"/> or <see cref="AuditLog.Refused"/>.</param>
public sealed record AuditEntry(long Id, DateTimeOffset Time, WriteOrigin Origin, string Action, string Target, long? Revision, string Outcome);
