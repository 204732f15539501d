using System.Collections.Immutable;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Storage.Devices;

namespace Fabric.Reconciler;

/// <summary>What the reconciler needs of the store.</summary>
public interface IReconcilerStore
{
    /// <summary>The intent as last committed.</summary>
    IntentSnapshot Current { get; }

    /// <summary>
    /// Every change set committed from the first <c>MoveNextAsync</c> on, in order, until cancelled. Those that a slow reader
    /// missed come as one, from the last snapshot it saw to the newest.
    /// </summary>
    IAsyncEnumerable<CommittedChangeSet> CommitsAsync(CancellationToken cancellationToken);

    /// <summary>A device has been read without any number released up to and including this revision.</summary>
    Task ProveReleasedAsync(int deviceUid, long throughRevision, CancellationToken cancellationToken);

    /// <summary>Keeps what is about to be sent to a device, before it is sent.</summary>
    Task ApplyStartedAsync(ApplyEntry entry, CancellationToken cancellationToken);

    /// <summary>Keeps how an apply ended.</summary>
    Task ApplyEndedAsync(ApplyEntry entry, CancellationToken cancellationToken);
}

/// <summary>A change set that was committed.</summary>
/// <param name="Before">The snapshot before.</param>
/// <param name="After">The snapshot after.</param>
/// <param name="Changes">What it did to each resource.</param>
public sealed record CommittedChangeSet(IntentSnapshot Before, IntentSnapshot After, ImmutableArray<ResourceChange> Changes);
