namespace Fabric.Reconciler;

/// <summary>How eagerly devices are brought to their desired state. The defaults fit production.</summary>
public sealed record ReconcilerOptions
{
    /// <summary>How often a device is read though nothing has changed, to find drift; at least one second.</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait after the first failure on a device; doubles with each further one, with jitter of a fifth.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two tries.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a device waits for the confirmation of a change before it goes back by itself.</summary>
    public TimeSpan RollbackAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long management access and BGP sessions may take to be seen up after a change; shorter than <see cref="RollbackAfter"/>.</summary>
    public TimeSpan ConfirmWithin { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How many devices are worked on at the same time, 1..1024; as many again that failed last time are retried beside them.</summary>
    public int Parallelism { get; init; } = 32;
}
