namespace Fabric.Drivers.Sessions;

/// <summary>Gives sessions to devices.</summary>
public interface IDeviceSessionFactory
{
    /// <summary>
    /// The session to an endpoint: the same one for equal endpoints. Nothing is connected before the first script runs, so this
    /// neither waits nor fails.
    /// </summary>
    IDeviceSession Open(DeviceEndpoint endpoint);

    /// <summary>Ends the connection to an endpoint that is no longer needed.</summary>
    Task CloseAsync(DeviceEndpoint endpoint);
}
