using System.Diagnostics;

namespace Fabric.Bgp.Tests;

/// <summary>Waits for a condition with a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(5);

    public static Task True(Func<bool> condition, string what, int seconds = 20) => True(condition, () => what, seconds);

    /// <param name="condition">What is to become true.</param>
    /// <param name="what">Says what was waited for, and how it is instead; asked when the time is over.</param>
    /// <param name="seconds">How long to wait at most.</param>
    public static async Task True(Func<bool> condition, Func<string> what, int seconds = 20)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var begin = clock.Elapsed;
            if (condition())
            {
                return;
            }

            if (clock.Elapsed > TimeSpan.FromSeconds(seconds))
            {
                Assert.Fail($"not within {seconds} s: {what()}");
            }

            // A look that asks a daemon costs processor time that the daemon needs itself: half of it at most.
            var took = clock.Elapsed - begin;
            await Task.Delay(took > Shortest ? took : Shortest, TimeProvider.System);
        }
    }
}
