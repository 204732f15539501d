using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Reconciler.Status;
using Fabric.Storage;

namespace Fabric.Controller.Contracts;

/// <summary>Turns what the controller knows into what the API says: the one mapper.</summary>
public static class Documents
{
    /// <summary>A resource with its status.</summary>
    public static ResourceDocument<object> Of(IntentSnapshot snapshot, Resource resource, IStatusSource status) =>
        Of(resource) with { Status = Of(status.StatusOf(snapshot, resource)) };

    /// <summary>A resource without status.</summary>
    public static ResourceDocument<object> Of(Resource resource) => new()
    {
        Kind = resource.Key.Kind.ToString(),
        Name = resource.Key.Name,
        Uid = resource.Uid,
        Revision = resource.Revision,
        Labels = resource.Labels,
        Spec = resource.Spec,
    };

    /// <summary>A status.</summary>
    public static StatusDocument Of(ResourceStatus status) => new()
    {
        ObservedRevision = status.ObservedRevision,
        Conditions = [.. status.Conditions.Select(c => new ConditionDocument(c.Type, c.Status.ToString(), c.Reason, c.Message, c.LastTransitionTime))],
        Details = status.Details.Count == 0 ? null : status.Details.ToDictionary(d => d.Key, d => (object?)d.Value, StringComparer.Ordinal),
    };

    /// <summary>What an evaluation does to a resource.</summary>
    public static ChangedResource Of(ResourceChange change, long revision)
    {
        var operation = change.Before is null ? "created" : change.After is null ? "deleted" : "updated";
        return new ChangedResource(operation, change.Key.Kind.ToString(), change.Key.Name, (change.After ?? change.Before)!.Uid, revision);
    }

    /// <summary>What a revision that was just made did to a resource.</summary>
    public static PastChangeDocument PastOf(ResourceChange change, long revision) => new()
    {
        Operation = change.Before is null ? "created" : change.After is null ? "deleted" : "updated",
        Resource = Of(change.After ?? change.Before! with { Revision = revision }),
    };

    /// <summary>What a past revision did to a resource.</summary>
    public static PastChangeDocument Of(PastChange change) => new()
    {
        Operation = change.Operation.ToString().ToLowerInvariant(),
        Resource = Of(change.Resource),
    };

    /// <summary>A revision without its changes.</summary>
    public static RevisionDocument Of(RevisionInfo revision) => new()
    {
        Revision = revision.Number,
        Time = revision.Time,
        Author = revision.Origin.Author,
        Role = revision.Origin.Role,
        Reason = revision.Origin.Reason,
        Source = revision.Origin.Source,
    };

    /// <summary>A resource that differs between two revisions.</summary>
    public static Difference DifferenceOf(ResourceChange change) => new()
    {
        Operation = change switch
        {
            { Before: null } => "created",
            { After: null } => "deleted",
            { Before.Uid: var before, After.Uid: var after } when before != after => "replaced",
            _ => "updated",
        },
        Kind = change.Key.Kind.ToString(),
        Name = change.Key.Name,
        Before = change.Before is { } old ? Of(old) : null,
        After = change.After is { } now ? Of(now) : null,
    };
}
