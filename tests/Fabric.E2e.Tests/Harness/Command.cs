using System.ComponentModel;
using System.Diagnostics;

namespace Fabric.E2e.Tests.Harness;

/// <summary>What a program answered.</summary>
internal sealed record CommandResult(string What, int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;

    /// <summary>This result, or a failure of the test that says what the program said.</summary>
    public CommandResult Must() =>
        Ok ? this : throw new InvalidOperationException($"{What}: exit code {ExitCode}\n{Error.Trim()}\n{Output.Trim()}".TrimEnd());

    public override string ToString() => $"{What}: exit code {ExitCode} {Error.Trim()} {Output.Trim()}";
}

/// <summary>Runs programs.</summary>
internal static class Command
{
    public static Task<CommandResult> RunAsync(string file, params string[] arguments) => RunAsync(file, arguments, null, TimeSpan.FromMinutes(1));

    public static async Task<CommandResult> RunAsync(string file, IReadOnlyList<string> arguments, string? input, TimeSpan patience)
    {
        var what = $"{Path.GetFileName(file)} {string.Join(' ', arguments)}";
        using var process = Start(file, arguments);
        using var deadline = new CancellationTokenSource(patience);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            try
            {
                await process.StandardInput.WriteAsync((input ?? "").AsMemory(), deadline.Token);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading all of its input; its exit code tells why.
            }

            await process.WaitForExitAsync(deadline.Token);
            return new CommandResult(what, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{what}: not finished after {patience.TotalSeconds} s", e);
        }
    }

    public static Process Start(string file, IReadOnlyList<string> arguments)
    {
        var info = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(info) ?? throw new InvalidOperationException($"cannot start {file}");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"cannot start {file}: {e.Message}", e);
        }
    }
}
