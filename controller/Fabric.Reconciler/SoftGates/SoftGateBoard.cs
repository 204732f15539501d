using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fabric.Compiler;
using Fabric.Intent;
using Fabric.Intent.Resources;
using Fabric.SoftGate.Contracts;

namespace Fabric.Reconciler.SoftGates;

/// <summary>What a SoftGate is to be told: a state, and through which revision of the intent it is the right one.</summary>
/// <param name="State">The state; its revision is the one at which it last changed.</param>
/// <param name="Through">The newest revision that results in it.</param>
public sealed record SoftGateOrder(SoftGateState State, long Through);

/// <summary>The last that was heard of a SoftGate.</summary>
/// <param name="Report">What it said.</param>
/// <param name="ObservedRevision">Newest revision of the intent that is in force on it.</param>
/// <param name="At">When it said so.</param>
public sealed record SoftGateStatus(SoftGateReport Report, long ObservedRevision, DateTimeOffset At);

/// <summary>What SoftGates are to be told, and what they last said. Safe from any thread.</summary>
/// <param name="time">The clock.</param>
public sealed class SoftGateBoard(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, SoftGateOrder> _orders = [];
    private readonly ConcurrentDictionary<int, SoftGateStatus> _statuses = new();

    /// <summary>Raised with a SoftGate's uid after it has said something; handlers return at once.</summary>
    public event Action<int>? Changed;

    /// <summary>The last that was heard of a SoftGate; null: nothing yet.</summary>
    public SoftGateStatus? Find(int uid) => _statuses.GetValueOrDefault(uid);

    /// <summary>What a SoftGate is to be told; null: nothing, because it belongs to no pair.</summary>
    public SoftGateOrder? OrderFor(IntentSnapshot snapshot, Resource softGate)
    {
        lock (_lock)
        {
            var known = _orders.GetValueOrDefault(softGate.Uid);
            if (known is not null && known.Through >= snapshot.Revision)
            {
                return known;
            }

            if (SoftGateCompiler.Compile(snapshot, softGate) is not { } state)
            {
                _orders.Remove(softGate.Uid);
                return null;
            }

            // A change that is nothing to this SoftGate gives it nothing to do.
            var same = known is not null && known.State with { Revision = state.Revision } == state;
            return _orders[softGate.Uid] = same ? known! with { Through = snapshot.Revision } : new(state, snapshot.Revision);
        }
    }

    /// <summary>A SoftGate says how it is.</summary>
    public void Report(IntentSnapshot snapshot, Resource softGate, SoftGateReport report)
    {
        var order = OrderFor(snapshot, softGate);
        _statuses[softGate.Uid] = new(report, order?.State.Revision == report.Revision ? order.Through : Math.Min(report.Revision, snapshot.Revision), time.GetUtcNow());
        Changed?.Invoke(softGate.Uid);
    }

    /// <summary>Newest revision that is in force on a SoftGate; 0: unknown.</summary>
    public long ObservedOn(IntentSnapshot snapshot, Resource softGate) =>
        Find(softGate.Uid) is not { } status ? 0
        : OrderFor(snapshot, softGate) is { } order && order.State.Revision == status.Report.Revision ? order.Through
        : status.ObservedRevision;

    /// <summary>What SoftGates say is not in force of a resource.</summary>
    public ImmutableArray<string> ProblemsOf(IEnumerable<Resource> softGates, int uid) =>
        [.. softGates.SelectMany(s => (Find(s.Uid)?.Report.Problems ?? []).Where(p => p.Uid == uid).Select(p => $"{s.Key.Name}: {p.Message}"))];
}
