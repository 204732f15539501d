using System.Collections.Immutable;
using Fabric.Compiler;
using Fabric.Drivers.Contract;
using Fabric.Drivers.State;
using Fabric.Storage.Devices;

namespace Fabric.Reconciler.Devices;

/// <summary>Where a device is on its way to its desired state.</summary>
public enum DevicePhase
{
    /// <summary>Not looked at yet, or a change has come in since.</summary>
    Pending,

    /// <summary>Commands are being carried out.</summary>
    Applying,

    /// <summary>Read back as desired.</summary>
    Synced,

    /// <summary>The last try failed; another follows.</summary>
    Failed,
}

/// <summary>What is known of a managed device. Immutable; swapped whole by the device's worker.</summary>
public sealed record DeviceStatus
{
    /// <summary>Uid of the Device resource.</summary>
    public required int Uid { get; init; }

    /// <summary>Where it is.</summary>
    public DevicePhase Phase { get; init; }

    /// <summary>Why, as one word.</summary>
    public string Reason { get; init; } = "NotReadYet";

    /// <summary>Why, as a sentence.</summary>
    public string Message { get; init; } = "the device has not been read yet";

    /// <summary>When <see cref="Phase"/> last changed.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Whether the last try reached it; null before the first.</summary>
    public bool? Reachable { get; init; }

    /// <summary>When <see cref="Reachable"/> last changed.</summary>
    public DateTimeOffset? ReachableSince { get; init; }

    /// <summary>The intent that it was last read back to be at; 0 while never.</summary>
    public long ObservedRevision { get; init; }

    /// <summary>The last reading; null while there is none.</summary>
    public DeviceReading? Reading { get; init; }

    /// <summary>When it was last read.</summary>
    public DateTimeOffset? ReadAt { get; init; }

    /// <summary>What was wanted of it when it was last at its desired state.</summary>
    public DeviceState? SyncedState { get; init; }

    /// <summary>V-Nets that it does not carry in full.</summary>
    public ImmutableArray<Shortfall> Shortfalls { get; init; } = [];

    /// <summary>The last time it was found changed by somebody else.</summary>
    public DriftRecord? LastDrift { get; init; }

    /// <summary>The last apply.</summary>
    public ApplyEntry? LastApply { get; init; }

    /// <summary>Tries that failed since the last one that did not.</summary>
    public int Failures { get; init; }
}

/// <summary>A device was found changed by somebody else.</summary>
/// <param name="FoundAt">When.</param>
/// <param name="Objects">What differed, as changes that repair it.</param>
/// <param name="RepairedAt">When it was read back as desired again; null before.</param>
public sealed record DriftRecord(DateTimeOffset FoundAt, ImmutableArray<string> Objects, DateTimeOffset? RepairedAt);
