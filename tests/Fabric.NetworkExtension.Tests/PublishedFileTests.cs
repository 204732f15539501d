using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fabric.NetworkExtension.Tests;

/// <summary>The one file that goes onto management servers, as <c>make extension</c> makes it: trimmed, and with its own runtime.</summary>
public sealed class PublishedFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("extension-").FullName;

    [Fact]
    public async Task It_needs_nothing_but_itself_and_speaks_TLS_with_the_bridge()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Fabric.sln")))
        {
            root = Path.GetDirectoryName(root.TrimEnd('/'))!;
        }

        // Alone in a directory, as on a server.
        var file = Path.Combine(root, "bin", "extension", "fabric-network-extension");
        Assert.SkipUnless(File.Exists(file) || Environment.GetEnvironmentVariable("CI") == "true", "the file is not there; make extension");
        var alone = Path.Combine(_directory, "fabric.sh");
        File.Copy(file, alone);
        await using var bridge = await FakeBridge.StartAsync();
        bridge.Answer = (200, """{"output":{"fabric":"east-z1-network-241"}}""");
        var payload = Path.Combine(_directory, "payload");
        await File.WriteAllTextAsync(
            payload,
            new JsonObject
            {
                ["physical-network-extension-details"] = new JsonObject { ["url"] = bridge.Url, ["token"] = "k7-not-a-real-token", ["ca"] = bridge.Authority },
                ["payload"] = new JsonObject { ["network_id"] = "241" },
            }.ToJsonString(),
            TestContext.Current.CancellationToken);
        Assert.Equal((0, "{\"fabric\":\"east-z1-network-241\"}\n", ""), await RunAsync(alone, "ensure-network-device", payload, "60"));
        Assert.Single(bridge.Requests);
        await using var other = await FakeBridge.StartAsync();
        await File.WriteAllTextAsync(payload, (await File.ReadAllTextAsync(payload, TestContext.Current.CancellationToken)).Replace(bridge.Url, other.Url, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var (code, output, _) = await RunAsync(alone, "ensure-network-device", payload, "60");
        Assert.Equal(1, code);
        Assert.Contains("The remote certificate was rejected", output, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task<(int Code, string Output, string Error)> RunAsync(string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };

        // Nothing that could lead it to a runtime of this machine.
        start.Environment.Clear();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await error);
    }
}
