using Fabric.Drivers.Planning;
using Fabric.Drivers.Sessions;

namespace Fabric.Drivers.Contract;

/// <summary>
/// Speaks one network operating system: reads a device into a <see cref="State.DeviceState"/>, renders a plan into that system's
/// own commands, and carries it out so that the device ends up either changed or as it was.
/// </summary>
public interface IDeviceDriver
{
    /// <summary>The name that a Device resource gives in <c>spec.os</c>, such as <c>frr-linux</c>.</summary>
    string Os { get; }

    /// <summary>What this system can do at best; a device's own <see cref="DeviceFacts.Capabilities"/> may be less.</summary>
    DeviceCapabilities Capabilities { get; }

    /// <summary>Reads everything that Fabric owns on the device, in one round trip.</summary>
    /// <exception cref="DeviceException">The device cannot be reached or does not answer as this system does.</exception>
    Task<DeviceReading> ReadAsync(IDeviceSession session, CancellationToken cancellationToken);

    /// <summary>The commands that carry out a plan and those that undo it. Pure.</summary>
    DeviceArtifact Render(DevicePlan plan);

    /// <summary>
    /// Carries out an artifact under a rollback timer that runs on the device itself. When the method returns normally
    /// the device is at the new state (<see cref="ApplyOutcome.Confirmed"/>) or at the old one. When it throws because the
    /// session broke, the device goes back by itself after <see cref="ApplyOptions.RollbackAfter"/>.
    /// </summary>
    /// <exception cref="DeviceException">The session broke.</exception>
    Task<ApplyResult> ApplyAsync(IDeviceSession session, DeviceArtifact artifact, ApplyOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Rolls back at once any change that is neither confirmed nor rolled back (left by an earlier life of the controller) and
    /// returns when the device is as it was. Does nothing where there is none.
    /// </summary>
    /// <returns>The transaction that was rolled back, or null.</returns>
    /// <exception cref="DeviceException">The device cannot be reached or the session broke.</exception>
    Task<PendingTransaction?> AbortPendingAsync(IDeviceSession session, CancellationToken cancellationToken);
}
