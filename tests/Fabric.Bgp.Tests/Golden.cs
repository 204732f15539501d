using System.Runtime.CompilerServices;

namespace Fabric.Bgp.Tests;

/// <summary>Compares text with a file kept beside the tests; FABRIC_UPDATE_GOLDEN=1 writes the file anew.</summary>
internal static class Golden
{
    public static void Check(string name, string actual, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Root(here), "golden", name);
        actual = actual.ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("FABRIC_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (expected != actual)
        {
            var beside = path + ".actual";
            File.WriteAllText(beside, actual);
            Assert.Fail($"{path} differs from what the code gives now, see {beside}; record it anew with FABRIC_UPDATE_GOLDEN=1 if that is meant");
        }
    }

    private static string Root(string here)
    {
        var folder = Path.GetDirectoryName(here)!;
        while (!File.Exists(Path.Combine(folder, "Fabric.Bgp.Tests.csproj")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the sources of the tests are not where they were built");
        }

        return folder;
    }
}
