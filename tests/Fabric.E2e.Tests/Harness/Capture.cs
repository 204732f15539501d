namespace Fabric.E2e.Tests.Harness;

/// <summary>The packets that pass one interface, a line each, from the moment it was started until it is stopped.</summary>
internal sealed class Capture : IAsyncDisposable
{
    // Ends with its input, also through SSH, and then by itself: what tcpdump has seen until then is written out.
    private const string Script = """
        timeout 120 tcpdump -n -l --immediate-mode "$@" &
        read -r _
        kill -TERM $! && wait $!
        """;

    private readonly Background _tcpdump;

    private Capture(Background tcpdump) => _tcpdump = tcpdump;

    /// <summary>Starts one and returns when it sees packets.</summary>
    /// <param name="prefix">The command that leads to where the interface is.</param>
    /// <param name="tcpdump">Options of tcpdump, and the filter.</param>
    public static async Task<Capture> StartAsync(IReadOnlyList<string> prefix, params string[] tcpdump)
    {
        var running = Background.Start(prefix[0], [.. prefix.Skip(1), "bash", "-c", Script, "capture", .. tcpdump]);
        try
        {
            await Eventually.True(
                $"tcpdump {string.Join(' ', tcpdump)} runs", () => Task.FromResult(running.Error.Contains("listening on", StringComparison.Ordinal)));
            return new(running);
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until a packet has been seen.</summary>
    public Task SomethingAsync(string what) => Eventually.True(what, () => Task.FromResult(_tcpdump.Output.Length > 0), 10);

    /// <summary>Ends it and returns all that it has seen.</summary>
    public Task<string> StopAsync() => _tcpdump.EndInputAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_tcpdump.HasExited)
        {
            await StopAsync();
        }

        await _tcpdump.DisposeAsync();
    }
}
