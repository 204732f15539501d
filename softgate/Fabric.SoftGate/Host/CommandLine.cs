using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fabric.Hosting;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Host;

/// <summary>The command line of <c>softgated</c>.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int BadUsage = 2;

    /// <summary>Parses the arguments and does what they say.</summary>
    /// <returns>The exit code: 0, 1 for a failure or something missing, 2 for options that make no sense.</returns>
    internal static async Task<int> InvokeAsync(string[] arguments)
    {
        var pins = new Option<string>("--pins") { Description = "directory of a bpf file system for maps and attachments", DefaultValueFactory = _ => "/sys/fs/bpf/fabric", Recursive = true };
        var socket = new Option<string>("--socket") { Description = "Unix socket that softgated status asks", DefaultValueFactory = _ => "/run/softgated.sock", Recursive = true };
        var check = new Option<bool>("--check") { Description = "say what the machine lacks, a line each; exit code 1 when it lacks something" };
        var ports = new Option<string[]>("--port") { Description = "with --check: an interface that must be able to run the data path" };
        var checkState = new Option<string?>("--state") { Description = "with --check: a state whose ports must be able to" };
        var root = new RootCommand("The agent of a SoftGate: loads the data path and fills its maps.") { check, ports, checkState, pins, socket, Run(pins, socket), Status(socket), Detach(pins) };
        root.SetAction(parsed =>
        {
            if (!parsed.GetValue(check))
            {
                return Refuse("give --check, or a command: run, status or detach (see --help)");
            }

            var needed = (parsed.GetValue(ports) ?? []).Select(p => new NeededPort(p)).ToList();
            if (parsed.GetValue(checkState) is { } file)
            {
                try
                {
                    needed.AddRange(PortsOf(SoftGateJson.Read(File.ReadAllBytes(file))));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
                {
                    return Refuse($"--state {file}: {e.Message}");
                }
            }

            var missing = KernelCheck.Run(new DataPathOptions { PinDirectory = parsed.GetValue(pins) }, needed);
            foreach (var line in missing)
            {
                Console.Out.WriteLine(line);
            }

            return missing.Count == 0 ? 0 : Failed;
        });

        var result = root.Parse(arguments);
        if (result.Errors.Count > 0)
        {
            return Refuse([.. result.Errors.Select(e => e.Message)]);
        }

        // The process sees to signals itself.
        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    /// <summary>Ports of a state, with the MTU that the underlay needs.</summary>
    internal static IEnumerable<NeededPort> PortsOf(SoftGateState state) =>
        state.Node.UnderlayPorts.Select(p => new NeededPort(p, state.Node.UnderlayMtu))
            .Concat(state.Node.Upstreams.Select(u => new NeededPort(u.Port)))
            .DistinctBy(p => p.Name);

    private static Command Run(Option<string> pins, Option<string> socket)
    {
        var state = new Option<string?>("--state") { Description = "file with the state; read again when it changes and on SIGHUP" };
        var controller = new Option<string?>("--controller") { Description = "https address of a controller that has the state" };
        var identity = new Option<string>("--identity") { Description = "directory of the node's key and certificate", DefaultValueFactory = _ => "/var/lib/softgated/identity" };
        var token = new Option<string?>("--token-file") { Description = "file with the one-time token for the enrolment" };
        var trust = new Option<string?>("--controller-ca") { Description = "certificates (PEM) to trust the controller by" };
        var stateDirectory = new Option<string>("--state-dir") { Description = "directory for the last state", DefaultValueFactory = _ => "/var/lib/softgated" };
        var statics = new Option<string?>("--static-routes") { Description = "file with hosts, flood lists and public routes that no protocol tells" };
        var metrics = new Option<string?>("--metrics") { Description = "address and port for Prometheus" };
        var format = new Option<string>("--log-format") { Description = "text or json", DefaultValueFactory = _ => "text" };
        var sessions = new Option<uint?>("--sessions") { Description = "most IPv4 sessions; by memory unless given" };
        var vpcs = new Option<uint?>("--vpcs") { Description = "most VPCs; 16384 unless given" };
        var maps = new Option<string[]>("--map") { Description = "NAME=ENTRIES: size of a map" };
        var command = new Command("run", "Does the work until SIGTERM; the data path goes on after that.")
        {
            state, controller, identity, token, trust, stateDirectory, statics, metrics, format, sessions, vpcs, maps,
        };
        command.SetAction(async (parsed, _) =>
        {
            var faults = new List<string>();
            var url = parsed.GetValue(controller);
            Uri? address = null;
            if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out address) && address.Scheme == Uri.UriSchemeHttps))
            {
                faults.Add($"--controller {url}: give an https address");
            }

            if ((parsed.GetValue(state) is null) == (url is null))
            {
                faults.Add("give --state or --controller, one of them");
            }

            IPEndPoint? listen = null;
            if (parsed.GetValue(metrics) is { } at && !IPEndPoint.TryParse(at, out listen))
            {
                faults.Add($"--metrics {at}: give an IP address and a port, such as 127.0.0.1:9100 or [::1]:9100");
            }

            if (parsed.GetValue(format) is not ("text" or "json"))
            {
                faults.Add($"--log-format {parsed.GetValue(format)}: give text or json");
            }

            var sizes = new Dictionary<string, uint>(StringComparer.Ordinal);
            foreach (var map in parsed.GetValue(maps) ?? [])
            {
                var parts = map.Split('=');
                if (parts.Length != 2 || !uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var entries) || entries == 0)
                {
                    faults.Add($"--map {map}: give the name of a map and a number of entries, such as hosts=65536");
                }
                else
                {
                    sizes[parts[0]] = entries;
                }
            }

            if (parsed.GetValue(sessions) is 0 or > 1 << 26 || parsed.GetValue(vpcs) is 0 or > 1 << 24)
            {
                faults.Add("--sessions is 1 to 67108864, --vpcs is 1 to 16777216");
            }

            if (faults.Count > 0)
            {
                return Refuse([.. faults]);
            }

            return await Softgated.RunAsync(
                new SoftgatedOptions
                {
                    StateFile = parsed.GetValue(state),
                    Controller = address is null ? null : new(address, parsed.GetValue(identity)!, parsed.GetValue(token), parsed.GetValue(trust)),
                    StateDirectory = parsed.GetValue(stateDirectory)!,
                    StaticRoutes = parsed.GetValue(statics),
                    Pins = parsed.GetValue(pins)!,
                    Socket = parsed.GetValue(socket)!,
                    Metrics = listen,
                    LogFormat = parsed.GetValue(format) == "json" ? LogFormat.Json : LogFormat.Text,
                    Sizes = MapSizes.Choose(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, parsed.GetValue(sessions), parsed.GetValue(vpcs), sizes),
                },
                TimeProvider.System);
        });
        return command;
    }

    private static Command Status(Option<string> socket)
    {
        var command = new Command("status", "Says how the running agent is, as JSON.");
        command.SetAction(async (parsed, stop) =>
        {
            var path = parsed.GetValue(socket)!;
            try
            {
                using var client = new HttpClient(new SocketsHttpHandler
                {
                    ConnectCallback = async (_, stop) =>
                    {
                        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                        await connection.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
                        return new NetworkStream(connection, ownsSocket: true);
                    },
                });
                Console.Out.WriteLine(await client.GetStringAsync(new Uri("http://softgated/status"), stop));
                return 0;
            }
            catch (Exception e) when (e is HttpRequestException or SocketException or TaskCanceledException)
            {
                Console.Error.WriteLine($"softgated: nobody answers at {path}: {e.Message}");
                return Failed;
            }
        });
        return command;
    }

    private static Command Detach(Option<string> pins)
    {
        var command = new Command("detach", "Takes the data path off all ports and forgets all sessions. Stop the agent first.");
        command.SetAction(parsed =>
        {
            var directory = parsed.GetValue(pins)!;
            try
            {
                if (Directory.Exists(directory))
                {
                    Directory.Delete(directory, recursive: true);
                }

                return 0;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"softgated: cannot remove {directory}: {e.Message}");
                return Failed;
            }
        });
        return command;
    }

    private static int Refuse(params string[] faults)
    {
        foreach (var fault in faults)
        {
            Console.Error.WriteLine($"softgated: {fault}");
        }

        return BadUsage;
    }
}
