using System.Collections.Immutable;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Identifiers;

namespace Fabric.Storage;

/// <summary>Something that became durable.</summary>
/// <param name="Snapshot">The intent after it.</param>
/// <param name="Revision">The revision it made; null when only releases were proved.</param>
/// <param name="Changes">What happened to each resource.</param>
/// <param name="Proved">Releases that a device has proved: who waited for one of these numbers there can go on.</param>
public sealed record CommittedChange(
    IntentSnapshot Snapshot,
    RevisionInfo? Revision,
    ImmutableArray<ResourceChange> Changes,
    ImmutableArray<PendingRelease> Proved);

/// <summary>One revision of the intent.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Origin">Who wrote it and why.</param>
/// <param name="Time">When.</param>
public sealed record RevisionInfo(long Number, WriteOrigin Origin, DateTimeOffset Time);
