using Fabric.Bgp.Fsm;

namespace Fabric.Bgp.Speaker;

/// <summary>The timers of one peer on the injected clock. Belongs to the owner task; only the callback comes from elsewhere.</summary>
/// <remarks>
/// A timer is its deadline. A callback only says "look": one that comes for an older deadline finds the new one in the
/// future and waits for the rest, so that late callbacks are harmless and the hold timer costs no system call per message.
/// </remarks>
internal sealed class PeerTimers(TimeProvider time, Action<PeerTimer> fired) : IDisposable
{
    private readonly Slot[] _slots = [.. Enum.GetValues<PeerTimer>().Select(static _ => new Slot())];

    public void Start(PeerTimer timer, TimeSpan after)
    {
        var slot = _slots[(int)timer];
        var now = time.GetTimestamp();
        slot.Deadline = now + (long)(after.TotalSeconds * time.TimestampFrequency);
        var armedInTime = slot.Running && slot.CallbackAt <= slot.Deadline && slot.CallbackAt > now;
        slot.Running = true;
        if (!armedInTime)
        {
            Arm(timer, slot, after);
        }
    }

    public void Stop(PeerTimer timer) => _slots[(int)timer].Running = false;

    public void StopAll()
    {
        foreach (var slot in _slots)
        {
            slot.Running = false;
        }
    }

    /// <summary>After a callback: whether the timer has really expired. It is stopped then; otherwise it waits for the rest.</summary>
    public bool Expired(PeerTimer timer)
    {
        var slot = _slots[(int)timer];
        if (!slot.Running)
        {
            return false;
        }

        var rest = time.GetElapsedTime(time.GetTimestamp(), slot.Deadline);
        if (rest > TimeSpan.Zero)
        {
            Arm(timer, slot, rest);
            return false;
        }

        slot.Running = false;
        return true;
    }

    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.Timer?.Dispose();
        }
    }

    private void Arm(PeerTimer timer, Slot slot, TimeSpan after)
    {
        // Timers of the runtime count whole milliseconds: never fire before the deadline.
        var due = TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(after.TotalMilliseconds)));
        slot.CallbackAt = time.GetTimestamp() + (long)(due.TotalSeconds * time.TimestampFrequency);
        if (slot.Timer is null)
        {
            slot.Timer = time.CreateTimer(_ => fired(timer), null, due, Timeout.InfiniteTimeSpan);
        }
        else
        {
            slot.Timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Slot
    {
        public ITimer? Timer { get; set; }

        public bool Running { get; set; }

        public long Deadline { get; set; }

        public long CallbackAt { get; set; }
    }
}
