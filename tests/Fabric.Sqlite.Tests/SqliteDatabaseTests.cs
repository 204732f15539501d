using Dapper;

namespace Fabric.Sqlite.Tests;

public sealed class SqliteDatabaseTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly string _directory = Directory.CreateTempSubdirectory("fabric-test-").FullName;

    private SqliteDatabase Database => new(Path.Combine(_directory, "x.db"));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Scripts_run_once_and_in_order()
    {
        using var connection = Database.OpenWriter();
        Migrator.Run(connection, [new(1, "one", "create table t (id integer primary key) strict;")], Now);
        Migrator.Run(connection, [new(1, "one", "create table t (id integer primary key) strict;"), new(2, "two", "insert into t values (7);")], Now);
        Migrator.Run(connection, [new(1, "one", "create table t (id integer primary key) strict;"), new(2, "two", "insert into t values (7);")], Now);
        Assert.Equal([7L], connection.Query<long>("select id from t"));
    }

    [Fact]
    public void A_script_that_has_changed_is_refused()
    {
        using var connection = Database.OpenWriter();
        Migrator.Run(connection, [new(1, "one", "create table t (id integer primary key) strict;")], Now);
        var error = Assert.Throws<StoreException>(() => Migrator.Run(connection, [new(1, "one", "create table u (id integer primary key) strict;")], Now));
        Assert.Equal(StoreFault.Damaged, error.Fault);
    }

    [Fact]
    public async Task Readers_cannot_write()
    {
        var database = Database;
        using (var connection = database.OpenWriter())
        {
            connection.Execute("create table t (id integer primary key) strict");
        }

        await Assert.ThrowsAsync<StoreException>(() => database.ReadAsync(c => c.ExecuteAsync("insert into t values (1)")));
        database.ClosePool();
    }
}
