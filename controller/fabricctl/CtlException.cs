namespace Fabric.Ctl;

/// <summary>How the program ends.</summary>
public static class ExitCodes
{
    /// <summary>All is done.</summary>
    public const int Done = 0;

    /// <summary>The controller refused, or what was waited for did not come.</summary>
    public const int Refused = 1;

    /// <summary>A message that was to be decoded is malformed.</summary>
    public const int Malformed = 1;

    /// <summary>A recorded session is decided differently now.</summary>
    public const int Different = 1;

    /// <summary>The command line or a file cannot be understood; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>The controller cannot be reached, is not the right one, or does not know us.</summary>
    public const int NoAccess = 3;
}

/// <summary>Ends the program with a message for its user.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">What is wrong; may have several lines.</param>
public sealed class CtlException(int exitCode, string message) : Exception(message)
{
    /// <summary>Exit code of the program.</summary>
    public int ExitCode { get; } = exitCode;
}
