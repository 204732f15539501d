using System.Collections.Immutable;
using Fabric.Compiler;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Sessions;
using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Devices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fabric.Reconciler;

/// <summary>Keeps one worker for each managed device and wakes those that a committed change set concerns.</summary>
public sealed class ReconcilerService : BackgroundService
{
    private readonly Dictionary<int, DeviceWorker> _workers = [];
    private readonly List<Task> _leaving = [];
    private readonly SemaphoreSlim _slots;
    private readonly SemaphoreSlim _retrySlots;
    private readonly WorkerContext _context;

    /// <summary>Wires the service; nothing runs before it is started.</summary>
    public ReconcilerService(
        IReconcilerStore store,
        DeviceBoard board,
        IEnumerable<IDeviceDriver> drivers,
        IDeviceSessionFactory sessions,
        ReconcilerOptions options,
        TimeProvider time,
        ILogger<ReconcilerService> log)
    {
        _slots = new SemaphoreSlim(options.Parallelism);
        _retrySlots = new SemaphoreSlim(options.Parallelism);
        _context = new WorkerContext(
            store, board, drivers.ToImmutableDictionary(d => d.Os, StringComparer.Ordinal), sessions, options, _slots, _retrySlots, time, log);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _slots.Dispose();
        _retrySlots.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Subscribed before the first look at the store, so that no commit falls in between.
            await using var commits = _context.Store.CommitsAsync(stoppingToken).GetAsyncEnumerator(stoppingToken);
            var next = commits.MoveNextAsync();
            foreach (var device in _context.Store.Current.All(ResourceKind.Device))
            {
                Start(device, stoppingToken);
            }

            while (await next)
            {
                Handle(commits.Current, stoppingToken);
                next = commits.MoveNextAsync();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            await Task.WhenAll(_workers.Values.Select(w => w.DisposeAsync().AsTask()).Concat(_leaving));
            _workers.Clear();
        }
    }

    private void Handle(CommittedChangeSet commit, CancellationToken stoppingToken)
    {
        foreach (var change in commit.Changes.Where(c => c.Key.Kind == ResourceKind.Device))
        {
            if (change.Before is { } gone && change.After?.Uid != gone.Uid && _workers.Remove(gone.Uid, out var worker))
            {
                _leaving.RemoveAll(t => t.IsCompleted);
                _leaving.Add(LeaveAsync(gone.Uid, worker));
            }

            if (change.After is { } device)
            {
                Start(device, stoppingToken);
            }
        }

        foreach (var name in Impact.DevicesOf(commit.Before, commit.After, commit.Changes))
        {
            if (commit.After.Find(ResourceKind.Device, name) is { } device && _workers.TryGetValue(device.Uid, out var worker))
            {
                worker.Poke();
            }
        }
    }

    /// <summary>Lets a worker end in its own time, so that a device that hangs holds up no commit.</summary>
    private async Task LeaveAsync(int uid, DeviceWorker worker)
    {
        await worker.DisposeAsync();
        _context.Board.Remove(uid);
    }

    private void Start(Resource device, CancellationToken stoppingToken)
    {
        if (device.Spec is DeviceSpec { IsManaged: true } && !_workers.ContainsKey(device.Uid))
        {
            _workers.Add(device.Uid, new DeviceWorker(device.Uid, _context, stoppingToken));
        }
    }
}
