using System.Collections.Immutable;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Intent.Validation;

namespace Fabric.Intent.Changes;

/// <summary>
/// Decides on a change set: pure and total. All changes are taken together, so their order does not matter but for one thing: new
/// resources get their uids, and with them their numbers from pools, in the order of the list. All errors are reported together.
/// </summary>
public static class ChangeSetEvaluator
{
    /// <summary>Evaluates changes against a snapshot; the snapshot that results has the next revision.</summary>
    /// <param name="snapshot">What is there.</param>
    /// <param name="changes">What shall be different.</param>
    /// <param name="checks">Rules from outside the intent, asked of what is without fault otherwise.</param>
    public static Evaluation Evaluate(IntentSnapshot snapshot, IReadOnlyList<Change> changes, params IReadOnlyList<IResourceCheck> checks)
    {
        var errors = new List<ChangeError>();
        var next = snapshot;
        var nextUid = snapshot.NextUid;
        var revision = snapshot.Revision + 1;
        var effective = new List<ResourceChange>();
        var indexOf = new Dictionary<ResourceKey, int>();

        for (var i = 0; i < changes.Count; i++)
        {
            var change = changes[i];
            if (!indexOf.TryAdd(change.Key, i))
            {
                errors.Add(Error(ChangeErrorKind.Invalid, "", $"{change.Key} is changed twice in one change set"));
                continue;
            }

            var present = snapshot.Find(change.Key);
            if (Refusal(change, present) is { } refusal)
            {
                errors.Add(Error(refusal.Kind, refusal.Pointer, refusal.Message));
                continue;
            }

            if (change.Operation == ChangeOperation.Delete)
            {
                next = next.Without(present!);
                effective.Add(new ResourceChange(present, null));
                continue;
            }

            var labels = change.Labels ?? present?.Labels ?? ImmutableSortedDictionary<string, string>.Empty;
            if (present is not null && present.Spec.Equals(change.Spec) && LabelsEqual(present.Labels, labels))
            {
                continue;
            }

            var resource = new Resource(change.Key, present?.Uid ?? nextUid++, revision, labels, change.Spec!);
            next = next.With(resource);
            effective.Add(new ResourceChange(present, resource));

            ChangeError Error(ChangeErrorKind kind, string pointer, string message) => new(kind, i, change.Key, pointer, message);
        }

        if (errors.Count > 0)
        {
            return Evaluation.Refused(snapshot, errors);
        }

        if (effective.Count == 0)
        {
            return new Evaluation([], snapshot, snapshot, [], [], [], [], []);
        }

        next = next.At(revision, nextUid);
        foreach (var (key, kind, pointer, message) in IntentValidator.Check(next, effective))
        {
            errors.Add(new ChangeError(kind, indexOf[key], key, pointer, message));
        }

        if (errors.Count == 0)
        {
            errors.AddRange(
                from resource in effective.Select(static c => c.After).OfType<Resource>()
                from check in checks
                from error in check.Check(resource)
                select new ChangeError(ChangeErrorKind.Invalid, indexOf[resource.Key], resource.Key, error.Pointer, error.Message));
        }

        if (errors.Count > 0)
        {
            return Evaluation.Refused(snapshot, errors);
        }

        var assignment = IdentifierAssigner.Assign(snapshot, next, effective);
        if (assignment.Errors.Count > 0)
        {
            return Evaluation.Refused(
                snapshot, assignment.Errors.Select(e => new ChangeError(ChangeErrorKind.Conflict, indexOf.GetValueOrDefault(e.Key), e.Key, e.Pointer, e.Message)));
        }

        return new Evaluation(
            [],
            snapshot,
            next.With(assignment.Table),
            [.. effective],
            [.. assignment.Held],
            [.. assignment.Dropped],
            [.. assignment.Releases],
            [.. assignment.Forgotten]);
    }

    private static (ChangeErrorKind Kind, string Pointer, string Message)? Refusal(Change change, Resource? present)
    {
        if (present is null && change.Operation is (ChangeOperation.Update or ChangeOperation.Delete))
        {
            return (ChangeErrorKind.NotFound, "", $"there is no {change.Key}");
        }

        if (present is not null && change.Operation == ChangeOperation.Create)
        {
            return (ChangeErrorKind.AlreadyExists, "/name", $"there is a {change.Key} already; change it with PUT or choose another name");
        }

        if (change.ExpectedRevision is { } expected && expected != (present?.Revision ?? 0))
        {
            return (ChangeErrorKind.Stale, "", present is null
                ? $"there is no {change.Key} any more; it was at revision {expected}"
                : $"{change.Key} is at revision {present.Revision}, not {expected}; read it again and repeat the change");
        }

        return change.Operation != ChangeOperation.Delete && NameRules.Fault(change.Key.Name) is { } fault
            ? (ChangeErrorKind.Invalid, "/name", fault)
            : null;
    }

    private static bool LabelsEqual(ImmutableSortedDictionary<string, string> left, ImmutableSortedDictionary<string, string> right) =>
        left.Count == right.Count && left.SequenceEqual(right);
}
