using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Interop;

/// <summary>Daemons on loopback addresses of this test run's own; nothing outside 127.0.0.0/8 is touched.</summary>
internal static class Loopback
{
    private static int _next = Environment.ProcessId;

    /// <summary>A /24 of loopback addresses nobody else in this run uses.</summary>
    public static string Net()
    {
        var n = Interlocked.Increment(ref _next);
        return $"127.{64 + (n / 254 % 128)}.{1 + (n % 254)}";
    }
}

/// <summary>Skips where the daemons are missing; FABRIC_REQUIRE_INTEROP=1 makes that a failure.</summary>
internal static class Require
{
    public const string Bgpd = "/usr/lib/frr/bgpd";

    public static void Root() => Files();

    public static void Frr() => Files(Bgpd, "/usr/bin/vtysh");

    public static void GoBgp() => Files("/usr/bin/gobgpd", "/usr/bin/gobgp");

    public static void Bird() => Files("/usr/sbin/bird", "/usr/sbin/birdc");

    public static void ExaBgp() => Files("/usr/sbin/exabgp");

    public static void OpenBgpd() => Files("/usr/sbin/bgpd", "/usr/sbin/bgpctl");

    private static void Files(params string[] files)
    {
        var missing = files.Where(static f => !File.Exists(f)).ToArray();
        var why = missing.Length > 0 ? $"not installed: {string.Join(' ', missing)}" : Environment.UserName != "root" ? "needs root" : null;
        if (why is not null && Environment.GetEnvironmentVariable("FABRIC_REQUIRE_INTEROP") == "1")
        {
            Assert.Fail(why);
        }

        Assert.SkipWhen(why is not null, why ?? "");
    }
}

/// <summary>A daemon in the foreground with a directory of its own; ended by its process id.</summary>
internal abstract class Daemon : IAsyncDisposable
{
    private Process? _process;

    protected string Folder { get; } = Directory.CreateTempSubdirectory("fabric-bgp-").FullName;

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>What it has written to its standard streams.</summary>
    public string Log
    {
        get
        {
            using var reader = new StreamReader(new FileStream(Path.Combine(Folder, "out.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    public void Signal(string signal) => Run("/bin/kill", ["-s", signal, _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

    public static string Run(string program, IEnumerable<string> arguments)
    {
        var (code, output) = TryRun(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: exit code {code}: {output}");
        return output;
    }

    public static (int Code, string Output) TryRun(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + error.Result);
    }

    /// <summary>Starts a program inside a network namespace, or in the own one.</summary>
    protected void LaunchIn(string? ns, string program, params string[] arguments)
    {
        if (ns is null)
        {
            Launch(program, arguments);
        }
        else
        {
            Launch("ip", ["netns", "exec", ns, program, .. arguments]);
        }
    }

    protected void Launch(string program, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var log = new StreamWriter(Path.Combine(Folder, "out.log"), append: true) { AutoFlush = true };
        _process.OutputDataReceived += (_, e) => Write(log, e.Data);
        _process.ErrorDataReceived += (_, e) => Write(log, e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private static void Write(StreamWriter log, string? line)
    {
        lock (log)
        {
            log.WriteLine(line);
        }
    }
}

/// <summary>FRR's bgpd alone, as a spine would pass EVPN routes on: no zebra, next hops unchanged.</summary>
internal sealed class Frr : Daemon
{
    private readonly string _config;
    private readonly string? _ns;
    private readonly string? _zebra;

    /// <summary>A bgpd that peers with the speaker.</summary>
    public Frr(DaemonSetup setup)
    {
        Address = IpAddr.Parse(setup.Address);
        Asn = new Asn(setup.Asn);
        (_ns, _zebra) = (setup.Namespace, setup.Zebra);
        _config = Path.Combine(Folder, "frr.conf");
        File.WriteAllText(_config, $"frr defaults datacenter\nhostname peer\nlog file {Folder}/frr.log\n{FrrConfiguration.Of(setup)}");
    }

    public Frr(string address, uint asn, string routerId, params (string Address, uint Asn)[] peers)
    {
        Address = IpAddr.Parse(address);
        Asn = new Asn(asn);
        var text = new StringBuilder($"""
            frr defaults datacenter
            hostname spine
            log file {Folder}/frr.log
            router bgp {asn}
             bgp router-id {routerId}
             no bgp ebgp-requires-policy
             no bgp default ipv4-unicast

            """);
        foreach (var peer in peers)
        {
            text.Append($" neighbor {peer.Address} remote-as {peer.Asn}\n neighbor {peer.Address} ebgp-multihop 255\n neighbor {peer.Address} passive\n");
            text.Append($" neighbor {peer.Address} timers 3 9\n neighbor {peer.Address} advertisement-interval 0\n");
        }

        text.Append(" address-family l2vpn evpn\n");
        foreach (var peer in peers)
        {
            text.Append($"  neighbor {peer.Address} activate\n  neighbor {peer.Address} attribute-unchanged next-hop\n");
        }

        text.Append(" exit-address-family\nexit\n");
        _config = Path.Combine(Folder, "frr.conf");
        File.WriteAllText(_config, text.ToString());
    }

    public IpAddr Address { get; }

    public Asn Asn { get; }

    public const ushort Port = 1790;

    public async Task<Frr> StartAsync()
    {
        LaunchIn(
            _ns, Require.Bgpd, ["-f", _config, "-p", $"{Port}", "-l", $"{Address}", "-P", "0", "--vty_socket", Folder, "-i", Path.Combine(Folder, "bgpd.pid"), .. _zebra is null ? ["-Z"] : new[] { "-z", _zebra }, "-S", "-u", "root", "-g", "root"]);
        await Eventually.True(() => TryVtysh("show version").Code == 0, "bgpd answers");
        return this;
    }

    public string Vtysh(params string[] commands) => Run("vtysh", Arguments(commands));

    /// <summary>The best routes as "rd nlri via next hop path route targets".</summary>
    public SortedSet<string> BestRoutes()
    {
        using var json = JsonDocument.Parse(Vtysh("show bgp l2vpn evpn json"));
        var routes = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var rd in json.RootElement.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.Object))
        {
            foreach (var route in rd.Value.EnumerateObject().Where(static p => p.Value.ValueKind == JsonValueKind.Object))
            {
                // FRR nests paths once more when there are several.
                var paths = route.Value.GetProperty("paths").EnumerateArray().SelectMany(static p => p.ValueKind == JsonValueKind.Array ? p.EnumerateArray() : Enumerable.Repeat(p, 1));
                foreach (var path in paths.Where(static p => p.TryGetProperty("bestpath", out _)))
                {
                    var targets = path.GetProperty("extendedCommunity").GetProperty("string").GetString()!.Split(' ').Where(static c => c.StartsWith("RT:", StringComparison.Ordinal)).Select(static c => c[3..]).Order(StringComparer.Ordinal);
                    routes.Add($"{rd.Name} {route.Name} via {path.GetProperty("nexthops")[0].GetProperty("ip").GetString()} path {path.GetProperty("path").GetString()} rt {string.Join(',', targets)}");
                }
            }
        }

        return routes;
    }

    private (int Code, string Output) TryVtysh(params string[] commands) => TryRun("vtysh", Arguments(commands));

    private IEnumerable<string> Arguments(string[] commands) => ["--vty_socket", Folder, .. commands.SelectMany(static c => new[] { "-c", c })];
}

/// <summary>GoBGP as a second implementation and as a source of routes.</summary>
internal sealed class GoBgp : Daemon
{
    private readonly string _config;
    private readonly string _api;
    private readonly string? _ns;
    private readonly string _apiPort = "50051";

    public GoBgp(string address, uint asn, string routerId, bool listen, params (string Address, uint Asn)[] peers)
    {
        _api = address;
        var text = new StringBuilder($"""
            [global.config]
              as = {asn}
              router-id = "{routerId}"
              port = {(listen ? Frr.Port : -1)}
              local-address-list = ["{address}"]

            """);
        foreach (var peer in peers)
        {
            text.Append($"""
                [[neighbors]]
                  [neighbors.config]
                    neighbor-address = "{peer.Address}"
                    peer-as = {peer.Asn}
                  [neighbors.transport.config]
                    remote-port = {Frr.Port}
                    local-address = "{address}"
                    passive-mode = {(listen ? "true" : "false")}
                  [neighbors.ebgp-multihop.config]
                    enabled = true
                    multihop-ttl = 255
                  [neighbors.timers.config]
                    connect-retry = 1
                    hold-time = 9
                    keepalive-interval = 3
                  [[neighbors.afi-safis]]
                    [neighbors.afi-safis.config]
                      afi-safi-name = "l2vpn-evpn"

                """);
        }

        _config = Path.Combine(Folder, "gobgp.toml");
        File.WriteAllText(_config, text.ToString());
    }

    /// <summary>A gobgpd that peers with the speaker.</summary>
    public GoBgp(DaemonSetup setup)
    {
        (_api, _ns, _apiPort) = (setup.Namespace is null ? setup.Address : "127.0.0.1", setup.Namespace, $"{setup.ApiPort}");
        var text = new StringBuilder($"""
            [global.config]
              as = {setup.Asn}
              router-id = "{setup.RouterId}"
              port = {(setup.Listens ? Frr.Port : -1)}
              local-address-list = ["{setup.Address}"]
            [[neighbors]]
              [neighbors.config]
                neighbor-address = "{setup.Speaker}"
                peer-as = {setup.SpeakerAsn}
                auth-password = "{setup.Password}"
              [neighbors.transport.config]
                remote-port = {Frr.Port}
                local-address = "{setup.Address}"
                passive-mode = {(setup.Listens ? "true" : "false")}
              [neighbors.ebgp-multihop.config]
                enabled = {(setup.Asn == setup.SpeakerAsn ? "false" : "true")}
                multihop-ttl = 255
              [neighbors.timers.config]
                connect-retry = 1
                hold-time = 9
                keepalive-interval = 3
              [neighbors.graceful-restart.config]
                enabled = {(setup.RestartTime is null ? "false" : "true")}
                notification-enabled = true
                restart-time = {setup.RestartTime ?? 0}

            """);
        foreach (var family in setup.Families)
        {
            var name = family switch { "evpn" => "l2vpn-evpn", "rtc" => "rtc", _ => $"{family}-unicast" };
            text.Append($"""
                  [[neighbors.afi-safis]]
                    [neighbors.afi-safis.config]
                      afi-safi-name = "{name}"
                    [neighbors.afi-safis.mp-graceful-restart.config]
                      enabled = {(setup.RestartTime is null ? "false" : "true")}
                    [neighbors.afi-safis.add-paths.config]
                      receive = {(setup.AddPath ? "true" : "false")}
                      send-max = {(setup.AddPath ? 8 : 0)}

                """);
        }

        _config = Path.Combine(Folder, "gobgp.toml");
        File.WriteAllText(_config, text.ToString());
    }

    /// <param name="restarting">Tell the peers that this is a restart (the R bit of RFC 4724).</param>
    public async Task<GoBgp> StartAsync(bool restarting)
    {
        LaunchIn(_ns, "gobgpd", ["-f", _config, "-t", "toml", "--api-hosts", $"{_api}:{_apiPort}", "--log-plain", "--pprof-disable", .. restarting ? ["-r"] : Array.Empty<string>()]);
        await Eventually.True(() => TryCli(["global"]).Code == 0, "gobgpd answers");
        return this;
    }

    private (int Code, string Output) TryCli(params string[] arguments) => _ns is null
        ? TryRun("gobgp", ["-u", _api, "-p", _apiPort, .. arguments])
        : TryRun("ip", ["netns", "exec", _ns, "gobgp", "-u", _api, "-p", _apiPort, .. arguments]);

    public Task<GoBgp> StartAsync() => StartAsync(restarting: false);

    /// <summary>Its own command line; fails the test when it refuses.</summary>
    public string Cli(string arguments)
    {
        var (code, output) = TryCli(arguments.Split(' '));
        Assert.True(code == 0, $"gobgp {arguments}: exit code {code}: {output}; {File.ReadAllText(Path.Combine(Folder, "out.log"))}");
        return output;
    }

    /// <summary>What it knows of a family, as its own JSON.</summary>
    public JsonElement Rib(string family) => JsonElement.Parse(Cli($"global rib -a {family} -j"));

    /// <summary>What the speaker has sent it of a family, in the form of <see cref="Rib"/>.</summary>
    public JsonElement AdjRibIn(string speaker, string family) => JsonElement.Parse(Cli($"neighbor {speaker} adj-in -a {family} -j"));

    /// <summary>IPv4 or IPv6 routes as <see cref="UnicastText"/>.</summary>
    public SortedSet<string> UnicastRoutes(string family) => UnicastText.OfGoBgp(Rib(family));
}
