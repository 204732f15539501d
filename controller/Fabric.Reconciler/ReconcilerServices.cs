using Fabric.Reconciler.Devices;
using Fabric.Reconciler.Planning;
using Fabric.Reconciler.SoftGates;
using Fabric.Reconciler.Status;
using Microsoft.Extensions.DependencyInjection;

namespace Fabric.Reconciler;

/// <summary>Registers the reconciler.</summary>
public static class ReconcilerServices
{
    /// <summary>
    /// Adds the reconciler, the status source and the planner. The host registers the store, the drivers, the
    /// session factory and a <see cref="TimeProvider"/>.
    /// </summary>
    public static IServiceCollection AddReconciler(this IServiceCollection services, ReconcilerOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<IReconcilerStore, ReconcilerStore>();
        services.AddSingleton<DeviceBoard>();
        services.AddSingleton<SoftGateBoard>();
        services.AddSingleton<IStatusSource, StatusSource>();
        services.AddSingleton<IPlanner, Planner>();
        services.AddHostedService<ReconcilerService>();
        return services;
    }
}
