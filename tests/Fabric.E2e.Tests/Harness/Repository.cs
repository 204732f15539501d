namespace Fabric.E2e.Tests.Harness;

/// <summary>The source tree and the programs built from it.</summary>
internal static class Repository
{
    private static readonly Dictionary<string, string> Projects = new(StringComparer.Ordinal)
    {
        ["fabricd"] = "controller/Fabric.Controller",
        ["fabricctl"] = "controller/fabricctl",
        ["fabric-lab"] = "lab/Fabric.Lab",
        ["softgated"] = "softgate/Fabric.SoftGate",
    };

    /// <summary>Directory with the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>
    /// The executable of a program: in the directory that FABRIC_BIN names, else the one built last of <c>bin/</c> (make build) and
    /// the project's own output.
    /// </summary>
    public static string Program(string name)
    {
        if (Environment.GetEnvironmentVariable("FABRIC_BIN") is { Length: > 0 } directory)
        {
            return Path.Combine(Path.GetFullPath(directory), name);
        }

        // What changes with a build is the assembly, not the small starter beside it.
        return new[] { $"bin/lib/{name}", $"{Projects[name]}/bin/Release/net10.0", $"{Projects[name]}/bin/Debug/net10.0" }
            .Select(d => Path.Combine(Root, d, name))
            .Where(p => File.Exists(p) && File.Exists(p + ".dll"))
            .MaxBy(p => File.GetLastWriteTimeUtc(p + ".dll"))
            ?? throw new InvalidOperationException($"{name} is not built: run 'make build'");
    }

    /// <summary>A topology file of the lab.</summary>
    public static string Topology(string name) => Path.Combine(Root, "lab", "topologies", name + ".yaml");

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Fabric.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("the tests do not run from the source tree");
    }
}
