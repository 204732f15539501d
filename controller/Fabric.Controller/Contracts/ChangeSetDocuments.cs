using System.Collections.Immutable;
using System.Text.Json;
using Fabric.Intent.Changes;
using Fabric.Reconciler.Planning;

namespace Fabric.Controller.Contracts;

/// <summary>Several writes that happen together or not at all.</summary>
public sealed record ChangeSetRequest
{
    /// <summary>Why, for the audit log; at most 1024 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>The writes, 1..10000; each resource at most once. Their order does not matter.</summary>
    public required ImmutableArray<ChangeRequest> Changes { get; init; }
}

/// <summary>One write.</summary>
public sealed record ChangeRequest
{
    /// <summary>What to do; <c>apply</c> makes or replaces.</summary>
    public required ChangeOperation Operation { get; init; }

    /// <summary>Kind of the resource, such as <c>VNet</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Name of the resource.</summary>
    public required string Name { get; init; }

    /// <summary>New labels; absent: those there are stay.</summary>
    public ImmutableSortedDictionary<string, string>? Labels { get; init; }

    /// <summary>New spec, of the kind's own shape; absent in a deletion.</summary>
    public JsonElement? Spec { get; init; }

    /// <summary>The revision that the resource must be at, 0: it must not be there; absent: any.</summary>
    public long? Revision { get; init; }
}

/// <summary>What a change set did, or would do.</summary>
public sealed record ChangeSetResponse
{
    /// <summary>The revision that it made, or would make; the present one when it changes nothing.</summary>
    public required long Revision { get; init; }

    /// <summary>Whether nothing was written since only the plan was asked for.</summary>
    public required bool DryRun { get; init; }

    /// <summary>What happened to each resource; those that are as wanted already are left out.</summary>
    public required ImmutableArray<ChangedResource> Changes { get; init; }

    /// <summary>What changes on which device.</summary>
    public required ImmutableArray<DevicePlanView> Plan { get; init; }
}

/// <summary>What happened to a resource.</summary>
/// <param name="Operation"><c>created</c>, <c>updated</c> or <c>deleted</c>.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="Revision">Its revision; of a deleted one, the revision that deleted it.</param>
public sealed record ChangedResource(string Operation, string Kind, string Name, int Uid, long Revision);
