using System.Collections.Immutable;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Sessions;
using Microsoft.Extensions.Logging;

namespace Fabric.Reconciler.Devices;

/// <summary>What all workers share.</summary>
internal sealed record WorkerContext(
    IReconcilerStore Store,
    DeviceBoard Board,
    ImmutableDictionary<string, IDeviceDriver> Drivers,
    IDeviceSessionFactory Sessions,
    ReconcilerOptions Options,
    SemaphoreSlim Slots,
    TimeProvider Time,
    ILogger Log);
