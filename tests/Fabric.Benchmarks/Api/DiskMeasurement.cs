using System.Diagnostics;
using Dapper;
using Fabric.Sqlite;

namespace Fabric.Benchmarks.Api;

/// <summary>What one durable commit costs on this disk, with nothing of the controller around it: an insert a transaction, as the store opens its file.</summary>
/// <param name="CommitsPerSecond">Commits one after the other.</param>
/// <param name="P50Ms">Milliseconds a commit, median.</param>
/// <param name="P99Ms">The same, 99th percentile.</param>
public sealed record DiskMeasurement(double CommitsPerSecond, double P50Ms, double P99Ms)
{
    /// <summary>Measures in a directory.</summary>
    public static DiskMeasurement Of(string directory, TimeSpan duration)
    {
        SqliteLibrary.EnsureBound();
        var database = new SqliteDatabase(Path.Combine(directory, "raw.db"));
        using var connection = database.OpenWriter();
        connection.Execute("create table row (id integer primary key, text text not null) strict");
        var text = new string('x', 300);
        var times = new List<double>();
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            var one = Stopwatch.GetTimestamp();
            using var transaction = connection.BeginTransaction(deferred: false);
            connection.Execute("insert into row (text) values (@text)", new { text }, transaction);
            transaction.Commit();
            times.Add(Stopwatch.GetElapsedTime(one).TotalMilliseconds);
        }

        return new DiskMeasurement(times.Count / Stopwatch.GetElapsedTime(start).TotalSeconds, Percentile.Of(times, 50), Percentile.Of(times, 99));
    }
}
