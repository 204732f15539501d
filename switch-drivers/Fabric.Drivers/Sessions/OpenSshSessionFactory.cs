using System.Collections.Concurrent;

namespace Fabric.Drivers.Sessions;

/// <summary>
/// Sessions by the OpenSSH client as a process. Each endpoint has one connection (control master), which lives as long as this
/// factory: its remote side reads a pipe that this process holds, so it ends with this process however that ends.
/// </summary>
public sealed class OpenSshSessionFactory : IDeviceSessionFactory, IAsyncDisposable
{
    private const int LongestRuntimeDirectory = 70;

    private readonly OpenSshOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<DeviceEndpoint, OpenSshSession> _sessions = new();

    /// <summary>Prepares the runtime directory and clears what an earlier process left there.</summary>
    /// <param name="options">How devices are reached.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The runtime directory's path is too long for a socket.</exception>
    /// <exception cref="IOException">The runtime directory cannot be used.</exception>
    public OpenSshSessionFactory(OpenSshOptions options, TimeProvider time)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("the controller runs on Linux");
        }

        var directory = Path.GetFullPath(options.RuntimeDirectory);
        if (directory.Length > LongestRuntimeDirectory)
        {
            throw new ArgumentException(
                $"the runtime directory's path may have {LongestRuntimeDirectory} characters, because it holds sockets: {directory}", nameof(options));
        }

        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var left in Directory.EnumerateFiles(directory, "ssh-*"))
        {
            File.Delete(left);
        }

        _options = options with { RuntimeDirectory = directory, IdentityFile = Path.GetFullPath(options.IdentityFile) };
        _time = time;
    }

    /// <inheritdoc/>
    public IDeviceSession Open(DeviceEndpoint endpoint) =>
        _sessions.GetOrAdd(endpoint, static (e, self) => new OpenSshSession(e, self._options, self._time), this);

    /// <inheritdoc/>
    public async Task CloseAsync(DeviceEndpoint endpoint)
    {
        if (_sessions.TryRemove(endpoint, out var session))
        {
            await session.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_sessions.Keys.ToList().Select(CloseAsync));
    }
}
