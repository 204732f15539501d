using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Storage;
using Fabric.Storage.Devices;

namespace Fabric.Reconciler;

/// <summary>The store as the reconciler needs it.</summary>
public sealed class ReconcilerStore(IntentStore intent, DeviceStore devices) : IReconcilerStore
{
    /// <inheritdoc/>
    public IntentSnapshot Current => intent.Current;

    /// <inheritdoc/>
    public async IAsyncEnumerable<CommittedChangeSet> CommitsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var subscription = intent.Subscribe();
        var last = intent.Current;
        try
        {
            while (true)
            {
                while (await subscription.Reader.WaitToReadAsync(cancellationToken))
                {
                    while (subscription.Reader.TryRead(out var change))
                    {
                        if (change.Snapshot.Revision > last.Revision)
                        {
                            yield return new CommittedChangeSet(last, change.Snapshot, change.Changes);
                        }

                        last = change.Snapshot;
                    }
                }

                // The queue ran over: what was left out is the difference between the snapshots.
                subscription.Dispose();
                subscription = intent.Subscribe();
                var current = intent.Current;
                yield return new CommittedChangeSet(last, current, Difference(last, current));
                last = current;
            }
        }
        finally
        {
            subscription.Dispose();
        }
    }

    /// <inheritdoc/>
    public Task ProveReleasedAsync(int deviceUid, long throughRevision, CancellationToken cancellationToken) =>
        intent.ProveReleasedAsync(deviceUid, throughRevision, cancellationToken);

    /// <inheritdoc/>
    public Task ApplyStartedAsync(ApplyEntry entry, CancellationToken cancellationToken) => devices.StartApplyAsync(entry, cancellationToken);

    /// <inheritdoc/>
    public Task ApplyEndedAsync(ApplyEntry entry, CancellationToken cancellationToken) => devices.EndApplyAsync(entry, cancellationToken);

    private static ImmutableArray<ResourceChange> Difference(IntentSnapshot before, IntentSnapshot after)
    {
        var changes = ImmutableArray.CreateBuilder<ResourceChange>();
        foreach (var kind in ResourceKindInfo.All.Select(i => i.Kind))
        {
            changes.AddRange(before.All(kind).Where(r => after.Find(r.Key)?.Uid != r.Uid).Select(r => new ResourceChange(r, null)));
            changes.AddRange(after.All(kind)
                .Select(r => new ResourceChange(before.Find(r.Key) is { } known && known.Uid == r.Uid ? known : null, r))
                .Where(c => c.Before?.Revision != c.After!.Revision));
        }

        return changes.ToImmutable();
    }
}
