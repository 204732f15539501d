using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Fabric.Sqlite;

/// <summary>
/// Brings a database to this program's schema: numbered scripts, forward only, each with its checksum in a journal. All of it is
/// one transaction under the database's write lock, so two programs that start at once do not run a script twice.
/// </summary>
public static class Migrator
{
    /// <summary>Runs the scripts that the journal does not have yet.</summary>
    /// <exception cref="StoreException">The journal and the scripts disagree.</exception>
    public static void Run(SqliteConnection connection, ImmutableArray<Migration> migrations, DateTimeOffset now)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        connection.Execute(
            """
            create table if not exists migration (
                number   integer primary key,
                name     text    not null,
                checksum text    not null,
                time     integer not null
            ) strict
            """,
            transaction: transaction);
        var applied = connection.Query<AppliedRow>("select number as Number, name as Name, checksum as Checksum from migration order by number", transaction: transaction)
            .ToDictionary(r => r.Number);
        foreach (var row in applied.Values)
        {
            var known = migrations.FirstOrDefault(m => m.Number == row.Number) ?? throw new StoreException(
                StoreFault.Damaged, $"the store was written by a newer program (migration {row.Number} {row.Name}); start that one, or restore a backup");
            if (known.Checksum != row.Checksum)
            {
                throw new StoreException(StoreFault.Damaged, $"migration {row.Number} {row.Name} differs from the one this store was made with");
            }
        }

        foreach (var migration in migrations.Where(m => !applied.ContainsKey(m.Number)))
        {
            connection.Execute(migration.Sql, transaction: transaction);
            connection.Execute(
                "insert into migration (number, name, checksum, time) values (@Number, @Name, @Checksum, @Time)",
                new { migration.Number, migration.Name, migration.Checksum, Time = now.ToUnixTimeMilliseconds() },
                transaction);
        }

        transaction.Commit();
    }

    /// <summary>The scripts that an assembly carries, in order: resources named by the prefix, a number, an underscore, a name and <c>.sql</c>.</summary>
    public static ImmutableArray<Migration> Load(Assembly assembly, string prefix) =>
    [
        .. assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(resource =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var name = resource[prefix.Length..^".sql".Length];
            var number = int.Parse(name.AsSpan(0, name.IndexOf('_', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture);
            return new Migration(number, name, reader.ReadToEnd());
        }),
    ];

    private sealed record AppliedRow
    {
        public long Number { get; init; }

        public string Name { get; init; } = "";

        public string Checksum { get; init; } = "";
    }
}

/// <summary>One step of the schema.</summary>
/// <param name="Number">Its place, from 1.</param>
/// <param name="Name">Its file's name less the ending.</param>
/// <param name="Sql">What it runs.</param>
public sealed record Migration(int Number, string Name, string Sql)
{
    /// <summary>SHA-256 of the script, hexadecimal.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));
}
