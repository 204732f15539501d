using System.Threading.Channels;
using Dapper;
using Fabric.Intent;
using Fabric.Sqlite;
using Microsoft.Data.Sqlite;

namespace Fabric.Storage.Writing;

/// <summary>
/// The one writer. Work is queued and run by one task, several pieces in one transaction when they wait together (one
/// <c>fsync</c> for all of them); each piece is atomic by itself. A caller hears of success only after the commit, and
/// nothing of a failed transaction is seen by anybody.
/// </summary>
internal sealed class StoreWriter : IAsyncDisposable
{
    private const int LargestBatch = 64;

    private readonly SqliteDatabase _database;
    private readonly Channel<WriteItem> _queue = Channel.CreateBounded<WriteItem>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly Func<SqliteConnection, IntentSnapshot> _reload;
    private readonly Task _loop;
    private SqliteConnection? _connection;
    private volatile IntentSnapshot _current;

    public StoreWriter(SqliteDatabase database, SqliteConnection connection, IntentSnapshot current, Func<SqliteConnection, IntentSnapshot> reload)
    {
        _database = database;
        _connection = connection;
        _current = current;
        _reload = reload;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The intent as of the last commit.</summary>
    public IntentSnapshot Current => _current;

    /// <summary>Runs work in a transaction; completes once it is durable.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public async Task<T> RunAsync<T>(Func<WriteScope, T> work, CancellationToken cancellationToken)
    {
        var item = new WriteItem<T>(work);
        try
        {
            await _queue.Writer.WriteAsync(item, cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreException(StoreFault.Closed, "the store is closed", e);
        }

        // From here on the write may happen, so its outcome is awaited whatever the caller's patience.
        return await item.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        Abandon(null);
    }

    private async Task RunAsync()
    {
        var batch = new List<WriteItem>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < LargestBatch && _queue.Reader.TryRead(out var item))
            {
                batch.Add(item);
            }

            Process(batch);
        }
    }

    private void Process(List<WriteItem> batch)
    {
        if (TryCommit(batch) is not { } failure)
        {
            return;
        }

        if (batch.Count == 1)
        {
            batch[0].Fail(failure);
            return;
        }

        // One piece may have been too big for the space left, or at fault; the others need not fail with it.
        foreach (var item in batch)
        {
            if (TryCommit([item]) is { } reason)
            {
                item.Fail(reason);
            }
        }
    }

    /// <summary>Runs and commits the pieces together and completes them; the reason when the transaction failed, all being as before.</summary>
    private Exception? TryCommit(List<WriteItem> batch)
    {
        var scope = default(WriteScope);
        var transaction = default(SqliteTransaction);
        try
        {
            _connection ??= Reopen();
            transaction = _connection.BeginTransaction(deferred: false);
            scope = new WriteScope(_connection, transaction, _current);
            foreach (var item in batch)
            {
                Run(item, scope);
            }

            if (scope.Dirty)
            {
                transaction.Commit();
            }
            else
            {
                transaction.Rollback();
            }
        }
        catch (Exception e)
        {
            Abandon(transaction);
            return e is SqliteException sqlite ? SqliteErrors.Translate(sqlite) ?? e : e;
        }

        _current = scope.Snapshot;
        foreach (var action in scope.Committed)
        {
            action();
        }

        foreach (var item in batch)
        {
            item.Complete();
        }

        return null;
    }

    private static void Run(WriteItem item, WriteScope scope)
    {
        var mark = scope.Mark();
        scope.Connection.Execute("savepoint piece", transaction: scope.Transaction);
        try
        {
            item.Run(scope);
        }
        catch (Exception e) when (e is not SqliteException)
        {
            scope.Connection.Execute("rollback to piece", transaction: scope.Transaction);
            scope.Return(mark);
            item.RunFailed(e);
        }

        scope.Connection.Execute("release piece", transaction: scope.Transaction);
    }

    /// <summary>
    /// Gives up the connection: after a failure SQLite may or may not have rolled back, and a fresh connection is in a known state.
    /// Rolling back what was rolled back already fails, which must not hide what failed first.
    /// </summary>
    private void Abandon(SqliteTransaction? transaction)
    {
        var connection = _connection;
        _connection = null;
        foreach (var item in (ReadOnlySpan<IDisposable?>)[transaction, connection])
        {
            try
            {
                item?.Dispose();
            }
            catch (SqliteException)
            {
                // Nothing more is done with it.
            }
        }
    }

    private SqliteConnection Reopen()
    {
        var connection = _database.OpenWriter();
        try
        {
            // A commit whose end was never seen may have happened after all.
            if (connection.ExecuteScalar<long>("select revision from meta") != _current.Revision)
            {
                _current = _reload(connection);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
