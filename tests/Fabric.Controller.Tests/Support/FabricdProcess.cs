using System.Diagnostics;
using System.Net.Http.Headers;

namespace Fabric.Controller.Tests.Support;

/// <summary>The real program in a process of its own.</summary>
public sealed class FabricdProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly Task<string> _errors;

    private FabricdProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public ApiClient Admin { get; private set; } = null!;

    public static FabricdProcess Launch(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "fabricd.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return new FabricdProcess(Process.Start(start)!);
    }

    public static async Task<FabricdProcess> StartAsync(string dataDirectory)
    {
        Directory.CreateDirectory(dataDirectory);
        var sshKey = Path.Combine(Path.GetDirectoryName(dataDirectory)!, "ssh.key");
        await File.WriteAllTextAsync(sshKey, "not used");
        var fabricd = Launch("--data-dir", dataDirectory, "--listen", "127.0.0.1:0", "--ssh-key", sshKey);
        var address = await fabricd.ReadyAsync();
        var http = ApiHost.Trusting(Path.Combine(dataDirectory, "ca.crt"));
        http.BaseAddress = address;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(dataDirectory, "admin.token"))).Trim());
        fabricd.Admin = new ApiClient(http);
        return fabricd;
    }

    /// <summary>Waits until it says that it is ready; where it listens.</summary>
    public async Task<Uri> ReadyAsync()
    {
        const string ready = "fabricd ready ";
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Deadline) ?? "";
        return line.StartsWith(ready + "https://", StringComparison.Ordinal)
            ? new Uri(line[ready.Length..])
            : throw new InvalidOperationException($"fabricd said '{line}' and {await _errors.WaitAsync(Deadline)}");
    }

    /// <summary>SIGKILL: no chance to tidy up.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Deadline);
    }

    /// <summary>SIGTERM; the exit code and what was said on standard error.</summary>
    public async Task<(int ExitCode, string Errors)> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        return await ExitAsync();
    }

    public async Task<(int ExitCode, string Errors)> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        return (_process.ExitCode, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        Admin?.Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
