using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Fabric.Controller.Contracts;

/// <summary>A revision of the intent.</summary>
public sealed record RevisionDocument
{
    /// <summary>Its number, from 1.</summary>
    public required long Revision { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Name of the token that made it.</summary>
    public required string Author { get; init; }

    /// <summary>The token's role.</summary>
    public required string Role { get; init; }

    /// <summary>Why, in the author's words.</summary>
    public required string Reason { get; init; }

    /// <summary>Through which door it came: <c>api</c> or <c>restore</c>.</summary>
    public required string Source { get; init; }

    /// <summary>What it did to each resource; absent in lists.</summary>
    public ImmutableArray<PastChangeDocument>? Changes { get; init; }
}

/// <summary>What a revision did to a resource.</summary>
public sealed record PastChangeDocument
{
    /// <summary><c>created</c>, <c>updated</c> or <c>deleted</c>.</summary>
    public required string Operation { get; init; }

    /// <summary>The resource after it, without status; after a deletion, as it was last.</summary>
    public required ResourceDocument<object> Resource { get; init; }
}

/// <summary>A page of revisions, newest first.</summary>
public sealed record RevisionList
{
    /// <summary>The revisions.</summary>
    public required ImmutableArray<RevisionDocument> Items { get; init; }

    /// <summary>Pass it as <c>cursor</c> to get older ones; absent on the last page.</summary>
    public string? Next { get; init; }
}

/// <summary>How two revisions differ.</summary>
public sealed record Comparison
{
    /// <summary>The one revision.</summary>
    public required long From { get; init; }

    /// <summary>The other.</summary>
    public required long To { get; init; }

    /// <summary>The resources that differ, by kind and name.</summary>
    public required ImmutableArray<Difference> Differences { get; init; }
}

/// <summary>A resource that differs.</summary>
public sealed record Difference
{
    /// <summary><c>created</c>, <c>updated</c>, <c>deleted</c>; <c>replaced</c> where another resource has the name now.</summary>
    public required string Operation { get; init; }

    /// <summary>Its kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>It at the one revision; absent where it was not there.</summary>
    public ResourceDocument<object>? Before { get; init; }

    /// <summary>It at the other; absent where it was not there.</summary>
    public ResourceDocument<object>? After { get; init; }
}

/// <summary>A page of the audit log, newest first.</summary>
public sealed record AuditList
{
    /// <summary>The entries.</summary>
    public required ImmutableArray<AuditDocument> Items { get; init; }

    /// <summary>Pass it as <c>cursor</c> to get older ones; absent on the last page.</summary>
    public string? Next { get; init; }
}

/// <summary>One entry of the audit log.</summary>
public sealed record AuditDocument
{
    /// <summary>Its number, ascending.</summary>
    public required long Id { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Name of the token, or <c>fabricd</c>.</summary>
    public required string Author { get; init; }

    /// <summary>The token's role.</summary>
    public required string Role { get; init; }

    /// <summary><c>change</c>, <c>bgp.inject</c>, <c>token.create</c>, <c>token.revoke</c>, or the method of a refused request.</summary>
    public required string Action { get; init; }

    /// <summary>On what.</summary>
    public required string Target { get; init; }

    /// <summary>Why, in the author's words.</summary>
    public required string Reason { get; init; }

    /// <summary>Through which door it came.</summary>
    public required string Source { get; init; }

    /// <summary>The revision that it made; absent where it made none.</summary>
    public long? Revision { get; init; }

    /// <summary><c>done</c> or <c>refused</c>.</summary>
    public required string Outcome { get; init; }
}

/// <summary>An event of the watch: one committed revision.</summary>
public sealed record WatchEvent
{
    /// <summary>The revision; also the event's id.</summary>
    public required long Revision { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Name of the token that made it.</summary>
    public required string Author { get; init; }

    /// <summary>Why, in the author's words.</summary>
    public required string Reason { get; init; }

    /// <summary>What it did to each resource of the kinds asked for.</summary>
    public required ImmutableArray<PastChangeDocument> Changes { get; init; }
}

/// <summary>An event of the watch: a device's status has changed.</summary>
/// <param name="Kind"><c>Device</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">Its status now.</param>
public sealed record StatusEvent(string Kind, string Name, JsonObject Status);
