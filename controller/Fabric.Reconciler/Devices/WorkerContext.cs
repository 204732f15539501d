using System.Collections.Immutable;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Sessions;
using Microsoft.Extensions.Logging;

namespace Fabric.Reconciler.Devices;

/// <summary>What all workers share.</summary>
/// <param name="Store">The intent.</param>
/// <param name="Board">The statuses.</param>
/// <param name="Drivers">By the name of the operating system.</param>
/// <param name="Sessions">Ways to the devices.</param>
/// <param name="Options">How eager to be.</param>
/// <param name="Slots">Passes under way on devices that answered last time, or were never asked.</param>
/// <param name="RetrySlots">Passes under way on devices that failed last time: they may wait for time-outs without holding up the others.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">The log.</param>
internal sealed record WorkerContext(
    IReconcilerStore Store,
    DeviceBoard Board,
    ImmutableDictionary<string, IDeviceDriver> Drivers,
    IDeviceSessionFactory Sessions,
    ReconcilerOptions Options,
    SemaphoreSlim Slots,
    SemaphoreSlim RetrySlots,
    TimeProvider Time,
    ILogger Log);
