using System.Diagnostics;
using System.Globalization;

namespace Fabric.Lab;

/// <summary>Finds and ends processes of this host, always by pid.</summary>
internal static class Processes
{
    /// <summary>Pids of all processes whose command line fits.</summary>
    public static IEnumerable<int> Find(Func<string[], bool> fits)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && CommandLine(pid) is { } words && fits(words))
            {
                yield return pid;
            }
        }
    }

    /// <summary>Kills a process and waits until it is gone.</summary>
    public static void End(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            process.WaitForExit();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It is gone already.
        }
    }

    private static string[]? CommandLine(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/cmdline");
            return text.Length == 0 ? null : text.TrimEnd('\0').Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
