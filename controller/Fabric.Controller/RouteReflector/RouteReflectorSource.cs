using System.Collections.Immutable;

namespace Fabric.Controller.RouteReflector;

/// <summary>Where a configuration comes from, so that it can be loaded again.</summary>
/// <param name="Path">The file; null: flags say everything.</param>
/// <param name="Flags">Values of flags by the names of keys.</param>
public sealed record RouteReflectorSource(string? Path, IReadOnlyDictionary<string, IReadOnlyList<string>> Flags)
{
    /// <summary>Loads the configuration: it, or null and everything that is wrong, one line each.</summary>
    public (RouteReflectorConfig? Config, ImmutableArray<string> Faults) Load() => RouteReflectorFile.Load(Path, Flags);
}
