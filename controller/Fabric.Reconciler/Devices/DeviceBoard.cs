using System.Collections.Concurrent;

namespace Fabric.Reconciler.Devices;

/// <summary>The statuses of all managed devices: written by their workers, read by everybody without locks.</summary>
public sealed class DeviceBoard
{
    private readonly ConcurrentDictionary<int, DeviceStatus> _statuses = new();

    /// <summary>Raised with a device's uid after its status has changed; handlers return at once.</summary>
    public event Action<int>? Changed;

    /// <summary>The status of a device, or null when it is not managed.</summary>
    public DeviceStatus? Find(int uid) => _statuses.GetValueOrDefault(uid);

    /// <summary>Puts a device's status in place of the last one.</summary>
    internal void Set(DeviceStatus status)
    {
        _statuses[status.Uid] = status;
        Changed?.Invoke(status.Uid);
    }

    /// <summary>Forgets a device that is no longer managed.</summary>
    internal void Remove(int uid)
    {
        _statuses.TryRemove(uid, out _);
        Changed?.Invoke(uid);
    }
}
