namespace Fabric.Lab.Tests;

/// <summary>Files of the source tree.</summary>
internal static class Repository
{
    /// <summary>Directory with the solution.</summary>
    public static string Root { get; } = Find();

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
