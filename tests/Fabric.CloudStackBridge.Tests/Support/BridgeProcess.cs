using System.Diagnostics;
using System.Text;

namespace Fabric.CloudStackBridge.Tests.Support;

/// <summary>The bridge as a process of its own, as operators start it; everything that it writes is kept.</summary>
public sealed class BridgeProcess : IAsyncDisposable
{
    private readonly StringBuilder _said = new();
    private readonly Process _process;
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BridgeProcess(IEnumerable<string> arguments)
    {
        _process = Start(arguments);
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>All that it has written on both streams.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    /// <summary>Starts it beside a host, at a port; 0: any.</summary>
    public static async Task<BridgeProcess> StartAsync(BridgeHost host, string dataDirectory, int port)
    {
        var bridge = new BridgeProcess(
            ["--data-dir", dataDirectory, "--controller", host.Options.Controller.ToString(), "--token-file", host.Options.TokenFile, "--ca", host.Options.CaFile!, "--listen", $"127.0.0.1:{port}"]);
        bridge.Address = await bridge._ready.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, TestContext.Current.CancellationToken);
        return bridge;
    }

    /// <summary>Runs one of its commands; what it prints.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await error);
    }

    /// <summary>Ends it as a power failure would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static Process Start(IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "fabric-cloudstack-bridge.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;

    private void Note(string? line)
    {
        if (line is null)
        {
            _ready.TrySetException(new InvalidOperationException($"the bridge has ended: {Said}"));
            return;
        }

        lock (_said)
        {
            _said.AppendLine(line);
        }

        const string Ready = "fabric-cloudstack-bridge ready ";
        if (line.StartsWith(Ready, StringComparison.Ordinal))
        {
            _ready.TrySetResult(new Uri(line[Ready.Length..]));
        }
    }
}
