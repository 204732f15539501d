using System.Collections.Immutable;
using Fabric.Intent.Changes;

namespace Fabric.Reconciler.Planning;

/// <summary>Tells what a change set would do to devices, without doing it.</summary>
public interface IPlanner
{
    /// <summary>The changes on every device that an accepted evaluation concerns; devices without changes are left out.</summary>
    ImmutableArray<DevicePlanView> Plan(Evaluation evaluation);

    /// <summary>What separates a device, as last read, from what is wanted of it now; null while it has not been read.</summary>
    DevicePlanView? PlanOf(string device);
}

/// <summary>What would change on a device.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Changes">The changes, in the order in which they would be carried out.</param>
/// <param name="Commands">The commands, in order.</param>
public sealed record DevicePlanView(string Device, ImmutableArray<PlannedChange> Changes, ImmutableArray<string> Commands);

/// <summary>One change on a device.</summary>
/// <param name="Operation"><c>add</c>, <c>modify</c> or <c>remove</c>.</param>
/// <param name="Object">The object of the device, such as <c>EvpnVni/10001</c>.</param>
/// <param name="Because">The resource that asks for it, such as <c>VNet 'web'</c>; null where an object goes since nothing asks for it any more.</param>
/// <param name="Revision">The revision of that resource.</param>
/// <param name="Disruptive">Whether traffic or sessions beyond the object are interrupted.</param>
public sealed record PlannedChange(string Operation, string Object, string? Because, long? Revision, bool Disruptive);
