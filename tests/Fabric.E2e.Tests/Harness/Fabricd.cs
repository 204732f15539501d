using System.Diagnostics;
using System.Text;

namespace Fabric.E2e.Tests.Harness;

/// <summary>How patient a controller is with devices.</summary>
internal sealed record Times(params string[] Arguments)
{
    /// <summary>For devices on the running kernel.</summary>
    public static readonly Times Quick = new(
        "--resync-interval", "3", "--rollback-after", "12", "--confirm-within", "8", "--first-backoff", "0.5", "--longest-backoff", "2");

    /// <summary>For devices in an emulated machine, each command of which takes many times as long.</summary>
    public static readonly Times Patient = new(
        "--resync-interval", "15", "--rollback-after", "240", "--confirm-within", "120", "--first-backoff", "1", "--longest-backoff", "4");
}

/// <summary>A controller of its own: the real program, its data in a directory of its own.</summary>
internal sealed class Fabricd : IAsyncDisposable
{
    private const string ReadyLine = "fabricd ready ";
    private readonly string _directory = Directory.CreateTempSubdirectory("fabricd-").FullName;
    private readonly StringBuilder _log = new();
    private readonly string? _sshKey;
    private readonly Times _times;
    private readonly string? _agentListen;
    private Process? _process;

    private Fabricd(string? sshKey, string? dataDirectory, Times times, string? agentListen)
    {
        _times = times;
        _agentListen = agentListen;
        _sshKey = sshKey;
        DataDirectory = dataDirectory ?? Path.Combine(_directory, "data");
    }

    public string DataDirectory { get; }

    /// <summary>The address of the API.</summary>
    public Uri Root { get; private set; } = new("https://127.0.0.1");

    public string CaFile => Path.Combine(DataDirectory, "ca.crt");

    public string TokenFile => Path.Combine(DataDirectory, "admin.token");

    /// <summary>A client with the first token, which is an administrator's.</summary>
    public Api Api { get; private set; } = null!;

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>All that it logged, over all its lives.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts a controller on an empty store and waits until it answers.</summary>
    /// <param name="sshKey">Private key that opens the devices.</param>
    /// <param name="dataDirectory">Where its store is; by default in a directory that goes with it.</param>
    /// <param name="times">How patient it is.</param>
    /// <param name="agentListen">Where SoftGates' agents reach it; null: nowhere.</param>
    public static async Task<Fabricd> StartAsync(string? sshKey, string? dataDirectory = null, Times? times = null, string? agentListen = null)
    {
        var fabricd = new Fabricd(sshKey, dataDirectory, times ?? Times.Quick, agentListen);
        try
        {
            await fabricd.StartAsync();
            return fabricd;
        }
        catch
        {
            await fabricd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again on its store.</summary>
    public async Task StartAsync()
    {
        Assert.False(IsRunning);
        string[] arguments =
        [
            "--data-dir", DataDirectory, "--listen", "127.0.0.1:0",
            .. _sshKey is null ? [] : (string[])["--ssh-key", _sshKey],
            .. _agentListen is null ? [] : (string[])["--agent-listen", _agentListen],
            .. _times.Arguments,
        ];
        var ready = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = Command.Start(Repository.Program("fabricd"), arguments);
        process.StandardInput.Close();
        process.OutputDataReceived += (_, e) =>
        {
            Keep(e.Data);
            if (e.Data is { } line && line.StartsWith(ReadyLine, StringComparison.Ordinal))
            {
                ready.TrySetResult(line);
            }
        };
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("fabricd ended before it was ready"));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        try
        {
            Root = new Uri((await ready.Task.WaitAsync(TimeSpan.FromSeconds(30)))[ReadyLine.Length..].Trim());
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"fabricd does not start: {e.Message}\n{Tail()}", e);
        }

        Api?.Dispose();
        Api = Client((await File.ReadAllTextAsync(TokenFile)).Trim());
    }

    /// <summary>A client with another token, or with none.</summary>
    public Api Client(string? token) => new(Root, File.ReadAllText(CaFile), token);

    /// <summary>Ends it as a power failure would: at once.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Has it do nothing at all from now on, with its connections open, until it is killed.</summary>
    public async Task FreezeAsync() =>
        (await Command.RunAsync("kill", "-STOP", _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))).Must();

    /// <summary>Asks it to end and waits until it has.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process)
        {
            return;
        }

        await Command.RunAsync("kill", "-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException e)
        {
            await KillAsync();
            throw new TimeoutException($"fabricd does not end within 20 s of SIGTERM\n{Tail()}", e);
        }

        process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        catch (TimeoutException e)
        {
            TestContext.Current.SendDiagnosticMessage("{0}", e.Message);
        }

        Api?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The last lines of the log.</summary>
    public string Tail(int lines = 60) => string.Join('\n', Log.TrimEnd().Split('\n').TakeLast(lines));

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (_log)
            {
                _log.AppendLine(line);
            }
        }
    }
}
