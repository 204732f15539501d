using Fabric.Bgp.Glass;
using Fabric.Bgp.Speaker;

namespace Fabric.Bgp.Tests.Glass;

public sealed class EventHistoryTests
{
    [Fact]
    public void Only_the_last_events_are_kept_and_their_numbers_go_on()
    {
        var history = new EventHistory(3);
        Assert.Empty(history.Read(0, 10));
        for (var i = 1; i <= 5; i++)
        {
            history.Add(Event(i));
        }

        Assert.Equal([3L, 4L, 5L], history.Read(0, 10).Select(static e => e.Sequence));
        Assert.Equal(["3", "4"], history.Read(0, 2).Select(static e => e.Event.Text));
        Assert.Equal([5L], history.Read(4, 10).Select(static e => e.Sequence));
        Assert.Empty(history.Read(5, 10));
        Assert.Empty(history.Read(long.MaxValue - 1, 10));
        Assert.Equal(5, history.Last);
    }

    [Fact]
    public async Task Whoever_watches_gets_what_was_and_what_comes_once()
    {
        var history = new EventHistory();
        history.Add(Event(1));
        var seen = new List<long>();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var watching = Task.Run(async () =>
        {
            await foreach (var e in history.WatchAsync(0, stop.Token))
            {
                seen.Add(e.Sequence);
                if (seen.Count == 1000)
                {
                    return;
                }
            }
        });
        for (var i = 2; i <= 1000; i++)
        {
            history.Add(Event(i));
        }

        await watching;
        Assert.Equal(Enumerable.Range(1, 1000).Select(static i => (long)i), seen);
    }

    private static BgpEvent Event(int number) => new(DateTimeOffset.UnixEpoch, default, BgpEventKind.Problem, $"{number}");
}
