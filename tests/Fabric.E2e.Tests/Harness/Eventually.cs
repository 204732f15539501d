using System.Diagnostics;
using System.Globalization;

namespace Fabric.E2e.Tests.Harness;

/// <summary>Waits for conditions; a failure says what was seen last.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(400);

    /// <summary>How many times as long everything may take: devices in an emulated machine are slow. Tests run one at a time.</summary>
    public static double Stretch { get; set; } = 1;

    /// <summary>Asks until the answer fits, and returns it.</summary>
    /// <param name="what">What is waited for, for the message of the failure.</param>
    /// <param name="ask">Gives the value; an exception counts as an answer that does not fit.</param>
    /// <param name="fits">Whether it is the one.</param>
    /// <param name="within">Seconds to wait at most, before <see cref="Stretch"/>.</param>
    /// <param name="show">The value as text, for the message of the failure.</param>
    /// <param name="give">Ends the waiting early, with a failure, when it gives a text.</param>
    public static async Task<T> Get<T>(
        string what, Func<Task<T>> ask, Func<T, bool> fits, double within = 30, Func<T, string>? show = null, Func<string?>? give = null)
    {
        within *= Stretch;
        var watch = Stopwatch.StartNew();
        var pause = Pause;
        string last;
        do
        {
            try
            {
                var value = await ask();
                if (fits(value))
                {
                    return value;
                }

                last = show is null ? value?.ToString() ?? "null" : show(value);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                last = $"{e.GetType().Name}: {e.Message}";
            }

            if (give?.Invoke() is { } reason)
            {
                throw new Xunit.Sdk.XunitException($"{what}: {reason}; last seen: {last}");
            }

            await Task.Delay(pause, TimeProvider.System);
            pause = pause < LongestPause ? pause * 1.2 : pause;
        }
        while (watch.Elapsed.TotalSeconds < within);
        throw new Xunit.Sdk.XunitException(
            $"{what}: not so after {within.ToString(CultureInfo.InvariantCulture)} s; last seen: {last}");
    }

    /// <summary>Asks until the answer is null (nothing is wrong any more).</summary>
    public static Task Fine(string what, Func<Task<string?>> fault, double within = 30, Func<string?>? give = null) =>
        Get(what, fault, f => f is null, within, f => f ?? "", give);

    /// <summary>Waits until it is true.</summary>
    public static Task True(string what, Func<Task<bool>> ask, double within = 30) => Get(what, ask, ok => ok, within);

    /// <summary>Fails as soon as the fault is there within a time in which it must not appear.</summary>
    public static async Task Never(string what, Func<Task<string?>> fault, double during)
    {
        var watch = Stopwatch.StartNew();
        do
        {
            if (await fault() is { } seen)
            {
                throw new Xunit.Sdk.XunitException($"{what}: {seen}");
            }

            await Task.Delay(Pause, TimeProvider.System);
        }
        while (watch.Elapsed.TotalSeconds < during);
    }
}
