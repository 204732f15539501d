namespace Fabric.Drivers.Sessions;

/// <summary>Why a device could not be worked with; each asks the operator for another remedy.</summary>
public enum DeviceErrorKind
{
    /// <summary>No answer on the management address.</summary>
    Unreachable,

    /// <summary>The address answers and refuses SSH.</summary>
    Refused,

    /// <summary>The host key is not one of those pinned in the Device resource.</summary>
    HostKeyMismatch,

    /// <summary>The device does not accept the controller's key for this user.</summary>
    AuthenticationFailed,

    /// <summary>No algorithm in common with the device's SSH server.</summary>
    NoCommonAlgorithm,

    /// <summary>The session was lost in the middle of a command.</summary>
    SessionLost,

    /// <summary>A command took longer than it may.</summary>
    Timeout,

    /// <summary>The routing software does not run.</summary>
    RoutingNotRunning,

    /// <summary>The device answered with something the driver does not understand.</summary>
    UnexpectedAnswer,
}

/// <summary>A device could not be worked with.</summary>
public sealed class DeviceException(DeviceErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What went wrong, in kinds that the reconciler and the operator act upon.</summary>
    public DeviceErrorKind Kind { get; } = kind;
}
