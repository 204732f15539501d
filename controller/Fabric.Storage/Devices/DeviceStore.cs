using System.Collections.Immutable;
using System.Text.Json;
using Dapper;
using Fabric.Storage.Sqlite;
using Fabric.Storage.Writing;

namespace Fabric.Storage.Devices;

/// <summary>What is known of devices from having talked to them: their last status and a bounded log of applies.</summary>
public sealed class DeviceStore
{
    /// <summary>How many applies of one device are kept.</summary>
    public const int AppliesKept = 50;

    private readonly SqliteDatabase _database;
    private readonly StoreWriter _writer;
    private readonly TimeProvider _time;

    internal DeviceStore(SqliteDatabase database, StoreWriter writer, TimeProvider time)
    {
        _database = database;
        _writer = writer;
        _time = time;
    }

    /// <summary>Keeps a device's status, in place of the one before.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task SetStatusAsync(int deviceUid, string json, CancellationToken cancellationToken) => _writer.RunAsync(
        scope => scope.Execute(
            """
            insert into device_status (device_uid, time, json) values (@deviceUid, @Time, @json)
            on conflict (device_uid) do update set time = excluded.time, json = excluded.json
            """,
            new { deviceUid, Time = _time.GetUtcNow().ToUnixTimeMilliseconds(), json }),
        cancellationToken);

    /// <summary>The last status of every device that has one.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableDictionary<int, string>> ListStatusAsync(CancellationToken cancellationToken) => _database.ReadAsync(async connection =>
    {
        var rows = await connection.QueryAsync<StatusRow>(
            new CommandDefinition("select device_uid as DeviceUid, json as Json from device_status", cancellationToken: cancellationToken));
        return rows.ToImmutableDictionary(r => (int)r.DeviceUid, r => r.Json);
    });

    /// <summary>Forgets all about a device that has left the inventory.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task ForgetAsync(int deviceUid, CancellationToken cancellationToken) => _writer.RunAsync(
        scope => scope.Execute("delete from device_status where device_uid = @deviceUid", new { deviceUid })
            + scope.Execute("delete from apply_log where device_uid = @deviceUid", new { deviceUid }),
        cancellationToken);

    /// <summary>Adds an apply to its device's log; the oldest beyond <see cref="AppliesKept"/> go.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task AppendApplyAsync(ApplyEntry entry, CancellationToken cancellationToken) => _writer.RunAsync(
        scope =>
        {
            scope.Execute(
                """
                insert into apply_log (device_uid, from_revision, to_revision, started, ended, outcome, detail, commands)
                values (@DeviceUid, @FromRevision, @ToRevision, @Started, @Ended, @Outcome, @Detail, @Commands)
                """,
                new
                {
                    entry.DeviceUid,
                    entry.FromRevision,
                    entry.ToRevision,
                    Started = entry.Started.ToUnixTimeMilliseconds(),
                    Ended = entry.Ended.ToUnixTimeMilliseconds(),
                    entry.Outcome,
                    entry.Detail,
                    Commands = JsonSerializer.Serialize(entry.Commands),
                });
            return scope.Execute(
                """
                delete from apply_log where device_uid = @DeviceUid and id <=
                    (select id from apply_log where device_uid = @DeviceUid order by id desc limit 1 offset @AppliesKept)
                """,
                new { entry.DeviceUid, AppliesKept });
        },
        cancellationToken);

    /// <summary>A device's applies, newest first.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableArray<ApplyEntry>> ListAppliesAsync(int deviceUid, int limit, CancellationToken cancellationToken) => _database.ReadAsync<ImmutableArray<ApplyEntry>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<ApplyRow>(new CommandDefinition(
                """
                select id as Id, device_uid as DeviceUid, from_revision as FromRevision, to_revision as ToRevision, started as Started, ended as Ended,
                       outcome as Outcome, detail as Detail, commands as Commands
                from apply_log where device_uid = @deviceUid order by id desc limit @limit
                """,
                new { deviceUid, limit },
                cancellationToken: cancellationToken));
            return [.. rows.Select(r => r.ToEntry())];
        });

    private sealed record StatusRow
    {
        public long DeviceUid { get; init; }

        public string Json { get; init; } = "";
    }

    private sealed record ApplyRow
    {
        public long Id { get; init; }

        public long DeviceUid { get; init; }

        public long FromRevision { get; init; }

        public long ToRevision { get; init; }

        public long Started { get; init; }

        public long Ended { get; init; }

        public string Outcome { get; init; } = "";

        public string Detail { get; init; } = "";

        public string Commands { get; init; } = "";

        public ApplyEntry ToEntry() => new(
            (int)DeviceUid,
            FromRevision,
            ToRevision,
            DateTimeOffset.FromUnixTimeMilliseconds(Started),
            DateTimeOffset.FromUnixTimeMilliseconds(Ended),
            Outcome,
            Detail,
            JsonSerializer.Deserialize<ImmutableArray<string>>(Commands),
            Id);
    }
}

/// <summary>One apply to a device.</summary>
/// <param name="DeviceUid">The device.</param>
/// <param name="FromRevision">The revision the device was at.</param>
/// <param name="ToRevision">The revision it was to be at.</param>
/// <param name="Started">When it began.</param>
/// <param name="Ended">When it was over.</param>
/// <param name="Outcome">How it ended: <c>confirmed</c>, <c>rejected</c>, <c>rolledBack</c>, <c>busy</c>, <c>broken</c>.</param>
/// <param name="Detail">In case of failure, what the device said, one line.</param>
/// <param name="Commands">What the device was told, in order.</param>
/// <param name="Id">Its number in the log, ascending; 0 before it is there.</param>
public sealed record ApplyEntry(
    int DeviceUid,
    long FromRevision,
    long ToRevision,
    DateTimeOffset Started,
    DateTimeOffset Ended,
    string Outcome,
    string Detail,
    ImmutableArray<string> Commands,
    long Id = 0);
