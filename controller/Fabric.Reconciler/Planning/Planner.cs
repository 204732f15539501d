using System.Collections.Immutable;
using Fabric.Compiler;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Devices;

namespace Fabric.Reconciler.Planning;

/// <summary>Plans by compiling the intent before and after and rendering the difference with each device's own driver.</summary>
public sealed class Planner : IPlanner
{
    private readonly IReconcilerStore _store;
    private readonly DeviceBoard _board;
    private readonly ImmutableDictionary<string, IDeviceDriver> _drivers;

    /// <summary>A planner for the devices that these drivers speak to.</summary>
    public Planner(IReconcilerStore store, DeviceBoard board, IEnumerable<IDeviceDriver> drivers)
    {
        _store = store;
        _board = board;
        _drivers = drivers.ToImmutableDictionary(d => d.Os, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public ImmutableArray<DevicePlanView> Plan(Evaluation evaluation)
    {
        var views = ImmutableArray.CreateBuilder<DevicePlanView>();
        foreach (var name in Impact.DevicesOf(evaluation.Before, evaluation.After, evaluation.Changes))
        {
            var before = evaluation.Before.Find(ResourceKind.Device, name) is { } known ? Compile(evaluation.Before, known) : null;
            if (View(name, before?.State ?? DeviceState.Empty, before, evaluation.After) is { Changes.IsEmpty: false } view)
            {
                views.Add(view);
            }
        }

        return views.ToImmutable();
    }

    /// <inheritdoc/>
    public DevicePlanView? PlanOf(string device)
    {
        var snapshot = _store.Current;
        return snapshot.Find(ResourceKind.Device, device) is { } resource && _board.Find(resource.Uid)?.Reading is { } reading
            ? View(device, reading.State, null, snapshot)
            : null;
    }

    private DevicePlanView? View(string name, DeviceState from, DeviceCompilation? before, IntentSnapshot snapshot)
    {
        if (snapshot.Find(ResourceKind.Device, name) is not { } device || Compile(snapshot, device) is not { } after)
        {
            return null;
        }

        var plan = DeviceDiff.Compute(from, after.State);
        var artifact = _drivers[((DeviceSpec)device.Spec).Os!].Render(plan);
        return new DevicePlanView(name, [.. plan.Changes.Select(c => View(c, before, after))], [.. artifact.Forward]);
    }

    private static PlannedChange View(DeviceChange change, DeviceCompilation? before, DeviceCompilation after)
    {
        Origin? origin = after.Origins.TryGetValue(change.Key, out var wanted) ? wanted
            : before?.Origins.TryGetValue(change.Key, out var former) == true ? former
            : null;
        return new(change.Kind.ToString().ToLowerInvariant(), change.Key.ToString(), origin?.Resource.ToString(), origin?.Revision, change.Disruptive);
    }

    private DeviceCompilation? Compile(IntentSnapshot snapshot, Resource device)
    {
        if (device.Spec is not DeviceSpec { IsManaged: true, Os: { } os } || !_drivers.TryGetValue(os, out var driver))
        {
            return null;
        }

        var capabilities = _board.Find(device.Uid)?.Reading?.Facts.Capabilities is { } own ? driver.Capabilities.And(own) : driver.Capabilities;
        return DeviceCompiler.Compile(snapshot, device, capabilities);
    }
}
