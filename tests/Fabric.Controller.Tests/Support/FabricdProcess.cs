using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;

namespace Fabric.Controller.Tests.Support;

/// <summary>The real program in a process of its own.</summary>
public sealed class FabricdProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Task<string> _errors;

    private FabricdProcess(Process process)
    {
        _process = process;
        _errors = ReadErrorsAsync();
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

    /// <summary>The first line it says on standard output.</summary>
    public async Task<string> FirstLineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(Deadline) ?? "";

    /// <summary>Waits until it says that it is ready; where it listens.</summary>
    public async Task<Uri> ReadyAsync()
    {
        const string ready = "fabricd ready ";
        var line = await FirstLineAsync();
        return line.StartsWith(ready + "https://", StringComparison.Ordinal)
            ? new Uri(line[ready.Length..])
            : throw new InvalidOperationException($"fabricd said '{line}' and {await _errors.WaitAsync(Deadline)}");
    }

    /// <summary>Waits for a line on standard error that contains the text.</summary>
    public async Task ErrorAsync(string text)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!(await _lines.Reader.ReadAsync(deadline.Token)).Contains(text, StringComparison.Ordinal))
        {
            // Another line.
        }
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
        await SignalAsync("TERM");
        return await ExitAsync();
    }

    /// <summary>Sends a signal by its name.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(Deadline);
    }

    public async Task<(int ExitCode, string Errors)> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        return (_process.ExitCode, await _errors);
    }

    private async Task<string> ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _said.Append(line).Append('\n');
            _lines.Writer.TryWrite(line);
        }

        _lines.Writer.Complete();
        return _said.ToString();
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
