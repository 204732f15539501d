using System.Runtime.CompilerServices;

namespace Fabric.TestKit.Files;

/// <summary>
/// Compares text with a file kept beside the tests. <c>FABRIC_UPDATE_GOLDEN=1</c> writes the files anew; on a difference the
/// actual text is written beside the expected one with <c>.actual</c> added to its name.
/// </summary>
public static class Golden
{
    /// <summary>Whether files are written instead of compared.</summary>
    public static bool Updates => Environment.GetEnvironmentVariable("FABRIC_UPDATE_GOLDEN") == "1";

    /// <summary>Compares one file.</summary>
    /// <param name="name">Path below the folder <c>golden</c> beside the caller's source file.</param>
    /// <param name="actual">The text as it is now.</param>
    /// <param name="caller">Set by the compiler.</param>
    /// <exception cref="GoldenException">The text differs, or there is no such file yet.</exception>
    public static void Verify(string name, string actual, [CallerFilePath] string caller = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(caller)!, "golden", name);
        var text = actual.ReplaceLineEndings("\n");
        if (Updates)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
            File.Delete(path + ".actual");
            return;
        }

        var expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : null;
        if (expected == text)
        {
            File.Delete(path + ".actual");
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".actual", text);
        throw new GoldenException(
            $"{name} {(expected is null ? "is not recorded yet" : "differs: " + FirstDifference(expected, text))}; "
            + $"see {path}.actual, and run with FABRIC_UPDATE_GOLDEN=1 to accept it");
    }

    private static string FirstDifference(string expected, string actual)
    {
        var left = expected.Split('\n');
        var right = actual.Split('\n');
        var at = Enumerable.Range(0, Math.Max(left.Length, right.Length)).First(i => i >= left.Length || i >= right.Length || left[i] != right[i]);
        return $"line {at + 1} is '{(at < right.Length ? right[at] : "absent")}', expected '{(at < left.Length ? left[at] : "absent")}'";
    }
}
