using Dapper;
using Fabric.Intent;
using Fabric.Intent.Validation;
using Fabric.Sqlite;
using Fabric.Storage.Access;
using Fabric.Storage.Devices;
using Fabric.Storage.Routes;
using Fabric.Storage.Writing;
using Microsoft.Data.Sqlite;

namespace Fabric.Storage;

/// <summary>
/// All that the controller keeps, in one SQLite file. Whoever opens it holds it alone (a lock on the file beside it) until it
/// is disposed of or the process ends, however it ends.
/// </summary>
public sealed class FabricStore : IAsyncDisposable
{
    private readonly SqliteDatabase _database;
    private readonly StoreWriter _writer;
    private readonly SubscriptionHub _hub;
    private readonly FileStream _lock;

    private FabricStore(SqliteDatabase database, SqliteConnection connection, FileStream fileLock, TimeProvider time, IReadOnlyList<IResourceCheck> checks)
    {
        _database = database;
        _lock = fileLock;
        _hub = new SubscriptionHub();
        var tokens = connection.Query<TokenRow>(TokenRow.Select).Select(r => r.ToToken()).ToList();
        _writer = new StoreWriter(database, connection, Load(connection), reader =>
        {
            _hub.BreakAll();
            return Load(reader);
        });
        Intent = new IntentStore(database, _writer, _hub, time, checks);
        Audit = new AuditLog(database, _writer, time);
        Tokens = new TokenStore(_writer, time, tokens);
        Devices = new DeviceStore(database, _writer, time);
        InjectedRoutes = new InjectedRouteStore(database, _writer, time);
    }

    /// <summary>What is wanted.</summary>
    public IntentStore Intent { get; }

    /// <summary>Who did what.</summary>
    public AuditLog Audit { get; }

    /// <summary>Who may do what.</summary>
    public TokenStore Tokens { get; }

    /// <summary>What devices said.</summary>
    public DeviceStore Devices { get; }

    /// <summary>Which BGP routes are announced.</summary>
    public InjectedRouteStore InjectedRoutes { get; }

    /// <summary>Opens a store, making it if it is not there and bringing it to this program's schema.</summary>
    /// <param name="path">The database file; its directory exists.</param>
    /// <param name="time">The clock.</param>
    /// <param name="checks">Rules that what is written has to obey besides those of the intent itself.</param>
    /// <exception cref="StoreException">It cannot be opened; the message says why.</exception>
    public static FabricStore Open(string path, TimeProvider time, params IReadOnlyList<IResourceCheck> checks)
    {
        var fileLock = Lock(path + ".lock");
        SqliteConnection? connection = null;
        try
        {
            // SQLite would make it as the umask says; its other files take after this one.
            if (!File.Exists(path))
            {
                new FileStream(path, ForOwner(FileShare.ReadWrite)).Dispose();
            }

            var database = new SqliteDatabase(path);
            connection = database.OpenWriter();
            Migrator.Run(connection, StoreSchema.Migrations, time.GetUtcNow());
            database.SyncDirectory();
            return new FabricStore(database, connection, fileLock, time, checks);
        }
        catch (Exception e)
        {
            connection?.Dispose();
            fileLock.Dispose();
            if (e is SqliteException sqlite && SqliteErrors.Translate(sqlite) is { } fault)
            {
                throw new StoreException(fault.Fault, fault.Message, e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _hub.BreakAll();
        _database.ClosePool();
        await _lock.DisposeAsync();
    }

    /// <summary>Whether the store can be written now.</summary>
    public async Task<StoreException?> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _writer.RunAsync(scope => scope.Execute("update meta set revision = revision where id = 1"), cancellationToken);
            return null;
        }
        catch (StoreException e)
        {
            return e;
        }
    }

    private static IntentSnapshot Load(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        var snapshot = connection.Query<ResourceRow>(
                "select uid as Uid, kind as Kind, name as Name, revision as Revision, labels as Labels, spec as Spec from resource order by uid",
                transaction: transaction, buffered: false)
            .Aggregate(IntentSnapshot.Empty, (s, row) => s.With(row.ToResource()));
        var table = connection.Query<IdentifierRow>(
                "select space as Space, scope_uid as ScopeUid, owner_uid as OwnerUid, part as Part, value as Value, given as Given from identifier",
                transaction: transaction, buffered: false)
            .Aggregate(snapshot.Identifiers, (t, row) => t.Hold(row.ToIdentifier()));
        table = connection.Query<PendingReleaseRow>(
                "select space as Space, scope_uid as ScopeUid, value as Value, device_uid as DeviceUid, revision as Revision from pending_release",
                transaction: transaction, buffered: false)
            .Aggregate(table, (t, row) => t.Await(row.ToRelease()));
        var meta = connection.QuerySingle<MetaRow>("select revision as Revision, next_uid as NextUid from meta", transaction: transaction);
        return snapshot.With(table).At(meta.Revision, checked((int)meta.NextUid));
    }

    private static FileStreamOptions ForOwner(FileShare share) => new()
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = share,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    };

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, ForOwner(FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(StoreFault.InputOutput, $"{path} cannot be opened: {e.Message}", e);
        }
        catch (IOException e) when (e is DirectoryNotFoundException)
        {
            throw new StoreException(StoreFault.InputOutput, $"{path} cannot be opened: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new StoreException(StoreFault.InUse, $"{path} is held: another fabricd has this store open ({e.Message})", e);
        }
    }

    private sealed record MetaRow
    {
        public long Revision { get; init; }

        public long NextUid { get; init; }
    }
}
