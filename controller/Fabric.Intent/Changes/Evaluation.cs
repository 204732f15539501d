using System.Collections.Immutable;
using Fabric.Intent.Identifiers;

namespace Fabric.Intent.Changes;

/// <summary>The outcome of evaluating a change set against a snapshot: either errors, or everything that a commit writes.</summary>
/// <param name="Errors">Why it is refused; empty when it is not.</param>
/// <param name="Before">The snapshot it was evaluated against.</param>
/// <param name="After">The snapshot that results; <paramref name="Before"/> itself when refused or when nothing changes.</param>
/// <param name="Changes">What happens to each resource, unchanged ones left out.</param>
/// <param name="Held">Numbers newly held.</param>
/// <param name="Dropped">Numbers no longer held.</param>
/// <param name="Releases">Devices that have yet to prove numbers gone that were dropped or have left them.</param>
/// <param name="Forgotten">Releases that wait no longer: their device has left the inventory, or the number is back on it.</param>
public sealed record Evaluation(
    ImmutableArray<ChangeError> Errors,
    IntentSnapshot Before,
    IntentSnapshot After,
    ImmutableArray<ResourceChange> Changes,
    ImmutableArray<Identifier> Held,
    ImmutableArray<Identifier> Dropped,
    ImmutableArray<PendingRelease> Releases,
    ImmutableArray<PendingRelease> Forgotten)
{
    /// <summary>Whether the change set can be committed.</summary>
    public bool Accepted => Errors.IsEmpty;

    /// <summary>A refusal.</summary>
    public static Evaluation Refused(IntentSnapshot snapshot, IEnumerable<ChangeError> errors) =>
        new([.. errors], snapshot, snapshot, [], [], [], [], []);
}
