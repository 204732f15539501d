using System.Collections.Immutable;
using Fabric.Sqlite;
using Microsoft.Data.Sqlite;

namespace Fabric.CloudStackBridge.Store;

/// <summary>The bridge's own SQLite file. Writes go one after another and are on disk when they return.</summary>
public sealed class BridgeDatabase : IDisposable
{
    private static readonly ImmutableArray<Migration> Migrations = Migrator.Load(typeof(BridgeDatabase).Assembly, "Fabric.CloudStackBridge.Migrations.");
    private readonly SqliteDatabase _file;
    private readonly SqliteConnection _writer;
    private readonly Lock _lock = new();

    private BridgeDatabase(SqliteDatabase file, SqliteConnection writer) => (_file, _writer) = (file, writer);

    /// <summary>Opens the file, making it or bringing it to this program's schema.</summary>
    /// <exception cref="StoreException">It cannot be opened, or is of a newer program.</exception>
    public static BridgeDatabase Open(string path, TimeProvider time)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var file = new SqliteDatabase(path);
        try
        {
            var writer = file.OpenWriter();
            try
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                Migrator.Run(writer, Migrations, time.GetUtcNow());
                file.SyncDirectory();
                return new BridgeDatabase(file, writer);
            }
            catch
            {
                writer.Dispose();
                throw;
            }
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e) ?? (Exception)e;
        }
    }

    /// <summary>Writes in one transaction, which is durable on return.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public T Write<T>(Func<SqliteConnection, SqliteTransaction, T> write)
    {
        try
        {
            lock (_lock)
            {
                using var transaction = _writer.BeginTransaction(deferred: false);
                var result = write(_writer, transaction);
                transaction.Commit();
                return result;
            }
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e) ?? (Exception)e;
        }
    }

    /// <summary>Reads.</summary>
    /// <exception cref="StoreException">The file cannot be read.</exception>
    public T Read<T>(Func<SqliteConnection, T> read)
    {
        try
        {
            using var connection = _file.OpenReader();
            return read(connection);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e) ?? (Exception)e;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.ClosePool();
        _writer.Dispose();
    }
}
