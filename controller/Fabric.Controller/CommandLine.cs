using System.CommandLine;
using Fabric.Controller.RouteReflector;
using Fabric.Hosting;
using Fabric.Reconciler;

namespace Fabric.Controller;

/// <summary>The command line of <c>fabricd</c>.</summary>
public static class CommandLine
{
    /// <summary>Exit code for options that make no sense.</summary>
    public const int BadUsage = 2;

    /// <summary>Parses the arguments and runs; errors in one line each on standard error.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="run">What to do with valid options.</param>
    /// <param name="reflect">What to do with a valid configuration of a route reflector.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> InvokeAsync(
        string[] arguments, Func<FabricdOptions, Task<int>> run, Func<RouteReflectorSource, RouteReflectorConfig, Task<int>> reflect)
    {
        var dataDirectory = new Option<string>("--data-dir") { Description = "directory of the store, the certificates and the first token", Required = true };
        var listen = new Option<string>("--listen") { Description = "address and port of the API; port 0: any free one", DefaultValueFactory = _ => "127.0.0.1:8443" };
        var agentListen = new Option<string?>("--agent-listen") { Description = "address and port at which SoftGates' agents reach the controller; absent: nowhere" };
        var certificate = new Option<string?>("--tls-cert") { Description = "certificate chain of the API (PEM) in place of a generated one" };
        var key = new Option<string?>("--tls-key") { Description = "private key of that certificate (PEM)" };
        var sshKey = new Option<string?>("--ssh-key") { Description = "private key for logging in to devices" };
        var format = new Option<string>("--log-format") { Description = "text or json", DefaultValueFactory = _ => "text" };
        var usual = new ReconcilerOptions();
        var resync = Seconds("--resync-interval", "how often a device is read though nothing has changed, to find drift", usual.ResyncInterval);
        var firstBackoff = Seconds("--first-backoff", "wait after the first failure on a device; doubles with each further one", usual.FirstBackoff);
        var longestBackoff = Seconds("--longest-backoff", "longest wait between two tries on a device", usual.LongestBackoff);
        var rollback = Seconds("--rollback-after", "how long a device waits for the confirmation of a change before it goes back by itself", usual.RollbackAfter);
        var confirm = Seconds("--confirm-within", "how long management access and BGP may take to be seen up after a change", usual.ConfirmWithin);
        var parallelism = new Option<int>("--parallelism") { Description = "how many devices are worked on at the same time", DefaultValueFactory = _ => usual.Parallelism };
        var root = new RootCommand("The Fabric controller: intent API, store, reconciler and BGP speaker.")
        {
            dataDirectory, listen, agentListen, certificate, key, sshKey, format, resync, firstBackoff, longestBackoff, rollback, confirm, parallelism,
            RouteReflectorCommand.Create(reflect, faults => Refuse([.. faults])),
        };
        root.SetAction(async (parsed, _) =>
        {
            var listenText = parsed.GetValue(listen)!;
            if (ListenAddress.Parse(listenText) is not { } endPoint)
            {
                return Refuse($"--listen {listenText}: give an IP address and a port, such as 127.0.0.1:8443 or [::1]:8443");
            }

            var agentText = parsed.GetValue(agentListen);
            var agentEndPoint = agentText is null ? null : ListenAddress.Parse(agentText);
            if (agentText is not null && agentEndPoint is null)
            {
                return Refuse($"--agent-listen {agentText}: give an IP address and a port, such as 192.0.2.1:8444 or [2001:db8::1]:8444");
            }

            var formatText = parsed.GetValue(format);
            if (formatText is not ("text" or "json"))
            {
                return Refuse($"--log-format {formatText}: give text or json");
            }

            var options = new FabricdOptions
            {
                DataDirectory = parsed.GetValue(dataDirectory)!,
                Listen = endPoint,
                AgentListen = agentEndPoint,
                TlsCertificate = parsed.GetValue(certificate),
                TlsKey = parsed.GetValue(key),
                SshKey = parsed.GetValue(sshKey),
                LogFormat = formatText == "json" ? LogFormat.Json : LogFormat.Text,
                Reconciler = usual with
                {
                    ResyncInterval = Time(parsed, resync),
                    FirstBackoff = Time(parsed, firstBackoff),
                    LongestBackoff = Time(parsed, longestBackoff),
                    RollbackAfter = Time(parsed, rollback),
                    ConfirmWithin = Time(parsed, confirm),
                    Parallelism = parsed.GetValue(parallelism),
                },
            };
            var faults = options.Faults().ToList();
            return faults.Count > 0 ? Refuse([.. faults]) : await run(options);
        });

        var result = root.Parse(arguments);
        if (result.Errors.Count > 0)
        {
            return Refuse([.. result.Errors.Select(e => e.Message)]);
        }

        // The host handles signals itself.
        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private static Option<double> Seconds(string name, string help, TimeSpan usual) =>
        new(name) { Description = $"seconds: {help}", DefaultValueFactory = _ => usual.TotalSeconds };

    // What is no time at all becomes one that the check of the options refuses.
    private static TimeSpan Time(ParseResult parsed, Option<double> option) =>
        parsed.GetValue(option) is >= 0 and < 1e9 and var seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;

    private static int Refuse(params string[] faults)
    {
        foreach (var fault in faults)
        {
            Console.Error.WriteLine($"fabricd: {fault}");
        }

        return BadUsage;
    }
}
