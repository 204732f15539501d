using System.Collections.Immutable;
using Fabric.Intent;
using Fabric.Intent.Changes;

namespace Fabric.Reconciler;

/// <summary>What the reconciler needs of the store.</summary>
public interface IReconcilerStore
{
    /// <summary>The intent as last committed.</summary>
    IntentSnapshot Current { get; }

    /// <summary>Every change set committed from the call on, in order, until cancelled.</summary>
    IAsyncEnumerable<CommittedChangeSet> CommitsAsync(CancellationToken cancellationToken);

    /// <summary>A device has been read without any number released up to and including this revision.</summary>
    Task ProveReleasedAsync(int deviceUid, long throughRevision, CancellationToken cancellationToken);

    /// <summary>Keeps what is about to be sent to a device, before it is sent.</summary>
    Task ApplyStartedAsync(ApplyRecord record, CancellationToken cancellationToken);

    /// <summary>Keeps how an apply ended.</summary>
    Task ApplyEndedAsync(ApplyRecord record, CancellationToken cancellationToken);
}

/// <summary>A change set that was committed.</summary>
/// <param name="Before">The snapshot before.</param>
/// <param name="After">The snapshot after.</param>
/// <param name="Changes">What it did to each resource.</param>
public sealed record CommittedChangeSet(IntentSnapshot Before, IntentSnapshot After, ImmutableArray<ResourceChange> Changes);

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
/// <param name="TransactionId">Name of the change on the device; unique.</param>
/// <param name="Revision">The intent that it brings the device to.</param>
/// <param name="Cause">Why.</param>
/// <param name="Started">When it was sent.</param>
/// <param name="Ended">When its end was known; null before.</param>
/// <param name="Outcome">How it ended: <c>confirmed</c>, <c>rejected</c>, <c>rolledBack</c>, <c>busy</c>, <c>lost</c>; null before.</param>
/// <param name="Detail">What the device said, if it did not go well.</param>
/// <param name="Objects">The objects changed, each with its operation: <c>add EvpnVni/10001</c>.</param>
/// <param name="Commands">The commands, in order.</param>
public sealed record ApplyRecord(
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
