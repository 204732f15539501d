using System.Collections.Immutable;
using Dapper;
using Fabric.Sqlite;
using Fabric.Storage.Access;
using Fabric.Storage.Writing;

namespace Fabric.Storage.Routes;

/// <summary>The BGP routes that the controller announces itself, by site. They go with their site.</summary>
public sealed class InjectedRouteStore
{
    private const int MostNamed = 5;

    private readonly SqliteDatabase _database;
    private readonly StoreWriter _writer;
    private readonly TimeProvider _time;

    internal InjectedRouteStore(SqliteDatabase database, StoreWriter writer, TimeProvider time)
    {
        _database = database;
        _writer = writer;
        _time = time;
    }

    /// <summary>The routes of a site.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableArray<InjectedRoute>> ListAsync(int siteUid, CancellationToken cancellationToken) => _database.ReadAsync<ImmutableArray<InjectedRoute>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(
                """
                select family as Family, name as Name, change as Change, author as Author, time as Time
                from injected_route where site_uid = @siteUid order by family, name
                """,
                new { siteUid },
                cancellationToken: cancellationToken));
            return [.. rows.Select(static r => new InjectedRoute(r.Family, r.Name, r.Change, r.Author, DateTimeOffset.FromUnixTimeMilliseconds(r.Time)))];
        });

    /// <summary>Writes changes, all or none, with an entry in the audit log.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task<RouteWriteResult> WriteAsync(RouteWrite write, CancellationToken cancellationToken) =>
        _writer.RunAsync(scope => Write(scope, write), cancellationToken);

    private RouteWriteResult Write(WriteScope scope, RouteWrite write)
    {
        var now = _time.GetUtcNow();
        if (write.Idempotency is { } key && IdempotencyLog.Find(scope, key, now) is { } kept)
        {
            return kept.RequestHash.AsSpan().SequenceEqual(key.RequestHash)
                ? new RouteWriteResult(RouteWriteOutcome.Repeated, kept.Response)
                : new RouteWriteResult(RouteWriteOutcome.KeyReused, null);
        }

        if (scope.Snapshot.Find(write.SiteUid) is null)
        {
            return new RouteWriteResult(RouteWriteOutcome.NoSite, null);
        }

        var last = write.Changes.GroupBy(static c => (c.Family, c.Name)).Select(static g => g.Last()).ToList();
        var present = scope.Query<(string Family, string Name)>(
            "select family, name from injected_route where site_uid = @SiteUid", new { write.SiteUid }).ToHashSet();
        present.ExceptWith(last.Where(static c => c.Change is null).Select(static c => (c.Family, c.Name)));
        present.UnionWith(last.Where(static c => c.Change is not null).Select(static c => (c.Family, c.Name)));
        if (present.Count > write.Limit)
        {
            return new RouteWriteResult(RouteWriteOutcome.TooMany, null);
        }

        foreach (var change in last)
        {
            scope.Execute(
                change.Change is null
                    ? "delete from injected_route where site_uid = @SiteUid and family = @Family and name = @Name"
                    : """
                      insert into injected_route (site_uid, family, name, change, author, time) values (@SiteUid, @Family, @Name, @Change, @Author, @Time)
                      on conflict (site_uid, family, name) do update set change = excluded.change, author = excluded.author, time = excluded.time
                      """,
                new { write.SiteUid, change.Family, change.Name, change.Change, write.Origin.Author, Time = now.ToUnixTimeMilliseconds() });
        }

        AuditLog.Write(scope, now, write.Origin, "bgp.inject", Describe(write), null, AuditLog.Done);
        if (write.Idempotency is { } given)
        {
            IdempotencyLog.Keep(scope, given, write.Response, now);
        }

        return new RouteWriteResult(RouteWriteOutcome.Written, write.Response);
    }

    private static string Describe(RouteWrite write)
    {
        var named = write.Changes.Take(MostNamed).Select(static c => $"{(c.Change is null ? "withdraw" : "announce")} {c.Family} {c.Name}");
        var rest = write.Changes.Count > MostNamed ? $" and {write.Changes.Count - MostNamed} more" : "";
        return $"Site '{write.Site}': {string.Join(", ", named)}{rest}";
    }

    private sealed record Row
    {
        public string Family { get; init; } = "";

        public string Name { get; init; } = "";

        public string Change { get; init; } = "";

        public string Author { get; init; } = "";

        public long Time { get; init; }
    }
}
