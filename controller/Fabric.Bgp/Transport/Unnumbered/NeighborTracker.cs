using Fabric.Primitives;

namespace Fabric.Bgp.Transport.Unnumbered;

/// <summary>Which link-local address the one neighbour of a link has. Times are since the start, on a monotonic clock.</summary>
/// <remarks>
/// An address stays until its lifetime is over or it says so itself. Another one takes its place only after it was silent for
/// three intervals: two routers on a link that should have one do not take turns every few seconds.
/// </remarks>
internal struct NeighborTracker
{
    private static readonly TimeSpan Silence = 3 * AdvertisementSchedule.Interval;

    private TimeSpan _heard;

    /// <summary>The neighbour; null while there is none.</summary>
    public IpAddr? Current { get; private set; }

    /// <summary>When it is gone unless it is heard again.</summary>
    public TimeSpan Expires { get; private set; }

    /// <summary>An advertisement came. True when the neighbour is another one now, or gone.</summary>
    public bool Heard(IpAddr address, TimeSpan lifetime, TimeSpan now)
    {
        var changed = Expire(now);
        if (Current is { } current && current != address && now - _heard < Silence)
        {
            return changed;
        }

        if (lifetime == TimeSpan.Zero)
        {
            return (Current == address && Clear()) || changed;
        }

        changed |= Current != address;
        (Current, Expires, _heard) = (address, now + lifetime, now);
        return changed;
    }

    /// <summary>Time has passed. True when the neighbour is gone by that.</summary>
    public bool Expire(TimeSpan now) => Current is not null && now >= Expires && Clear();

    /// <summary>Forgets the neighbour. True when there was one.</summary>
    public bool Clear()
    {
        var was = Current is not null;
        Current = null;
        return was;
    }
}
