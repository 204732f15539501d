using Dapper;

namespace Fabric.CloudStackBridge.Store;

/// <summary>When sessions were last used.</summary>
public sealed class SessionStore(BridgeDatabase database)
{
    /// <summary>When a session was last noted as used; the beginning of time: it has ended; null: never since its login.</summary>
    public DateTimeOffset? Seen(string id) =>
        database.Read(c => c.QueryFirstOrDefault<long?>("select case when ended then -1 else seen end from session where id = @id", new { id })) switch
        {
            null => null,
            -1 => DateTimeOffset.MinValue,
            { } seconds => DateTimeOffset.FromUnixTimeSeconds(seconds),
        };

    /// <summary>Notes that a session is in use or, for good, that it has ended, and forgets those that were not used since a time.</summary>
    public void Note(string id, long account, DateTimeOffset now, bool ended, DateTimeOffset forget) => database.Write((c, t) => c.Execute(
        """
        insert into session (id, account, seen, ended) values (@id, @account, @now, @ended)
        on conflict (id) do update set seen = excluded.seen, ended = max(ended, excluded.ended);
        delete from session where seen < @forget;
        """,
        new { id, account, now = now.ToUnixTimeSeconds(), ended, forget = forget.ToUnixTimeSeconds() },
        t));
}
