namespace Fabric.Lab;

/// <summary>Something the user of the tool must know; its message is all that is shown.</summary>
public sealed class LabException : Exception
{
    /// <summary>Exit code for wrong input: arguments, names, the topology file.</summary>
    public const int BadInput = 2;

    /// <summary>Exit code for everything that went wrong while working.</summary>
    public const int Failed = 1;

    public LabException(string message, int exitCode = Failed)
        : base(message) => ExitCode = exitCode;

    public LabException()
        : this("failed")
    {
    }

    public LabException(string message, Exception inner)
        : base(message, inner) => ExitCode = Failed;

    /// <summary>What the program ends with.</summary>
    public int ExitCode { get; }
}
