using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Fabric.E2e.Tests;

/// <summary>The demo does what it promises, says so in its last line, and leaves nothing behind.</summary>
[Trait("Category", "lab")]
public sealed class DemoTests : IDisposable
{
    private const string Lab = "demotest";

    private static readonly string[] Steps =
    [
        "packages", "build", "lab-up", "fabricd-start", "register-devices", "fabric-ready", "apply-vpcs", "vms-start", "ping-inside-vnet", "isolation-between-vpcs",
        "evpn-routes", "device-commands", "time-to-first-ping",
    ];

    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"fabric-demo-test-{Environment.ProcessId}");

    [Fact]
    public async Task The_demo_fails_by_name_of_the_step_recovers_from_it_shows_packets_and_leaves_nothing()
    {
        Require();

        // Somebody else has the port: fabricd cannot start, and the last line says so.
        using (var taken = new TcpListener(IPAddress.Loopback, 0))
        {
            taken.Start();
            var (failedCode, failed) = await RunAsync("up", ((IPEndPoint)taken.LocalEndpoint).Port);
            Assert.Equal(1, failedCode);
            Assert.False(failed["ok"]!.GetValue<bool>());
            Assert.Equal(Steps[..4], Names(failed));
            Assert.False(failed["steps"]![3]!["ok"]!.GetValue<bool>());
        }

        // Again, from what the first run left: it is taken down first.
        var (code, result) = await RunAsync("up", FreePort());
        Assert.True(result["ok"]!.GetValue<bool>(), result.ToJsonString());
        Assert.Equal(0, code);
        Assert.Equal(Steps, Names(result));
        Assert.All(result["steps"]!.AsArray(), s => Assert.True(s!["ok"]!.GetValue<bool>() && s["ms"]!.GetValue<long>() >= 0));
        Assert.True(result["steps"]!.AsArray().Sum(s => s!["ms"]!.GetValue<long>()) < 120_000, result.ToJsonString());
        Assert.StartsWith("https://127.0.0.1:", result["api"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(File.Exists(result["ca"]!.GetValue<string>()));
        Assert.True(File.Exists(result["token_file"]!.GetValue<string>()));
        var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(_directory, "fabricd.pid")));
        Assert.True(Directory.Exists($"/proc/{pid}"));

        Assert.Equal(0, (await StartAsync("down", 0)).Code);
        Assert.False(Directory.Exists(_directory));
        Assert.False(Directory.Exists($"/proc/{pid}"));
        Assert.False(Directory.Exists($"/run/fabric-lab/{Lab}"));
        Assert.Empty(Directory.EnumerateFiles("/run/netns", $"{Lab}-*"));
    }

    public void Dispose() => StartAsync("down", 0).GetAwaiter().GetResult();

    private static string[] Names(JsonNode result) => [.. result["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>())];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<(int Code, JsonNode Result)> RunAsync(string verb, int port)
    {
        var (code, output) = await StartAsync(verb, port);
        return (code, JsonNode.Parse(output.TrimEnd().Split('\n')[^1])!);
    }

    private async Task<(int Code, string Output)> StartAsync(string verb, int port)
    {
        var start = new ProcessStartInfo(Path.Combine(Root(), "lab", "demo", "demo.sh"), [verb]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["DEMO_NAME"] = Lab;
        start.Environment["DEMO_DIR"] = _directory;
        start.Environment["DEMO_PORT"] = port.ToString();
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, output);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    private static void Require()
    {
        var missing = !Environment.IsPrivilegedProcess ? "needs root"
            : !File.Exists("/usr/lib/frr/bgpd") || !File.Exists("/usr/sbin/sshd") ? "needs the packages of lab/install-packages.sh lab"
            : null;
        if (Environment.GetEnvironmentVariable("FABRIC_REQUIRE_INTEROP") == "1")
        {
            Assert.Null(missing);
        }

        Assert.SkipWhen(missing is not null, missing ?? "");
    }
}
