using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Storage.Devices;

namespace Fabric.Reconciler.Tests;

/// <summary>A store without a disk.</summary>
internal sealed class MemoryStore : IReconcilerStore
{
    private readonly Lock _lock = new();
    private readonly List<Channel<CommittedChangeSet>> _subscribers = [];

    public IntentSnapshot Current { get; private set; } = IntentSnapshot.Empty;

    public List<ApplyEntry> Applies { get; } = [];

    public Evaluation Commit(params Change[] changes)
    {
        lock (_lock)
        {
            var evaluation = ChangeSetEvaluator.Evaluate(Current, changes);
            Assert.True(evaluation.Accepted, string.Join("; ", evaluation.Errors.Select(e => e.Message)));
            Current = evaluation.After;
            _subscribers.ForEach(s => s.Writer.TryWrite(new CommittedChangeSet(evaluation.Before, evaluation.After, evaluation.Changes)));
            return evaluation;
        }
    }

    public Evaluation Commit(params (ResourceKind Kind, string Name, ResourceSpec? Spec)[] resources) =>
        Commit([.. resources.Select(r => new Change(
            r.Spec is null ? ChangeOperation.Delete : ChangeOperation.Apply, new ResourceKey(r.Kind, r.Name), r.Spec))]);

    public async IAsyncEnumerable<CommittedChangeSet> CommitsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<CommittedChangeSet>();
        lock (_lock)
        {
            _subscribers.Add(channel);
        }

        await foreach (var commit in channel.Reader.ReadAllAsync(cancellationToken))
        {
            yield return commit;
        }
    }

    public Task ProveReleasedAsync(int deviceUid, long throughRevision, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var table = Current.Identifiers.PendingOn(deviceUid).Where(p => p.Revision <= throughRevision).ToImmutableArray()
                .Aggregate(Current.Identifiers, (t, p) => t.Proved(p));
            Current = Current.With(table);
            return Task.CompletedTask;
        }
    }

    public Task ApplyStartedAsync(ApplyEntry entry, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Applies.Add(entry);
            return Task.CompletedTask;
        }
    }

    public Task ApplyEndedAsync(ApplyEntry entry, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Applies[Applies.FindIndex(a => a.TransactionId == entry.TransactionId && a.DeviceUid == entry.DeviceUid)] = entry;
            return Task.CompletedTask;
        }
    }
}
