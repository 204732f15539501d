using Dapper;
using Fabric.Intent;
using Microsoft.Data.Sqlite;

namespace Fabric.Storage.Writing;

/// <summary>What a piece of work sees: the transaction, and the snapshot that it leads to.</summary>
internal sealed class WriteScope(SqliteConnection connection, SqliteTransaction transaction, IntentSnapshot snapshot)
{
    private readonly List<Action> _committed = [];

    public SqliteConnection Connection { get; } = connection;

    public SqliteTransaction Transaction { get; } = transaction;

    /// <summary>The intent as this transaction leaves it so far.</summary>
    public IntentSnapshot Snapshot { get; set; } = snapshot;

    /// <summary>Whether there is anything to commit.</summary>
    public bool Dirty { get; private set; }

    /// <summary>What to do once it is durable, in order.</summary>
    public IReadOnlyList<Action> Committed => _committed;

    /// <summary>Does something in memory once the transaction is durable; must not throw.</summary>
    public void OnCommitted(Action action) => _committed.Add(action);

    /// <summary>Runs a statement that writes.</summary>
    public int Execute(string sql, object? parameters = null)
    {
        Dirty = true;
        return Connection.Execute(sql, parameters, Transaction);
    }

    /// <summary>Runs a query.</summary>
    public IEnumerable<T> Query<T>(string sql, object? parameters = null) => Connection.Query<T>(sql, parameters, Transaction);

    /// <summary>Runs a query with one value.</summary>
    public T? Scalar<T>(string sql, object? parameters = null) => Connection.ExecuteScalar<T>(sql, parameters, Transaction);

    /// <summary>Where the scope stands, to return to.</summary>
    public (IntentSnapshot Snapshot, int Actions, bool Dirty) Mark() => (Snapshot, _committed.Count, Dirty);

    /// <summary>Forgets what was noted since the mark; the statements are undone by the savepoint.</summary>
    public void Return((IntentSnapshot Snapshot, int Actions, bool Dirty) mark)
    {
        Snapshot = mark.Snapshot;
        _committed.RemoveRange(mark.Actions, _committed.Count - mark.Actions);
        Dirty = mark.Dirty;
    }
}
