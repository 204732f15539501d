using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fabric.Drivers.Sessions;

/// <summary>One device over the OpenSSH client.</summary>
internal sealed class OpenSshSession : IDeviceSession, IAsyncDisposable
{
    private const int LongestError = 64 * 1024;
    private const int ClientFailed = 255;
    private const string Ready = "fabric-ready";

    private readonly DeviceEndpoint _endpoint;
    private readonly OpenSshOptions _options;
    private readonly TimeProvider _time;
    private readonly string _socket;
    private readonly string _knownHosts;
    private readonly SemaphoreSlim _masterLock = new(1, 1);
    private Process? _master;
    private bool _disposed;

    public OpenSshSession(DeviceEndpoint endpoint, OpenSshOptions options, TimeProvider time)
    {
        _endpoint = endpoint;
        _options = options;
        _time = time;
        var name = $"{endpoint.User}@{endpoint.Address}:{endpoint.Port} {string.Join(' ', endpoint.HostKeys)}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
        _socket = Path.Combine(options.RuntimeDirectory, $"ssh-{hash}");
        _knownHosts = _socket + ".keys";
    }

    /// <inheritdoc/>
    public Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(script, timeout, shared: true, cancellationToken);

    /// <inheritdoc/>
    public Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(script, timeout, shared: false, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _masterLock.WaitAsync();
        try
        {
            _disposed = true;
            await EndMasterAsync();
            File.Delete(_knownHosts);
        }
        finally
        {
            _masterLock.Release();
        }
    }

    private async Task<ScriptResult> RunAsync(string script, TimeSpan timeout, bool shared, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await EnsureReadyAsync(shared, either.Token);
            return await RunClientAsync(script, shared, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await DropMasterAsync();
            throw new DeviceException(
                DeviceErrorKind.Timeout,
                $"{_endpoint.Address} did not finish within {timeout.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s");
        }
        catch (DeviceException e) when (shared && e.Kind == DeviceErrorKind.SessionLost)
        {
            await DropMasterAsync();
            throw;
        }
    }

    private async Task<ScriptResult> RunClientAsync(string script, bool shared, CancellationToken cancellationToken)
    {
        using var client = Start(["-o", "ControlMaster=no", "-S", shared ? Escaped(_socket) : "none"], "sh -s");
        try
        {
            // The shell parses a group to its end before it runs any of it, so a script cut off by a lost connection does nothing;
            // and what runs inside cannot eat the script's own text.
            var sending = SendAsync(client, $"{{\nexec </dev/null\n{script}\n}}\n", cancellationToken);
            var output = ReadAsync(client, client.StandardOutput, _options.LongestAnswer, cancellationToken);
            var error = ReadAsync(client, client.StandardError, LongestError, cancellationToken);
            await Task.WhenAll(sending, output, error);
            await client.WaitForExitAsync(cancellationToken);
            return client.ExitCode == ClientFailed
                ? throw OpenSshErrors.Map(_endpoint, await error)
                : new ScriptResult(client.ExitCode, await output, await error);
        }
        finally
        {
            End(client);
        }
    }

    /// <summary>Writes the pinned keys and, for a shared run, starts the master where none runs.</summary>
    private async Task EnsureReadyAsync(bool shared, CancellationToken cancellationToken)
    {
        await _masterLock.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!File.Exists(_knownHosts))
            {
                await File.WriteAllLinesAsync(_knownHosts, _endpoint.HostKeys.Select(k => $"{Alias} {k}"), cancellationToken);
            }

            if (!shared || _master is { HasExited: false })
            {
                return;
            }

            await EndMasterAsync();
            _master = await StartMasterAsync(cancellationToken);
        }
        finally
        {
            _masterLock.Release();
        }
    }

    private async Task<Process> StartMasterAsync(CancellationToken cancellationToken)
    {
        // The remote side ends when its standard input does, that is with this process, however it ends.
        var master = Start(["-o", "ControlMaster=yes", "-S", Escaped(_socket)], $"echo {Ready}; exec cat >/dev/null");
        try
        {
            var error = ReadAsync(master, master.StandardError, LongestError, cancellationToken);
            var first = await master.StandardOutput.ReadLineAsync(cancellationToken);
            if (first == Ready)
            {
                _ = error.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                return master;
            }

            if (first is not null)
            {
                throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, $"the shell of {_endpoint.User}@{_endpoint.Address} prints text before a command runs");
            }

            throw OpenSshErrors.Map(_endpoint, await error);
        }
        catch
        {
            End(master);
            master.Dispose();
            throw;
        }
    }

    private async Task DropMasterAsync()
    {
        await _masterLock.WaitAsync();
        try
        {
            await EndMasterAsync();
        }
        finally
        {
            _masterLock.Release();
        }
    }

    private async Task EndMasterAsync()
    {
        if (_master is { } master)
        {
            _master = null;
            End(master);
            await master.WaitForExitAsync();
            master.Dispose();
        }

        File.Delete(_socket);
    }

    private string Alias => "fabric-device";

    private Process Start(string[] control, string command)
    {
        var start = new ProcessStartInfo(_options.Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardOutputEncoding = new UTF8Encoding(false),
            StandardErrorEncoding = new UTF8Encoding(false),
            StandardInputEncoding = new UTF8Encoding(false),
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("SSH_AUTH_SOCK");
        foreach (var argument in Arguments(control, command))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new DeviceException(DeviceErrorKind.Unreachable, $"the program {_options.Program} cannot be started: {e.Message}", e);
        }
    }

    private IEnumerable<string> Arguments(string[] control, string command) =>
    [
        "-F", "/dev/null", "-T",
        .. control,
        "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=yes",
        "-o", $"UserKnownHostsFile={Quoted(_knownHosts)}",
        "-o", "GlobalKnownHostsFile=/dev/null",
        "-o", $"HostKeyAlias={Alias}",
        "-o", "CheckHostIP=no",
        "-o", "UpdateHostKeys=no",
        "-o", "IdentitiesOnly=yes",
        "-o", "IdentityAgent=none",
        "-o", $"IdentityFile={Quoted(_options.IdentityFile)}",
        "-o", "PreferredAuthentications=publickey",
        "-o", "PasswordAuthentication=no",
        "-o", "KbdInteractiveAuthentication=no",
        "-o", "ClearAllForwardings=yes",
        "-o", "ConnectionAttempts=1",
        "-o", $"ConnectTimeout={Seconds(_options.ConnectTimeout)}",
        "-o", $"ServerAliveInterval={Seconds(_options.KeepAliveInterval)}",
        "-o", $"ServerAliveCountMax={_options.KeepAliveCount}",
        "-o", "LogLevel=INFO",
        "-p", _endpoint.Port.ToString(CultureInfo.InvariantCulture),
        "-l", _endpoint.User,
        "--", _endpoint.Address.ToString(), command,
    ];

    /// <summary>A path as the client's configuration takes it: percent signs doubled, because it expands them.</summary>
    private static string Escaped(string path) => path.Replace("%", "%%", StringComparison.Ordinal);

    /// <summary>The same for options that split their value at spaces.</summary>
    private static string Quoted(string path) => $"\"{Escaped(path)}\"";

    private static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Round(time.TotalSeconds));

    private static async Task SendAsync(Process client, string text, CancellationToken cancellationToken)
    {
        try
        {
            await client.StandardInput.WriteAsync(text.AsMemory(), cancellationToken);
            client.StandardInput.Close();
        }
        catch (IOException)
        {
            // The client ended before it took everything; its exit status and words say why.
        }
    }

    private static async Task<string> ReadAsync(Process process, StreamReader reader, int longest, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (text.Length + read > longest)
            {
                End(process);
                throw new DeviceException(DeviceErrorKind.UnexpectedAnswer, $"the device answered with more than {longest} characters");
            }

            text.Append(buffer, 0, read);
        }

        return text.ToString();
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
        catch (InvalidOperationException)
        {
            // It ended by itself.
        }
    }
}
