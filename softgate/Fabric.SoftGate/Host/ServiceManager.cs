using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Fabric.SoftGate.Host;

/// <summary>Tells the service manager how the process is, by the protocol of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _to;

    /// <param name="environment">Reads a variable of the environment.</param>
    internal ServiceManager(Func<string, string?> environment)
    {
        if (environment("NOTIFY_SOCKET") is not { Length: > 1 } name || name[0] is not ('/' or '@'))
        {
            return;
        }

        // A leading @ stands for the zero of a name that is in no file system.
        _to = new UnixDomainSocketEndPoint(name[0] == '@' ? "\0" + name[1..] : name);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        if (long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            && (environment("WATCHDOG_PID") is not { } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture)))
        {
            WatchdogPeriod = TimeSpan.FromMicroseconds(microseconds) / 2;
        }
    }

    /// <summary>How often it wants to hear that all is well: half of what it would wait; null: not at all.</summary>
    internal TimeSpan? WatchdogPeriod { get; }

    /// <summary>The process does its work.</summary>
    internal void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>All is well.</summary>
    internal void Alive() => Send("WATCHDOG=1");

    /// <summary>The process is about to end.</summary>
    internal void Stopping() => Send("STOPPING=1");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private void Send(string text)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")), _to!);
        }
        catch (SocketException)
        {
            // A service manager that does not listen is no reason to stop forwarding.
        }
    }
}
