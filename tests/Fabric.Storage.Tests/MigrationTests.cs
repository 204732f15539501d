using System.Collections.Immutable;
using Dapper;
using Fabric.Sqlite;

namespace Fabric.Storage.Tests;

/// <summary>The schema: made once, checked at every start, never taken back.</summary>
public sealed class MigrationTests
{
    [Fact]
    public void Scripts_are_numbered_without_a_hole() =>
        Assert.Equal(Enumerable.Range(1, StoreSchema.Migrations.Length), StoreSchema.Migrations.Select(m => m.Number));

    [Fact]
    public async Task Database_is_durable_and_strict()
    {
        await using var fixture = new StoreFixture();
        using var connection = new SqliteDatabase(fixture.Path).OpenWriter();
        Assert.Equal("wal", connection.ExecuteScalar<string>("pragma journal_mode"));
        Assert.Equal(2, connection.ExecuteScalar<long>("pragma synchronous"));
        Assert.Equal(1, connection.ExecuteScalar<long>("pragma foreign_keys"));
        Assert.Equal("ok", connection.ExecuteScalar<string>("pragma integrity_check"));
        Assert.True(Version.Parse(connection.ExecuteScalar<string>("select sqlite_version()")!) >= new Version(3, 40));
    }

    [Fact]
    public async Task Store_of_a_newer_program_is_refused()
    {
        await using var fixture = new StoreFixture();
        await fixture.CommitAsync(StoreFixture.Tenant("a"));
        await fixture.Store.DisposeAsync();
        Change(fixture.Path, "insert into migration (number, name, checksum, time) values (999, '0999_future', 'x', 0)");
        var error = Assert.Throws<StoreException>(() => FabricStore.Open(fixture.Path, fixture.Clock));
        Assert.Equal(StoreFault.Damaged, error.Fault);
        Assert.Contains("newer program (migration 999 0999_future)", error.Message, StringComparison.Ordinal);
        Change(fixture.Path, "delete from migration where number = 999");
        await fixture.ReopenAsync();
        Assert.Equal(1, fixture.Store.Intent.Current.Revision);
    }

    [Fact]
    public async Task Changed_script_is_refused()
    {
        await using var fixture = new StoreFixture();
        await fixture.Store.DisposeAsync();
        Change(fixture.Path, "update migration set checksum = 'other' where number = 1");
        var error = Assert.Throws<StoreException>(() => FabricStore.Open(fixture.Path, fixture.Clock));
        Assert.Contains("differs from the one this store was made with", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Later_script_runs_once_on_a_populated_store_and_a_broken_one_leaves_it()
    {
        await using var fixture = new StoreFixture();
        await fixture.CommitAsync(StoreFixture.Tenant("a"));
        await fixture.Store.DisposeAsync();
        using (var connection = new SqliteDatabase(fixture.Path).OpenWriter())
        {
            var next = StoreSchema.Migrations.Length + 1;
            ImmutableArray<Migration> broken = [.. StoreSchema.Migrations, new Migration(next, "broken", "create table extra (id integer) strict; create table nonsense (")];
            Assert.ThrowsAny<Exception>(() => Migrator.Run(connection, broken, fixture.Clock.GetUtcNow()));
            Assert.Equal(0, connection.ExecuteScalar<long>("select count(*) from sqlite_master where name = 'extra'"));
            ImmutableArray<Migration> good = [.. StoreSchema.Migrations, new Migration(next, "good", "create table extra (id integer) strict; insert into extra values (7);")];
            Migrator.Run(connection, good, fixture.Clock.GetUtcNow());
            Migrator.Run(connection, good, fixture.Clock.GetUtcNow());
            Assert.Equal(1, connection.ExecuteScalar<long>("select count(*) from extra"));
            Assert.Equal(1, connection.ExecuteScalar<long>("select count(*) from resource"));
            connection.Execute($"delete from migration where number = {next}");
        }

        await fixture.ReopenAsync();
    }

    [Fact]
    public async Task Two_programs_that_start_at_once_run_each_script_once()
    {
        var directory = Directory.CreateTempSubdirectory("fabric-store-").FullName;
        var path = Path.Combine(directory, "fabric.db");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            using var connection = new SqliteDatabase(path).OpenWriter();
            Migrator.Run(connection, StoreSchema.Migrations, TimeProvider.System.GetUtcNow());
        })));
        using (var connection = new SqliteDatabase(path).OpenWriter())
        {
            Assert.Equal(StoreSchema.Migrations.Length, connection.ExecuteScalar<long>("select count(*) from migration"));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Spec_that_cannot_be_read_says_which()
    {
        await using var fixture = new StoreFixture();
        await fixture.CommitAsync(StoreFixture.Tenant("a"));
        await fixture.Store.DisposeAsync();
        Change(fixture.Path, """update resource set spec = '{"nonsense":1}'""");
        var error = Assert.Throws<StoreException>(() => FabricStore.Open(fixture.Path, fixture.Clock));
        Assert.Contains("Tenant 'a'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_that_is_no_database_is_said()
    {
        var directory = Directory.CreateTempSubdirectory("fabric-store-").FullName;
        var path = Path.Combine(directory, "fabric.db");
        await File.WriteAllTextAsync(path, new string('x', 10_000));
        Assert.Equal(StoreFault.Damaged, Assert.Throws<StoreException>(() => FabricStore.Open(path, TimeProvider.System)).Fault);
        Assert.Equal(StoreFault.InputOutput, Assert.Throws<StoreException>(() => FabricStore.Open("/nowhere/fabric.db", TimeProvider.System)).Fault);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Store_is_held_by_one()
    {
        await using var fixture = new StoreFixture();
        Assert.Equal(StoreFault.InUse, Assert.Throws<StoreException>(() => FabricStore.Open(fixture.Path, fixture.Clock)).Fault);
        await fixture.ReopenAsync();
    }

    [Fact]
    public async Task Closed_store_says_so()
    {
        await using var fixture = new StoreFixture();
        await fixture.Store.DisposeAsync();
        Assert.Equal(StoreFault.Closed, (await Assert.ThrowsAsync<StoreException>(() => fixture.CommitAsync(StoreFixture.Tenant("a")))).Fault);
    }

    private static void Change(string path, string sql)
    {
        using var connection = new SqliteDatabase(path).OpenWriter();
        connection.Execute(sql);
    }
}
