using Dapper;

namespace Fabric.CloudStackBridge.Store;

/// <summary>When sessions were last used.</summary>
public sealed class SessionStore(BridgeDatabase database)
{
    /// <summary>When a session was last noted as used; null: never since its login.</summary>
    public DateTimeOffset? Seen(string id) => database.Read(c => c.QueryFirstOrDefault<long?>("select seen from session where id = @id", new { id })) is { } seconds
        ? DateTimeOffset.FromUnixTimeSeconds(seconds)
        : null;

    /// <summary>Notes that a session is in use, and forgets those that were not since a time.</summary>
    public void Note(string id, long account, DateTimeOffset now, DateTimeOffset forget) => database.Write((c, t) => c.Execute(
        """
        insert into session (id, account, seen) values (@id, @account, @now) on conflict (id) do update set seen = excluded.seen;
        delete from session where seen < @forget;
        """,
        new { id, account, now = now.ToUnixTimeSeconds(), forget = forget.ToUnixTimeSeconds() },
        t));
}
