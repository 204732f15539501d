using System.Runtime.InteropServices;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Fabric.Sqlite;

/// <summary>One SQLite file: opens connections that are durable (WAL, <c>synchronous=FULL</c>) and strict (foreign keys).</summary>
public sealed partial class SqliteDatabase
{
    private readonly string _readConnection;
    private readonly string _writeConnection;

    /// <summary>Names a database file; it is made when the writer opens it first.</summary>
    public SqliteDatabase(string path)
    {
        SqliteLibrary.EnsureBound();
        Path = path;
        _writeConnection = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 5 }.ToString();
        _readConnection = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = true, DefaultTimeout = 5 }.ToString();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>A connection that writes. There is one at a time.</summary>
    public SqliteConnection OpenWriter() => Open(
        _writeConnection,
        """
        pragma journal_mode = wal;
        pragma synchronous = full;
        pragma foreign_keys = on;
        pragma busy_timeout = 5000;
        """);

    /// <summary>A connection for queries, from a pool.</summary>
    public SqliteConnection OpenReader() => Open(
        _readConnection,
        """
        pragma busy_timeout = 5000;
        pragma query_only = on;
        """);

    /// <summary>Runs a query on a connection of its own.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<T> ReadAsync<T>(Func<SqliteConnection, Task<T>> query)
    {
        try
        {
            await using var connection = OpenReader();
            return await query(connection);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e) ?? (Exception)e;
        }
    }

    /// <summary>Drops the pooled connections for queries.</summary>
    public void ClosePool()
    {
        using var connection = new SqliteConnection(_readConnection);
        SqliteConnection.ClearPool(connection);
    }

    /// <summary>Makes the names of new files in the database's directory survive a loss of power.</summary>
    public void SyncDirectory() => SyncDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);

    private static void SyncDirectory(string directory)
    {
        var descriptor = OpenDescriptor(directory, 0);
        if (descriptor < 0)
        {
            return;
        }

        _ = SyncDescriptor(descriptor);
        _ = CloseDescriptor(descriptor);
    }

    private static SqliteConnection Open(string connectionString, string pragmas)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            connection.Execute(pragmas);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int SyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);
}
