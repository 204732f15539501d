using System.Collections.Immutable;
using System.Text.Json;
using Dapper;
using Fabric.Sqlite;
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

    /// <summary>Keeps what is about to be sent to a device; the oldest applies beyond <see cref="AppliesKept"/> go.</summary>
    /// <exception cref="StoreException">Nothing was written: send nothing.</exception>
    public Task StartApplyAsync(ApplyEntry entry, CancellationToken cancellationToken) => _writer.RunAsync(
        scope =>
        {
            scope.Execute(
                """
                insert into apply_log (device_uid, transaction_id, revision, cause, started, objects, commands)
                values (@DeviceUid, @TransactionId, @Revision, @Cause, @Started, @Objects, @Commands)
                """,
                new
                {
                    entry.DeviceUid,
                    entry.TransactionId,
                    entry.Revision,
                    Cause = entry.Cause.ToString(),
                    Started = entry.Started.ToUnixTimeMilliseconds(),
                    Objects = JsonSerializer.Serialize(entry.Objects),
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

    /// <summary>Keeps how an apply ended.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task EndApplyAsync(ApplyEntry entry, CancellationToken cancellationToken) => _writer.RunAsync(
        scope => scope.Execute(
            """
            update apply_log set ended = @Ended, outcome = @Outcome, detail = @Detail
            where device_uid = @DeviceUid and transaction_id = @TransactionId
            """,
            new { entry.DeviceUid, entry.TransactionId, Ended = entry.Ended?.ToUnixTimeMilliseconds(), entry.Outcome, entry.Detail }),
        cancellationToken);

    /// <summary>A device's applies, newest first.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task<ImmutableArray<ApplyEntry>> ListAppliesAsync(int deviceUid, int limit, CancellationToken cancellationToken) => _database.ReadAsync<ImmutableArray<ApplyEntry>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<ApplyRow>(new CommandDefinition(
                """
                select device_uid as DeviceUid, transaction_id as TransactionId, revision as Revision, cause as Cause, started as Started,
                       ended as Ended, outcome as Outcome, detail as Detail, objects as Objects, commands as Commands
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
        public long DeviceUid { get; init; }

        public string TransactionId { get; init; } = "";

        public long Revision { get; init; }

        public string Cause { get; init; } = "";

        public long Started { get; init; }

        public long? Ended { get; init; }

        public string? Outcome { get; init; }

        public string? Detail { get; init; }

        public string Objects { get; init; } = "";

        public string Commands { get; init; } = "";

        public ApplyEntry ToEntry() => new(
            (int)DeviceUid,
            TransactionId,
            Revision,
            Enum.Parse<ApplyCause>(Cause),
            DateTimeOffset.FromUnixTimeMilliseconds(Started),
            Ended is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
            Outcome,
            Detail,
            JsonSerializer.Deserialize<ImmutableArray<string>>(Objects),
            JsonSerializer.Deserialize<ImmutableArray<string>>(Commands));
    }
}

/// <summary>Why a device got commands.</summary>
public enum ApplyCause
{
    /// <summary>Intent changed, or the device was not at its desired state when the controller first saw it.</summary>
    Intent,

    /// <summary>The device was at its desired state and was changed by somebody else.</summary>
    Drift,
}

/// <summary>One apply on a device.</summary>
/// <param name="DeviceUid">The device.</param>
/// <param name="TransactionId">Name of the change on the device; unique there.</param>
/// <param name="Revision">The intent that it brings the device to.</param>
/// <param name="Cause">Why.</param>
/// <param name="Started">When it was sent.</param>
/// <param name="Ended">When its end was known; null before, and for ever when the controller died in between.</param>
/// <param name="Outcome">How it ended: <c>confirmed</c>, <c>rejected</c>, <c>rolledBack</c>, <c>busy</c>, <c>lost</c>; null before.</param>
/// <param name="Detail">What the device said, if it did not go well; one line, free of secrets.</param>
/// <param name="Objects">The objects changed, each with its operation: <c>add EvpnVni/10001</c>.</param>
/// <param name="Commands">The commands, in order.</param>
public sealed record ApplyEntry(
    int DeviceUid,
    string TransactionId,
    long Revision,
    ApplyCause Cause,
    DateTimeOffset Started,
    DateTimeOffset? Ended,
    string? Outcome,
    string? Detail,
    ImmutableArray<string> Objects,
    ImmutableArray<string> Commands);
