using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Fabric.Architecture.Tests;

/// <summary>The project files of the repository, read as they are on disk.</summary>
internal static class Solution
{
    /// <summary>The repository's top folder.</summary>
    public static readonly string Root = FindRoot();

    /// <summary>Every project file, by path from the root with forward slashes.</summary>
    public static readonly IReadOnlyList<string> ProjectFiles =
    [
        .. Directory.EnumerateFiles(Root, "*.csproj", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
            .Select(p => Path.GetRelativePath(Root, p).Replace('\\', '/'))
            .Where(p => !p.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "artifacts"))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A project's name, from its path.</summary>
    public static string NameOf(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));

    /// <summary>Whether a project is part of the product.</summary>
    public static bool IsProduct(string path) => !path.StartsWith("tests/", StringComparison.Ordinal);

    /// <summary>Names of the projects that a project file refers to.</summary>
    public static IEnumerable<string> ReferencesOf(string path) => Elements(path, "ProjectReference").Select(e => NameOf((string)e.Attribute("Include")!));

    /// <summary>The elements of a name in a file.</summary>
    public static IEnumerable<XElement> Elements(string path, string name) => XDocument.Load(Path.Combine(Root, path)).Descendants(name);

    private static string FindRoot([CallerFilePath] string here = "")
    {
        for (var directory = Path.GetDirectoryName(here); directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Fabric.sln")))
            {
                return directory;
            }
        }

        throw new InvalidOperationException($"Fabric.sln is in no folder above {here}");
    }
}
