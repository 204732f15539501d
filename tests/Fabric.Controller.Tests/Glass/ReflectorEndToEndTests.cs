using System.Globalization;
using System.Text.Json.Nodes;
using Fabric.Controller.Tests.Support;
using Fabric.Ctl;

namespace Fabric.Controller.Tests.Glass;

/// <summary>The whole way: the reflector as a process, two clients on loopback, and the command line that looks into it.</summary>
public sealed class ReflectorEndToEndTests
{
    private const string Name = "65000:100 [2]:[0]:[48]:[02:00:00:00:00:01]";

    [Fact]
    public async Task The_command_line_shows_what_came_in_what_goes_out_and_why()
    {
        var (bgp, api) = (ReflectorWithClients.FreePort(), ReflectorWithClients.FreePort());
        await using var reflector = FabricdProcess.Launch(
            "route-reflector", "--listen", $"127.0.0.1:{bgp}", "--asn", "65000", "--router-id", "10.0.0.1", "--clients", "127.0.0.0/8", "--api-listen", $"127.0.0.1:{api}");
        var server = $"http://127.0.0.1:{api}";
        await ReflectorWithClients.UntilAsync(async () => (await RunAsync(server, "bgp", "neighbors")).Code == ExitCodes.Done, "the reflector is there");
        await using var first = await ReflectorWithClients.ClientAsync("127.0.0.11", bgp);
        await using var second = await ReflectorWithClients.ClientAsync("127.0.0.12", bgp);
        await first.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.1", 200));
        await second.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:01", "10.1.1.2", 100), ReflectorWithClients.Mac("02:00:00:00:00:02", "10.1.1.2"));
        await ReflectorWithClients.UntilAsync(async () => (await RunAsync(server, "bgp", "routes", "--rib", "in", "--peer", "127.0.0.12", "-o", "json")).Json!["items"]!.AsArray().Count == 2, "both routes");

        var neighbors = await RunAsync(server, "bgp", "neighbors");
        Assert.Contains("127.0.0.11", neighbors.Out, StringComparison.Ordinal);
        Assert.Contains("2 l2vpn-evpn", neighbors.Out, StringComparison.Ordinal);
        Assert.Contains("Established", (await RunAsync(server, "bgp", "neighbors", "127.0.0.12")).Out, StringComparison.Ordinal);

        Assert.Contains("was asked for l2vpn-evpn", (await RunAsync(server, "bgp", "refresh", "127.0.0.12", "l2vpn-evpn")).Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Refused, (await RunAsync(server, "bgp", "refresh", "127.0.0.13")).Code);

        var routes = await RunAsync(server, "bgp", "routes");
        Assert.Equal(0, routes.Code);
        Assert.Contains(Name, routes.Out, StringComparison.Ordinal);
        Assert.Contains("10.1.1.1", routes.Out, StringComparison.Ordinal);
        var sent = (await RunAsync(server, "bgp", "routes", "--rib", "out", "--peer", "127.0.0.12", "--family", "l2vpn-evpn", "-o", "json")).Json!["items"]!.AsArray();
        Assert.Equal((Name, "127.0.0.11"), (Assert.Single(sent)!["name"]!.GetValue<string>(), sent[0]!["attributes"]!["originatorId"]!.GetValue<string>()));
        Assert.Contains("there is no such route", (await RunAsync(server, "bgp", "routes", "--vni", "7")).Error, StringComparison.Ordinal);

        foreach (var word in (string[])[Name, "02:00:00:00:00:01"])
        {
            var why = await RunAsync(server, "bgp", "why", word);
            Assert.Equal("", why.Error);
            Assert.Contains("localPreference", why.Out, StringComparison.Ordinal);
            Assert.Contains("a higher local preference", why.Out, StringComparison.Ordinal);
            Assert.Contains("ownRoute", why.Out, StringComparison.Ordinal);
        }

        Assert.Contains("rt:65000:100", (await RunAsync(server, "bgp", "route", "02:00:00:00:00:02")).Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Refused, (await RunAsync(server, "bgp", "why", "02:00:00:00:00:77")).Code);
        Assert.Contains("sessionUp", (await RunAsync(server, "bgp", "events")).Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("http://192.0.2.1:80", "bgp", "neighbors")).Code);

        using var enough = new CancellationTokenSource();
        var text = new StringWriter(CultureInfo.InvariantCulture);
        var watched = TextWriter.Synchronized(text);
        var watching = RunAsync(server, watched, enough.Token, "bgp", "routes", "--watch", "--mac", "02:00:00:00:00:02");
        await ReflectorWithClients.UntilAsync(() => Task.FromResult(Seen(watched, text).Contains("* 65000:100", StringComparison.Ordinal)), "what is there");
        await second.AnnounceAsync(ReflectorWithClients.Mac("02:00:00:00:00:02", "10.1.1.2") with { Attributes = null });
        await ReflectorWithClients.UntilAsync(() => Task.FromResult(Seen(watched, text).Contains(" - 65000:100", StringComparison.Ordinal)), "the withdrawal");
        await enough.CancelAsync();
        Assert.Equal(130, await watching);
    }

    /// <summary>What was written so far, while more may be.</summary>
    private static string Seen(TextWriter guarded, StringWriter text)
    {
        lock (guarded)
        {
            return text.ToString();
        }
    }

    private static async Task<(int Code, string Out, string Error, JsonNode? Json)> RunAsync(string server, params string[] arguments)
    {
        var (output, error) = (new StringWriter(CultureInfo.InvariantCulture), new StringWriter(CultureInfo.InvariantCulture));
        var code = await RunAsync(server, output, error, CancellationToken.None, arguments);
        return (code, output.ToString(), error.ToString(), arguments.Contains("json") && code == 0 ? JsonNode.Parse(output.ToString()) : null);
    }

    private static Task<int> RunAsync(string server, TextWriter output, CancellationToken cancellationToken, params string[] arguments) =>
        RunAsync(server, output, TextWriter.Null, cancellationToken, arguments);

    private static async Task<int> RunAsync(string server, TextWriter output, TextWriter error, CancellationToken cancellationToken, string[] arguments)
    {
        using var home = new TemporaryDirectory();
        var host = new CtlHost(TextReader.Null, output, error, name => name == "XDG_CONFIG_HOME" ? home.Path : null, TimeProvider.System, null, () => Stream.Null);
        return await FabricCtl.RunAsync([.. arguments, "--server", server], host, cancellationToken);
    }
}
