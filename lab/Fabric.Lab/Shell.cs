using System.Diagnostics;
using System.Text;

namespace Fabric.Lab;

/// <summary>What a program answered.</summary>
public sealed record ShellResult(int ExitCode, string Output, string Error);

/// <summary>Runs programs.</summary>
public static class Shell
{
    /// <summary>Runs a program to its end and returns what it wrote.</summary>
    public static ShellResult Run(string file, IEnumerable<string> arguments, string? input = null)
    {
        using var process = Start(file, arguments, redirect: true);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input ?? "");
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading all of its input; its exit code tells why.
        }

        process.WaitForExit();
        return new ShellResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Like <see cref="Run"/>, but a failure of the program is a failure of ours.</summary>
    public static string Must(string file, IEnumerable<string> arguments, string? input = null)
    {
        var list = arguments.ToList();
        var result = Run(file, list, input);
        if (result.ExitCode != 0)
        {
            var said = (result.Error + result.Output).Trim();
            throw new LabException($"{file} {string.Join(' ', list.Take(4))}: {(said.Length == 0 ? $"exit code {result.ExitCode}" : said)}");
        }

        return result.Output;
    }

    /// <summary>Runs a program on our own terminal and returns its exit code.</summary>
    public static int Attached(string file, IEnumerable<string> arguments)
    {
        using var process = Start(file, arguments, redirect: false);
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Quotes a word for a POSIX shell.</summary>
    public static string Quote(string word) => "'" + word.Replace("'", @"'\''", StringComparison.Ordinal) + "'";

    private static Process Start(string file, IEnumerable<string> arguments, bool redirect)
    {
        var info = new ProcessStartInfo(file)
        {
            RedirectStandardInput = redirect,
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
            UseShellExecute = false,
        };
        if (redirect)
        {
            info.StandardOutputEncoding = Encoding.UTF8;
            info.StandardErrorEncoding = Encoding.UTF8;
        }

        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(info) ?? throw new LabException($"cannot start {file}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new LabException($"cannot start {file}: {e.Message} (lab/install-packages.sh installs what the lab needs)", e);
        }
    }
}
