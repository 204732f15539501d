namespace Fabric.Bgp.Lint;

/// <summary>How the linter works.</summary>
public sealed record EvpnLinterOptions
{
    /// <summary>A finding is raised when it has lasted that long: routes of one change arrive one after the other.</summary>
    public TimeSpan RaiseAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The importers are told (<see cref="EvpnLinter.Importer"/>); without that nothing is said of route targets that nobody imports.</summary>
    public bool ImportersKnown { get; init; }
}
