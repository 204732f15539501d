namespace Fabric.Lab.Tests;

/// <summary>Compares files with those recorded; <c>FABRIC_UPDATE_GOLDEN=1</c> records them anew.</summary>
internal static class Golden
{
    /// <param name="name">Folder under <c>golden</c>.</param>
    /// <param name="files">Contents by path.</param>
    public static void Check(string name, IReadOnlyDictionary<string, string> files)
    {
        var directory = Path.Combine(Repository.Root, "tests", "Fabric.Lab.Tests", "golden", name);
        if (Environment.GetEnvironmentVariable("FABRIC_UPDATE_GOLDEN") == "1")
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }

            foreach (var (path, content) in files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(directory, path))!);
                File.WriteAllText(Path.Combine(directory, path), content);
            }
        }

        var recorded = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(p => !p.EndsWith(".actual", StringComparison.Ordinal))
            .Select(p => Path.GetRelativePath(directory, p)).Order(StringComparer.Ordinal);
        Assert.Equal(recorded, files.Keys.Order(StringComparer.Ordinal));
        foreach (var (path, content) in files)
        {
            var expected = File.ReadAllText(Path.Combine(directory, path));
            if (expected != content)
            {
                File.WriteAllText(Path.Combine(directory, path + ".actual"), content);
            }

            Assert.Equal(expected, content);
        }
    }
}
