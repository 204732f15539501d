using System.Collections.Immutable;
using Fabric.Compiler;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;
using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.Storage.Devices;
using Microsoft.Extensions.Logging;

namespace Fabric.Reconciler.Devices;

/// <summary>
/// Brings one device to its desired state and keeps it there. Level-triggered: each pass reads the device, compiles the latest intent
/// and works on the difference, whatever has happened before. One task a device, so a device never gets two changes at once and a
/// dead one holds up nobody else.
/// </summary>
internal sealed partial class DeviceWorker : IAsyncDisposable
{
    private readonly int _uid;
    private readonly WorkerContext _context;
    private readonly Wakeup _wakeup;
    private readonly CancellationTokenSource _stop;
    private readonly Task _loop;
    private DeviceStatus _status;
    private DeviceEndpoint? _endpoint;
    private int _transactions;

    public DeviceWorker(int uid, WorkerContext context, CancellationToken cancellationToken)
    {
        _uid = uid;
        _context = context;
        _wakeup = new Wakeup(context.Time);
        _status = new DeviceStatus { Uid = uid, Since = context.Time.GetUtcNow() };
        _context.Board.Set(_status);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _loop = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);
    }

    /// <summary>Tells the worker that the device's desired state may have changed.</summary>
    public void Poke() => _wakeup.Ring();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _wakeup.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var again = await PassAsync(cancellationToken);
                if (again)
                {
                    continue;
                }

                await _wakeup.WaitAsync(_status.Phase == DevicePhase.Synced ? Resync() : Backoff(_status.Failures), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>One pass over the device.</summary>
    /// <returns>Whether another pass shall follow at once.</returns>
    private async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        if (_context.Store.Current.Find(_uid) is not { Spec: DeviceSpec { IsManaged: true } spec } device)
        {
            return false;
        }

        using var scope = Log.DeviceScope(_context.Log, device.Key.Name);
        try
        {
            var slots = _status.Failures == 0 ? _context.Slots : _context.RetrySlots;
            await slots.WaitAsync(cancellationToken);
            try
            {
                return await ReconcileAsync(device, spec, cancellationToken);
            }
            finally
            {
                slots.Release();
            }
        }
        catch (DeviceException e)
        {
            Fail(e.Kind.ToString(), e.Message, reachable: e.Kind is not (
                DeviceErrorKind.Unreachable or DeviceErrorKind.Refused or DeviceErrorKind.HostKeyMismatch or DeviceErrorKind.AuthenticationFailed
                or DeviceErrorKind.NoCommonAlgorithm or DeviceErrorKind.SessionLost or DeviceErrorKind.Timeout));
            return false;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // A fault of ours on one device must not end its worker: it is shown, and tried again.
            Log.PassFailed(_context.Log, e, device.Key.Name);
            Fail("InternalError", $"{e.GetType().Name}: {e.Message}", _status.Reachable);
            return false;
        }
    }

    private async Task<bool> ReconcileAsync(Resource device, DeviceSpec spec, CancellationToken cancellationToken)
    {
        if (!_context.Drivers.TryGetValue(spec.Os!, out var driver))
        {
            Fail("UnknownOs", $"no driver is called '{spec.Os}'; there are {string.Join(", ", _context.Drivers.Keys.Order(StringComparer.Ordinal))}", null);
            return false;
        }

        var session = await SessionAsync(spec.Management!, cancellationToken);
        if (session is null)
        {
            return false;
        }

        var reading = await driver.ReadAsync(session, cancellationToken);
        if (reading.Pending is { } pending)
        {
            Log.AbortingPending(_context.Log, device.Key.Name, pending.TransactionId);
            await driver.AbortPendingAsync(session, cancellationToken);
            reading = await driver.ReadAsync(session, cancellationToken);
        }

        Observe(reading);

        // The intent is taken after the reading: what is committed in between is worked on now, not in another pass.
        var snapshot = _context.Store.Current;
        if (snapshot.Find(_uid) is not { Spec: DeviceSpec { IsManaged: true } } current || !current.Spec.Equals(spec))
        {
            return true;
        }

        var compilation = DeviceCompiler.Compile(snapshot, current, driver.Capabilities.And(reading.Facts.Capabilities));
        var plan = DeviceDiff.Compute(reading.State, compilation.State);
        if (plan.IsEmpty)
        {
            return await SyncedAsync(snapshot, compilation, cancellationToken);
        }

        var cause = _status.SyncedState is { } synced && synced.Equals(compilation.State) ? ApplyCause.Drift : ApplyCause.Intent;
        if (!await ApplyAsync(driver, session, current, snapshot, plan, cause, reading, cancellationToken))
        {
            return false;
        }

        var after = await driver.ReadAsync(session, cancellationToken);
        Observe(after);
        var rest = DeviceDiff.Compute(after.State, compilation.State);
        if (rest.IsEmpty)
        {
            return await SyncedAsync(snapshot, compilation, cancellationToken);
        }

        Fail("NotAsDesired", $"after the change the device still differs: {string.Join(", ", Describe(rest).Take(5))}", reachable: true);
        return false;
    }

    private async Task<bool> ApplyAsync(
        IDeviceDriver driver,
        IDeviceSession session,
        Resource device,
        IntentSnapshot snapshot,
        DevicePlan plan,
        ApplyCause cause,
        DeviceReading reading,
        CancellationToken cancellationToken)
    {
        var now = _context.Time.GetUtcNow();
        var artifact = driver.Render(plan);
        var record = new ApplyEntry(
            _uid, $"r{snapshot.Revision}-{now.ToUnixTimeMilliseconds():x}-{++_transactions}", snapshot.Revision, cause, now, null, null, null, Describe(plan), [.. artifact.Forward]);
        await _context.Store.ApplyStartedAsync(record, cancellationToken);
        Update(_status with
        {
            Phase = DevicePhase.Applying,
            Reason = cause == ApplyCause.Drift ? "RepairingDrift" : "Applying",
            Message = $"{plan.Changes.Length} changes are being applied for revision {snapshot.Revision}",
            LastApply = record,
            LastDrift = cause == ApplyCause.Drift ? new DriftRecord(now, record.Objects, null) : _status.LastDrift,
        });
        if (cause == ApplyCause.Drift)
        {
            Log.DriftFound(_context.Log, device.Key.Name, string.Join(", ", record.Objects.Take(5)));
        }

        ApplyResult result;
        try
        {
            var options = new ApplyOptions(record.TransactionId, _context.Options.RollbackAfter, _context.Options.ConfirmWithin, SessionsToKeep(plan, reading));
            result = await driver.ApplyAsync(session, artifact, options, cancellationToken);
        }
        catch (DeviceException e)
        {
            await EndAsync(record, "lost", e.Message);
            throw;
        }

        record = await EndAsync(
            record,
            result.Outcome switch
            {
                ApplyOutcome.Confirmed => "confirmed",
                ApplyOutcome.Rejected => "rejected",
                ApplyOutcome.RolledBack => "rolledBack",
                _ => "busy",
            },
            result.Detail);
        Log.Applied(_context.Log, device.Key.Name, record.TransactionId, record.Outcome!, record.Commands.Length);
        if (result.Outcome != ApplyOutcome.Confirmed)
        {
            Fail(result.Outcome.ToString(), result.Detail ?? $"the change ended as {result.Outcome}; the device is as it was", reachable: true);
            return false;
        }

        return true;
    }

    private async Task<ApplyEntry> EndAsync(ApplyEntry record, string outcome, string? detail)
    {
        var ended = record with { Ended = _context.Time.GetUtcNow(), Outcome = outcome, Detail = detail };
        await _context.Store.ApplyEndedAsync(ended, CancellationToken.None);
        Update(_status with { LastApply = ended });
        return ended;
    }

    private async Task<bool> SyncedAsync(IntentSnapshot snapshot, DeviceCompilation compilation, CancellationToken cancellationToken)
    {
        var now = _context.Time.GetUtcNow();
        Update(_status with
        {
            Phase = DevicePhase.Synced,
            Reason = "AsDesired",
            Message = "the device was read back as desired",
            ObservedRevision = Math.Max(_status.ObservedRevision, snapshot.Revision),
            SyncedState = compilation.State,
            Shortfalls = compilation.Shortfalls,
            Failures = 0,
            LastDrift = _status.LastDrift is { RepairedAt: null } drift ? drift with { RepairedAt = now } : _status.LastDrift,
        });

        if (!snapshot.Identifiers.PendingOn(_uid).Any(p => p.Revision <= snapshot.Revision))
        {
            return false;
        }

        await _context.Store.ProveReleasedAsync(_uid, snapshot.Revision, cancellationToken);
        return compilation.Shortfalls.Any(s => s.Reason == ShortfallReason.WaitingForRelease);
    }

    private async Task<IDeviceSession?> SessionAsync(ManagementSpec management, CancellationToken cancellationToken)
    {
        if (!DeviceEndpoint.TryCreate(management.Address, management.Port, management.User, management.HostKeys, out var endpoint, out var error))
        {
            Fail("InvalidManagement", error, null);
            return null;
        }

        if (_endpoint is { } old && old != endpoint)
        {
            await _context.Sessions.CloseAsync(old).WaitAsync(cancellationToken);
        }

        _endpoint = endpoint;
        return _context.Sessions.Open(endpoint);
    }

    /// <summary>Sessions that are up now and not meant to go: the change is kept only if they are up afterwards too.</summary>
    private static ImmutableArray<string> SessionsToKeep(DevicePlan plan, DeviceReading reading)
    {
        var removed = plan.Changes.Where(c => c.After is null).Select(c => c.Before switch
        {
            FabricNeighbor neighbor => neighbor.Port,
            ControllerNeighbor neighbor => neighbor.Address.ToString(),
            _ => null,
        }).ToHashSet(StringComparer.Ordinal);
        return [.. reading.BgpSessions.Values.Where(s => s.Established && !removed.Contains(s.Neighbor)
            && (reading.State.Contains(new(ObjectClass.FabricNeighbor, s.Neighbor)) || reading.State.Contains(new(ObjectClass.ControllerNeighbor, s.Neighbor))))
            .Select(s => s.Neighbor)];
    }

    private static ImmutableArray<string> Describe(DevicePlan plan) =>
        [.. plan.Changes.Select(c => $"{c.Kind.ToString().ToLowerInvariant()} {c.Key}")];

    private void Observe(DeviceReading reading)
    {
        var now = _context.Time.GetUtcNow();
        Update(_status with
        {
            Reading = reading,
            ReadAt = now,
            Reachable = true,
            ReachableSince = _status.Reachable == true ? _status.ReachableSince : now,
        });
    }

    private void Fail(string reason, string message, bool? reachable)
    {
        var now = _context.Time.GetUtcNow();
        if (_status.Phase != DevicePhase.Failed || _status.Reason != reason)
        {
            Log.Failed(_context.Log, _context.Store.Current.Find(_uid)?.Key.Name ?? $"device uid {_uid}", reason, message);
        }

        Update(_status with
        {
            Phase = DevicePhase.Failed,
            Reason = reason,
            Message = message,
            Reachable = reachable ?? _status.Reachable,
            ReachableSince = reachable is { } r && r != _status.Reachable ? now : _status.ReachableSince,
            Failures = _status.Failures + 1,
        });
    }

    private void Update(DeviceStatus status)
    {
        _status = status.Phase == _status.Phase ? status : status with { Since = _context.Time.GetUtcNow() };
        _context.Board.Set(_status);
    }

    // Jitter of a fifth keeps many devices from being read at the same instant.
    private TimeSpan Resync() => _context.Options.ResyncInterval * (0.9 + (0.2 * Random.Shared.NextDouble()));

    private TimeSpan Backoff(int failures)
    {
        var doubled = _context.Options.FirstBackoff * Math.Pow(2, Math.Clamp(failures - 1, 0, 16));
        var wait = doubled < _context.Options.LongestBackoff ? doubled : _context.Options.LongestBackoff;
        return wait * (0.8 + (0.4 * Random.Shared.NextDouble()));
    }

    private static partial class Log
    {
        public static readonly Func<ILogger, string, IDisposable?> DeviceScope = LoggerMessage.DefineScope<string>("device {Device}");

        [LoggerMessage(2001, LogLevel.Information, "{Device}: {Transaction} ended as {Outcome}, {Commands} commands")]
        public static partial void Applied(ILogger logger, string device, string transaction, string outcome, int commands);

        [LoggerMessage(2002, LogLevel.Warning, "{Device} was changed by somebody else, repairing: {Objects}")]
        public static partial void DriftFound(ILogger logger, string device, string objects);

        [LoggerMessage(2003, LogLevel.Warning, "{Device}: rolling back {Transaction}, left by an earlier run")]
        public static partial void AbortingPending(ILogger logger, string device, string transaction);

        [LoggerMessage(2004, LogLevel.Warning, "{Device}: {Reason}: {Reported}")]
        public static partial void Failed(ILogger logger, string device, string reason, string reported);

        [LoggerMessage(2005, LogLevel.Error, "{Device}: a pass failed by a fault of the controller")]
        public static partial void PassFailed(ILogger logger, Exception exception, string device);
    }
}
