namespace Fabric.Drivers.Sessions;

/// <summary>A way to run scripts on one device.</summary>
public interface IDeviceSession
{
    /// <summary>Runs a POSIX shell script on the device and returns when it ends.</summary>
    /// <param name="script">Text of the script; sent on standard input, never on a command line.</param>
    /// <param name="timeout">After this long the run is given up and <see cref="DeviceErrorKind.Timeout"/> is thrown.</param>
    /// <param name="cancellationToken">Gives the run up.</param>
    /// <exception cref="DeviceException">The device could not be reached, or the session broke before the script ended.</exception>
    Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>
    /// Like <see cref="RunAsync"/>, over a connection made for this run alone: proves that the device can be reached and logged
    /// in to now, where <see cref="RunAsync"/> may reuse a connection from before.
    /// </summary>
    /// <param name="script">Text of the script; sent on standard input, never on a command line.</param>
    /// <param name="timeout">After this long the run is given up and <see cref="DeviceErrorKind.Timeout"/> is thrown.</param>
    /// <param name="cancellationToken">Gives the run up.</param>
    /// <exception cref="DeviceException">The device could not be reached, or the session broke before the script ended.</exception>
    Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken);
}

/// <summary>What a script said.</summary>
/// <param name="ExitCode">0..255.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ScriptResult(int ExitCode, string Output, string Error);
