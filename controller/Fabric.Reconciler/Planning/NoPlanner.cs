using System.Collections.Immutable;
using Fabric.Intent.Changes;

namespace Fabric.Reconciler.Planning;

/// <summary>Plans where nothing is reconciled: no device ever changes.</summary>
public sealed class NoPlanner : IPlanner
{
    /// <inheritdoc/>
    public ImmutableArray<DevicePlanView> Plan(Evaluation evaluation) => [];

    /// <inheritdoc/>
    public DevicePlanView? PlanOf(string device) => null;
}
