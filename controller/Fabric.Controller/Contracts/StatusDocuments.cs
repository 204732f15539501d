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

/// <summary>One apply of a device.</summary>
public sealed record ApplyDocument
{
    /// <summary>Its number, ascending.</summary>
    public required long Id { get; init; }

    /// <summary>The revision that the device was at.</summary>
    public required long FromRevision { get; init; }

    /// <summary>The revision that it was to be at.</summary>
    public required long ToRevision { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it was over.</summary>
    public required DateTimeOffset Ended { get; init; }

    /// <summary>How it ended.</summary>
    public required string Outcome { get; init; }

    /// <summary>In case of failure, what the device said.</summary>
    public required string Detail { get; init; }

    /// <summary>What the device was told, in order.</summary>
    public required ImmutableArray<string> Commands { get; init; }
}
