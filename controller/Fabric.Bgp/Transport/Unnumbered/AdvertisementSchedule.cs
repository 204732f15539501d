namespace Fabric.Bgp.Transport.Unnumbered;

/// <summary>When the next router advertisement is due. Times are since the start, on a monotonic clock.</summary>
internal struct AdvertisementSchedule
{
    /// <summary>Mean time between advertisements, as FRR has it for unnumbered peers.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Time between the first three, and the least between any two, however often a neighbour solicits.</summary>
    public static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(1);

    private const int InitialCount = 3;

    private int _sent;
    private TimeSpan? _last;

    /// <summary>When the next one is due.</summary>
    public TimeSpan Next { get; private set; }

    /// <summary>One went out.</summary>
    /// <param name="now">When.</param>
    /// <param name="jitter">A number of 0 to 1 by chance: the next one comes up to a tenth of the interval earlier or later.</param>
    public void Sent(TimeSpan now, double jitter)
    {
        _last = now;
        _sent = Math.Min(_sent + 1, InitialCount);
        Next = now + (_sent < InitialCount ? LeastInterval : Interval * (0.9 + (jitter / 5)));
    }

    /// <summary>One could not be sent.</summary>
    public void Failed(TimeSpan now) => Next = now + LeastInterval;

    /// <summary>A neighbour wants one: at once, or as soon as the least interval allows.</summary>
    public void Wanted(TimeSpan now)
    {
        var earliest = _last is { } last && last + LeastInterval > now ? last + LeastInterval : now;
        Next = earliest < Next ? earliest : Next;
    }
}
