using System.Collections.Immutable;
using Fabric.Reconciler.Planning;

namespace Fabric.Controller.Contracts;

/// <summary>How the whole is doing.</summary>
public sealed record Summary
{
    /// <summary>Version of the controller.</summary>
    public required string Version { get; init; }

    /// <summary>The intent's revision.</summary>
    public required long Revision { get; init; }

    /// <summary>Resources by kind.</summary>
    public required ImmutableSortedDictionary<string, int> Resources { get; init; }

    /// <summary>Managed devices, each in one line.</summary>
    public required ImmutableArray<DeviceSummary> Devices { get; init; }

    /// <summary>Resources that are not ready, at most 100.</summary>
    public required ImmutableArray<NotReady> NotReady { get; init; }
}

/// <summary>A device in one line.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Site">Its site.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Ready">Its Ready condition: True, False or Unknown.</param>
/// <param name="Reason">Why, one word.</param>
/// <param name="Message">Why, one sentence.</param>
public sealed record DeviceSummary(string Name, string Site, string Role, string Ready, string Reason, string Message);

/// <summary>A resource that is not ready.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why, one word.</param>
/// <param name="Message">Why, one sentence.</param>
public sealed record NotReady(string Kind, string Name, string Reason, string Message);

/// <summary>What would change on a device now.</summary>
public sealed record DevicePlanDocument
{
    /// <summary>Its name.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the device has been read, so that there is a plan.</summary>
    public required bool Known { get; init; }

    /// <summary>The changes, in the order in which they would be carried out.</summary>
    public required ImmutableArray<PlannedChange> Changes { get; init; }

    /// <summary>The commands, in order.</summary>
    public required ImmutableArray<string> Commands { get; init; }
}

/// <summary>Applies of a device, newest first.</summary>
/// <param name="Items">The applies.</param>
public sealed record ApplyList(ImmutableArray<ApplyDocument> Items);

/// <summary>One apply on a device.</summary>
public sealed record ApplyDocument
{
    /// <summary>Name of the change on the device; unique there.</summary>
    public required string TransactionId { get; init; }

    /// <summary>The intent's revision that it brings the device to.</summary>
    public required long Revision { get; init; }

    /// <summary><c>intent</c>: intent changed; <c>drift</c>: somebody else had changed the device.</summary>
    public required string Cause { get; init; }

    /// <summary>When it was sent.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When its end was known; absent before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How it ended: <c>confirmed</c>, <c>rejected</c>, <c>rolledBack</c>, <c>busy</c>, <c>lost</c>; absent before.</summary>
    public string? Outcome { get; init; }

    /// <summary>What the device said, if it did not go well.</summary>
    public string? Detail { get; init; }

    /// <summary>The objects changed, each with its operation.</summary>
    public required ImmutableArray<string> Objects { get; init; }

    /// <summary>What the device was told, in order.</summary>
    public required ImmutableArray<string> Commands { get; init; }
}
