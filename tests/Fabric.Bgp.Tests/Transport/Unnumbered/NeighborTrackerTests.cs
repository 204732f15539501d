using Fabric.Bgp.Transport.Unnumbered;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Transport.Unnumbered;

public sealed class NeighborTrackerTests
{
    private static readonly IpAddr One = IpAddr.Parse("fe80::1");
    private static readonly IpAddr Two = IpAddr.Parse("fe80::2");
    private static readonly TimeSpan Lifetime = Seconds(30);

    private NeighborTracker _tracker;

    [Fact]
    public void A_neighbour_stays_while_it_is_heard_and_goes_when_its_lifetime_is_over()
    {
        Assert.True(_tracker.Heard(One, Lifetime, Seconds(0)));
        Assert.False(_tracker.Heard(One, Lifetime, Seconds(20)));
        Assert.False(_tracker.Expire(Seconds(49)));
        Assert.Equal((One, Seconds(50)), (_tracker.Current, _tracker.Expires));
        Assert.True(_tracker.Expire(Seconds(50)));
        Assert.Null(_tracker.Current);
        Assert.False(_tracker.Expire(Seconds(51)));
    }

    [Fact]
    public void A_neighbour_that_says_good_bye_is_gone_at_once_and_a_stranger_cannot_say_it_for_him()
    {
        Assert.True(_tracker.Heard(One, Lifetime, Seconds(0)));
        Assert.False(_tracker.Heard(Two, TimeSpan.Zero, Seconds(1)));
        Assert.Equal(One, _tracker.Current);
        Assert.True(_tracker.Heard(One, TimeSpan.Zero, Seconds(2)));
        Assert.Null(_tracker.Current);
        Assert.False(_tracker.Heard(One, TimeSpan.Zero, Seconds(3)));
    }

    [Fact]
    public void Another_address_takes_over_only_from_one_that_is_silent()
    {
        Assert.True(_tracker.Heard(One, Seconds(1800), Seconds(0)));
        Assert.False(_tracker.Heard(Two, Lifetime, Seconds(29)));
        Assert.Equal(One, _tracker.Current);
        Assert.True(_tracker.Heard(Two, Lifetime, Seconds(30)));
        Assert.Equal((Two, Seconds(60)), (_tracker.Current, _tracker.Expires));
    }

    [Fact]
    public void Another_address_takes_over_at_once_from_one_whose_lifetime_is_over()
    {
        Assert.True(_tracker.Heard(One, Seconds(5), Seconds(0)));
        Assert.True(_tracker.Heard(Two, Lifetime, Seconds(6)));
        Assert.Equal(Two, _tracker.Current);
    }

    [Fact]
    public void Advertisements_come_quickly_at_first_and_then_every_ten_seconds_or_so()
    {
        var schedule = default(AdvertisementSchedule);
        Assert.Equal(Seconds(0), schedule.Next);
        schedule.Failed(Seconds(0));
        Assert.Equal(Seconds(1), schedule.Next);
        schedule.Sent(Seconds(1), 0);
        Assert.Equal(Seconds(2), schedule.Next);
        schedule.Sent(Seconds(2), 0);
        Assert.Equal(Seconds(3), schedule.Next);
        schedule.Sent(Seconds(3), 0);
        Assert.Equal(Seconds(12), schedule.Next);
        schedule.Sent(Seconds(12), 1);
        Assert.Equal(Seconds(23), schedule.Next);
    }

    [Fact]
    public void A_solicitation_is_answered_at_once_but_a_flood_of_them_only_once_a_second()
    {
        var schedule = default(AdvertisementSchedule);
        for (var i = 0; i < 3; i++)
        {
            schedule.Sent(Seconds(i), 0.5);
        }

        schedule.Wanted(Seconds(7));
        Assert.Equal(Seconds(7), schedule.Next);
        schedule.Sent(Seconds(7), 0.5);
        schedule.Wanted(Seconds(7.1));
        schedule.Wanted(Seconds(7.2));
        Assert.Equal(Seconds(8), schedule.Next);
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
