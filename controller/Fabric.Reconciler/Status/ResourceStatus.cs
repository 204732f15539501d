using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fabric.Intent;
using Fabric.Intent.Resources;

namespace Fabric.Reconciler.Status;

/// <summary>Whether something holds.</summary>
public enum ConditionStatus
{
    /// <summary>It holds.</summary>
    True,

    /// <summary>It does not.</summary>
    False,

    /// <summary>Nobody can say yet.</summary>
    Unknown,
}

/// <summary>One aspect of a resource's state, in Kubernetes' shape.</summary>
/// <param name="Type">The aspect, such as <c>Ready</c>.</param>
/// <param name="Status">Whether it holds.</param>
/// <param name="Reason">Why, as one word in CamelCase that programs may act upon.</param>
/// <param name="Message">Why, as a sentence for people.</param>
/// <param name="LastTransitionTime">When <paramref name="Status"/> last changed; null where it follows from others at the time of asking.</param>
public sealed record Condition(string Type, ConditionStatus Status, string Reason, string Message, DateTimeOffset? LastTransitionTime = null);

/// <summary>What has become of a resource.</summary>
/// <param name="ObservedRevision">The revision of the resource that is in force everywhere it concerns; 0 while none is.</param>
/// <param name="Conditions">Aspects of its state; <c>Ready</c> is always one of them.</param>
/// <param name="Details">What only this kind has, such as a V-Net's VNI; members in camelCase.</param>
public sealed record ResourceStatus(long ObservedRevision, ImmutableArray<Condition> Conditions, JsonObject Details);

/// <summary>Tells what has become of resources.</summary>
public interface IStatusSource
{
    /// <summary>The status of a resource of the snapshot, now.</summary>
    ResourceStatus StatusOf(IntentSnapshot snapshot, Resource resource);

    /// <summary>Raised with a device's name after its status has changed; handlers return at once.</summary>
    event Action<string>? DeviceStatusChanged;
}
