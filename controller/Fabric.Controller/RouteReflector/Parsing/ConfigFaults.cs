namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Takes everything that is wrong with a configuration, so that all of it is told at once.</summary>
internal sealed class ConfigFaults
{
    private readonly List<string> _faults = [];

    /// <summary>What is wrong so far, one line each.</summary>
    public IReadOnlyList<string> All => _faults;

    /// <summary>Notes a fault.</summary>
    /// <param name="place">File and line, or flag.</param>
    /// <param name="path">Path of keys from the top.</param>
    /// <param name="text">What is wrong and what to do.</param>
    public void Add(string place, string path, string text)
    {
        // A flag names what it is about; a line alone does not.
        var where = place.Length == 0 ? path : place.StartsWith("--", StringComparison.Ordinal) || path.Length == 0 ? place : $"{place}: {path}";
        _faults.Add(where.Length == 0 ? text : $"{where}: {text}");
    }
}
